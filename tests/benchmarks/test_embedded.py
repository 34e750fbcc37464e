"""Tables that come with the package: checksums, provenance, equal to their sources."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import embedded
from epsilon_research.benchmarks.embed import CONVERSIONS, as_steps, encode
from epsilon_research.benchmarks.embedded import embedded_names, read_embedded, read_provenance

SOURCES = {
    "nb201_cifar10_half_test": "nb201_cifar10_validation.parquet",
    "nb201_hardware": "hwnasbench_nb201.parquet",
    "nb301_cifar10_surrogate_validation": "nb301_725.parquet",
    "nbmacro_cifar10_test": "nbmacro_cifar10.parquet",
    "tnb101_macro_validation": "tnb101_macro_tasks.parquet",
    "tnb101_micro_validation": "tnb101_micro_tasks.parquet",
}
"""{table: the file in a folder of shared data that it is made of}."""


def test_every_table_has_a_conversion_and_two_files() -> None:
    assert set(embedded_names()) == set(CONVERSIONS)
    assert set(SOURCES) <= set(CONVERSIONS)
    assert {path.suffix for path in embedded.FOLDER.iterdir()} == {".json", ".parquet"}


def test_all_tables_are_small() -> None:
    assert sum(path.stat().st_size for path in embedded.FOLDER.iterdir()) < 2_000_000


@pytest.mark.parametrize("name", embedded_names())
def test_a_table_passes_its_checksum_and_says_where_it_is_from(name: str) -> None:
    frame, provenance = read_embedded(name), read_provenance(name)
    assert len(frame) > 100
    assert frame["architecture_id"].is_unique
    assert provenance.title
    assert provenance.source
    assert provenance.licence in ("MIT", "Apache-2.0")


@pytest.mark.parametrize("name", SOURCES)
def test_a_table_is_what_its_conversion_makes_of_the_source(
    name: str, shared: Path, tmp_path: Path
) -> None:
    source = pd.read_parquet(shared / "data" / SOURCES[name])
    path = tmp_path / "again.parquet"
    steps = read_provenance(name).steps
    encode(CONVERSIONS[name](source), steps=steps, path=path)
    again, kept = pd.read_parquet(path), pd.read_parquet(embedded.FOLDER / f"{name}.parquet")
    pd.testing.assert_frame_equal(again, kept)
    # The steps hold what the source says, but for its rounding to float32.
    converted = CONVERSIONS[name](source).sort_values("architecture_id")
    for column in read_embedded(name).columns.drop("architecture_id"):
        np.testing.assert_allclose(
            read_embedded(name)[column], converted[column], rtol=2e-7, atol=0
        )


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = embedded_names()[0]
    for suffix in ("json", "parquet"):
        content = (embedded.FOLDER / f"{name}.{suffix}").read_bytes()
        (tmp_path / f"{name}.{suffix}").write_bytes(content)
    facts = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    (tmp_path / f"{name}.json").write_text(json.dumps(facts | {"sha256": "0"}), encoding="utf-8")
    monkeypatch.setattr(embedded, "FOLDER", tmp_path)
    with refused(ValueError, match=r"must be the file of this version .*: install the package"):
        read_embedded(name)


def test_values_between_steps_are_refused() -> None:
    assert as_steps(np.array([0.1, 0.9039]), 10_000, name="a").tolist() == [1000, 9039]
    with refused(ValueError, match="must be multiples of 1/10000"):
        as_steps(np.array([0.90391]), 10_000, name="a")
