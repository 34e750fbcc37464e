"""Numbers and tables as CSV in the run folder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epsilon_research.tracking.csv import CsvTracker


def _opened(tracker: CsvTracker, folder: Path) -> CsvTracker:
    tracker.open(folder, {})
    return tracker


def test_numbers_and_tables_are_read_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"architecture_id": ["ä|0", "b,1"], "epsilon": [0.1 + 0.2, np.nan]})
    with _opened(CsvTracker(), tmp_path) as tracker:
        numbers = {"epsilon/connected/spearman_rho": 0.5, "n": 4}
        tracker.log(numbers, {"scores": table}, [tmp_path / "a.png"])
    found = pd.read_csv(tmp_path / "csv" / "scalars.csv")
    assert dict(found.to_numpy()) == numbers
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["scalars.csv", "scores.csv"]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "csv" / "scores.csv"), table)


def test_a_tracker_that_is_not_open_takes_nothing(tmp_path: Path) -> None:
    with _opened(CsvTracker(), tmp_path) as tracker:
        pass
    with pytest.raises(RuntimeError, match="must be open"):
        tracker.log({"n": 2}, {}, [])
