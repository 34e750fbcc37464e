"""Tables that are converted once: found again, made again, and never in the way of a run."""

from pathlib import Path

import pandas as pd
import pytest

from epsilon_research.benchmarks.converted_table import cache_path, keep, read_kept

ROWS = pd.DataFrame({"architecture_id": ["a", "b"], "test_accuracy": [0.5, 0.75]})


def test_a_kept_table_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "table.parquet"
    assert read_kept(path) is None
    assert keep(ROWS, path)
    pd.testing.assert_frame_equal(read_kept(path), ROWS)
    assert [found.name for found in path.parent.iterdir()] == ["table.parquet"]


def test_a_damaged_table_is_told_and_made_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    assert read_kept(path) is None
    assert f"{path} cannot be read" in caplog.text
    assert keep(ROWS, path)
    assert len(read_kept(path)) == 2


def test_a_folder_that_cannot_be_written_is_told_and_costs_the_table_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "table.parquet"
    assert not keep(ROWS, path)
    assert f"{path} cannot be written" in caplog.text


def test_every_fact_is_in_the_name() -> None:
    names = {
        cache_path(name, {"epochs": epochs}).name
        for name in ("nb101", "nb201")
        for epochs in (12, 108)
    }
    assert len(names) == 4
    assert cache_path("nb101", {"epochs": 12}) == cache_path("nb101", {"epochs": 12})
