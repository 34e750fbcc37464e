"""Fronts in a figure."""

import pandas as pd

from epsilon_research.plotting.searches import pareto_fronts
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.reporting.typed_json import read_record
from tests.plotting.searches import ENTRIES

POINTS = pd.DataFrame(
    {
        "cost": [1.0, 2.0, 3.0, 3.0, 9.0],
        "reported": [0.5, 0.8, 0.9, 0.6, 0.7],
        "on_front": [True, True, True, False, False],
    }
)
FOUND = pd.DataFrame(
    [
        ("one", repeat, budget, cost, reported)
        for budget in (10, 20)
        for repeat, front in enumerate(
            [[(1.0, 0.5), (3.0, 0.9)], [(2.0, 0.8)], [(2.0, 0.7), (3.0, 0.6)]]
        )
        for cost, reported in front
    ],
    columns=["variant", "repeat", "budget", "cost", "reported"],
)


def test_there_is_a_panel_for_each_budget_with_the_true_front() -> None:
    figure = pareto_fronts(
        POINTS,
        FOUND,
        variants={"one": read_record(SearchVariant, next(iter(ENTRIES.values())))},
        cost_label="latency (ms)",
        label="accuracy",
        worst=0.55,
    )
    first, second = figure.axes
    assert first.get_title(loc="left") == "(a) 10 trained models"
    assert second.get_xlabel() == "latency (ms)"
    assert first.get_ylabel() == "accuracy (%)"
    cloud, front, _ = first.get_lines()
    # What is worse than the least shown, or far beyond the front's cost, is left out.
    assert cloud.get_xdata().tolist() == [2.0, 3.0, 3.0]
    assert front.get_xdata().tolist() == [1.0, 2.0, 3.0]
    assert front.get_ydata().tolist() == [50.0, 80.0, 90.0]
