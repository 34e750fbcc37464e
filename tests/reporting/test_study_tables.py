"""The tables of a study say what its record holds, in 80 columns."""

from typing import Any

import pytest
from hypothesis import given, settings
from rich.console import Console

from epsilon_research.reporting import Table, show
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.study_tables import job_tables, study_parts
from epsilon_research.reporting.typed_json import read_record
from epsilon_research.tracking.record import to_plain
from tests.plotting.searches import SELECTION
from tests.plotting.studies import (
    batch_sizes,
    entry,
    job,
    metrics,
    published,
    searches,
    statistics,
    studies,
    study,
    weight_pairs,
)


def parts(record: dict[str, Any]) -> list[Table | str]:
    return study_parts(read_record(Study, record))


def table(record: dict[str, Any], title: str) -> Table:
    (found,) = (
        part for part in parts(record) if isinstance(part, Table) and part.title.startswith(title)
    )
    return found


def test_ours_stands_beside_published_with_difference_and_mark() -> None:
    found = table(weight_pairs(), "Beside the published numbers: Table 1")
    assert list(found.head) == ["weights", "n", "ρ"]
    assert [row[0] for row in found.rows] == ["[1e-7,1]", "[1e-7,0.01]", "[0.01,1]"]
    assert found.rows[0][1:] == ("2,957\n2,957 ✓\n0", "0.871\n0.87 ✓\n+0.001")
    assert found.rows[1][2] == "0.250\n0.31 ✗\n−0.060"
    assert "Published, but not run here: [0.1, 10]." in found.note
    assert "Published: appendix A." in found.note


def test_tables_of_stages_are_one_table_over_the_jobs_of_a_sweep() -> None:
    def shown(*units: str) -> dict[str, Any]:
        return {"title": "Spread", "head": ["unit"], "rows": [[unit] for unit in units]}

    tables = [[shown("ells", "feet")], [shown("ells")]]
    jobs = [job(n, {"seed": n}, {}, tables=found) for n, found in enumerate(tables)]
    (spread,) = job_tables(read_record(Study, study(jobs, ["seed"])))
    assert (spread.title, spread.head) == ("Spread", ("seed", "unit"))
    assert spread.rows == [("0", "ells"), ("", "feet"), ("1", "ells")]
    (alone,) = job_tables(read_record(Study, study([job(0, {}, {}, tables=tables[0])], [])))
    assert alone.rows == [("ells",), ("feet",)]


def test_draws_are_one_row_with_mean_standard_deviation_and_a_count_of_marks() -> None:
    record = batch_sizes()
    found = table(record, "Beside")
    assert [row[0] for row in found.rows] == ["8", "64", "1024"]
    # 0.502 to 0.532 beside 0.52, within 0.02 of it.
    assert found.rows[0][1] == "0.517 ± 0.013\n0.52 ✓\n−0.003"
    assert found.rows[2][1].splitlines()[1] == "0.52 ✗"
    assert table(record, "Under each protocol").rows[1][:3] == ("", "connected", "4,900–4,903")


def test_some_of_several_draws_agree() -> None:
    record = batch_sizes()
    for place, row in enumerate(record["published"][0]["published_rows"]):
        row["margin"] = 0.02 if place % 2 else 0.0
    assert table(record, "Beside").rows[0][1].splitlines()[1] == "0.52 2/4"


def test_other_published_numbers_have_columns_of_their_own() -> None:
    rows = [entry(0, "test_accuracy_mean", 0.93861, 0.9386, label="best of 1,000")]
    found = table(study([job(0, {}, {})], [], published=[published(rows)]), "Beside")
    assert list(found.head) == ["row", "test accuracy mean"]
    assert found.rows == [("best of 1,000", "0.9386\n0.9386 ✓\n0.0000")]


def test_protocols_have_coverage_and_interval_and_repeat_no_label() -> None:
    found = table(weight_pairs(), "Under each protocol")
    assert list(found.head) == ["weights", "protocol", "n", "cov. %", "ρ", "top10\nρ"]
    assert found.rows[0] == (
        "[1e-7,1]", "paper", "2,957", "59.0", "0.871\n[.851, .881]", "0.771\n[.751, .781]",
    )  # fmt: skip
    assert found.rows[1][:3] == ("", "connected", "4,907")
    several = table(metrics(), "Under each protocol")
    assert [row[0] for row in several.rows] == [
        "epsilon", "", "synflow", "", "num_parameters", "",
    ]  # fmt: skip


def test_one_number_in_two_spellings_is_one_case() -> None:
    jobs = [
        job(0, {"weights": [1e-7, 1]}, {"epsilon": {"paper": statistics(0.8)}}),
        job(1, {"weights": [1e-7, 1.0]}, {"epsilon": {"paper": statistics(0.9)}}),
    ]  # fmt: skip
    (case,) = read_record(Study, study(jobs, ["weights"])).cases
    assert (len(case.jobs), case.label()) == (2, "[1e-7,1]")


def test_what_else_jobs_measured_has_tables() -> None:
    stability = {"mean_rho": 0.9, "min_rho": 0.8, "mean_top10_overlap": 0.7, "n": 90}
    more = {
        "stability": {"epsilon": {"minibatch": {"repeats": 4, "coverage": 0.9, **stability}}},
        "weight_rule": {"rule": "widest", "weights": [1e-7, 1.0],
                        "picks": {"paper": None, "connected": [1e-7, 1.0]}},
        "selection": SELECTION,
    }  # fmt: skip
    record = study([job(0, {}, {}, **more)], [])
    assert table(record, "The same architectures").rows == [
        ("epsilon", "minibatch", "4", "90", "90.0", "0.900", "0.800", "70.0")
    ]
    assert table(record, "Weights").rows == [
        ("widest", "[1e-7,1]", "paper: no pair\nconnected: [1e-7,1]")
    ]
    chosen = table(record, "One architecture").rows
    assert chosen[0] == ("1,000", "epsilon", "93.86 ± 1.00", "–", "20.0")
    assert [row[1:3] for row in chosen[-2:]] == [
        ("chance", "87.00 ± 1.00"), ("the best there", "94.20 ± 1.00"),
    ]  # fmt: skip


def test_searches_show_early_and_late_medians_and_models_to_the_target() -> None:
    found = table(searches(), "Search")
    assert found.rows[0] == (
        "published", "random search", "92.30", "92.45\n92.25–92.55", "40",
        "12 (75.0 %)\nto 93.00", "25.0",
    )  # fmt: skip


def test_missing_and_incomplete_jobs_are_named() -> None:
    record = study([job(0, {}, {}, incomplete="two were lost")], [], missing_jobs=["3", "4"])
    assert parts(record)[-2:] == ["job 0: two were lost", "2 jobs have left no summary: 3, 4"]


@settings(max_examples=25)
@given(studies())
def test_every_study_fits_into_80_columns_without_nan(record: dict[str, Any]) -> None:
    found = parts(record)
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        show(*found, console=console)
    assert "nan" not in capture.get().replace("Under", "").lower()
    written = to_plain(read_record(Study, record).to_json())
    assert to_plain(read_record(Study, written).to_json()) == written


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x"}', "{"])
def test_what_is_no_record_is_refused(tmp_path: Any, text: str) -> None:
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(ValueError, match=r"study.json must be the record of a study"):
        Study.read(tmp_path / "study.json")
