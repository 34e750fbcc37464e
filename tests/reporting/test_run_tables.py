"""The tables of a run."""

from typing import Any

import pandas as pd
import pytest

from epsilon_research.reporting.run import Run
from epsilon_research.reporting.run_tables import comparison_tables, further_tables, run_parts
from tests.plotting.comparisons import compared_frame, compared_summary
from tests.plotting.searches import ENTRIES, SELECTION
from tests.plotting.studies import statistics

SUMMARY: dict[str, Any] = {
    "run": {"search_space": "nb201", "weights": [1e-7, 1.0], "seed": 21},
    "counts": {
        "architectures": 15625, "connected": 15284, "distinct": 9445, "computed": 9445,
        "from_store": 0, "failed": 341,
    },
    "timing": {
        "scoring_seconds": 32.0, "architectures_per_second": 484.2, "processes": 2,
        "total_seconds": 35.0,
    },
    "metrics": {"epsilon": {"paper": statistics(0.894, n=9226), "worst": {"n": 3}}},
    "diagnosis": {"epsilon": ["Mind the gap."]},
}  # fmt: skip


def test_a_run_shows_settings_counts_time_statistics_and_remarks() -> None:
    header, table, remark = run_parts(Run.from_json(SUMMARY))
    assert header.rows == [
        ("run", "search_space=nb201, weights=[1e-7,1], seed=21"),
        (
            "architectures",
            "15,625 (15,284 connected, 9,445 distinct, 9,445 computed, 0 from store, 341 failed)",
        ),
        ("time", "scoring 32 s, 484/s, 2 processes, altogether 35 s"),
    ]
    assert table.rows[0][:4] == ("paper", "9,226", "59.0", "0.894\n[.874, .904]")
    assert table.rows[1][:4] == ("worst", "3", "–", "–")
    assert remark == "→ Mind the gap."


def test_without_accuracies_the_run_says_so() -> None:
    parts = run_parts(Run.from_json(SUMMARY | {"metrics": {"epsilon": {}}, "diagnosis": {}}))
    assert parts[-1] == "epsilon: no accuracies to compare with, so no statistics"


@pytest.mark.parametrize("count", [2, 3])
def test_two_architectures_have_no_rows_of_dashes(count: int) -> None:
    found = {"epsilon": {"paper": statistics(0.5, n=count)}}
    part = run_parts(Run.from_json(SUMMARY | {"metrics": found, "diagnosis": {}}))[-1]
    assert isinstance(part, str) is (count == 2)
    if count == 2:
        assert part == (
            "epsilon: fewer than 3 architectures with a score and an accuracy, so no statistics"
        )


def test_metrics_are_compared_with_the_first_on_common_rows(frame: pd.DataFrame) -> None:
    summary = compared_summary(compared_frame(frame))
    tables = comparison_tables(Run.from_json(summary))
    common = next(table for table in tables if table.title.startswith("common:"))
    rhos = [float(row[3].splitlines()[0].replace("−", "-")) for row in common.rows]
    assert rhos == sorted(rhos, reverse=True)
    differences = next(table for table in tables if table.title.startswith("differences"))
    by_metric = {row[0]: row for row in differences.rows}
    assert by_metric["epsilon"][1:4] == ("", "", "")
    part = next(
        part
        for part in summary["comparison"]["common"]["differences"]
        if {part["first"], part["second"]} == {"epsilon", "naswot"}
    )
    sign = 1 if part["first"] == "naswot" else -1
    shown = float(by_metric["naswot"][1].splitlines()[0].replace("−", "-"))
    assert shown == pytest.approx(sign * part["difference"], abs=0.0006)
    assert comparison_tables(Run.from_json(SUMMARY)) == []


def test_a_search_has_a_row_for_each_variant_and_the_choice_of_one_architecture() -> None:
    searched, chosen = further_tables(Run.from_json({"search": ENTRIES, "selection": SELECTION}))
    assert [row[0] for row in searched.rows] == [
        "ageing evolution",
        "ageing evolution, epsilon warm-up",
        "ageing evolution, epsilon warm-up and move",
        "random search",
        "random search, epsilon warm-up",
    ]
    assert searched.rows[0][1:] == (
        "92.80", "92.95\n92.75–93.05", "40", "12 (75.0 %)\nto 93.00", "25.0"
    )  # fmt: skip
    assert chosen.rows[0] == ("1,000", "epsilon", "93.86 ± 1.00", "–", "20.0")
    assert [row[1] for row in chosen.rows][-2:] == ["chance", "the best there"]
