"""What searches found, of a run and of a study, and fronts against a cost."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from epsilon_research.plotting import RunFigures
from epsilon_research.plotting.searches import (
    SearchPanel,
    pareto_fronts,
    search_curves,
    study_searches,
)
from epsilon_research.plotting.style import DARK, figure_style
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from tests.plotting.drawn import words
from tests.plotting.searches import BUDGET, ENTRIES, entry
from tests.plotting.studies import searches

CURVES = ("median_curve", "low_curve", "high_curve")
ALONE, WARMED = "random_search", "random_search+warmup_epsilon"

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


def _variants(entries=ENTRIES):
    return [read_record(SearchVariant, found) for found in entries.values()]


def _figure(entries=ENTRIES):
    figure = search_curves([SearchPanel(variants=_variants(entries), label="test accuracy")])
    assert figure is not None
    return figure


def _save(entries, folder):
    figures = RunFigures(folder=folder, title="Words")
    return figures.save_searches(_variants(entries), label="accuracy")


def test_every_variant_has_its_line_and_its_band_in_percent():
    (axes,) = _figure().axes
    for line, found in zip(axes.get_lines(), ENTRIES.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, BUDGET + 1))
        np.testing.assert_allclose(line.get_ydata(), 100 * np.array(found["median_curve"]))
    bands = [part for part in axes.collections if isinstance(part, PolyCollection)]
    for band, found in zip(bands, ENTRIES.values(), strict=True):
        heights = np.asarray(band.get_paths()[0].vertices)[:, 1]
        assert heights.min() == pytest.approx(100 * min(found["low_curve"]))
        assert heights.max() == pytest.approx(100 * max(found["high_curve"]))


def test_lines_tell_algorithms_apart_and_colours_what_they_start_from():
    lines = _figure().axes[0].get_lines()
    styles = [(to_hex(line.get_color()).upper(), line.get_linestyle()) for line in lines]
    alone, warm, moved, random_alone, random_warm = styles
    assert alone[0] == random_alone[0] == DARK.upper()
    assert warm[0] == random_warm[0]
    assert len({alone[0], warm[0], moved[0]}) == 3
    assert alone[1] == warm[1] == moved[1] != random_alone[1] == random_warm[1]


def test_the_legend_names_the_variants():
    said = words(_figure())
    for label in (
        "ageing evolution",
        "ageing evolution, epsilon warm-up",
        "ageing evolution, epsilon warm-up and move",
        "random search, epsilon warm-up",
    ):
        assert label in said
    mixed = entry(warmup_metric="synflow", move="children", move_metric="epsilon")
    alone = entry(move="score", move_metric="epsilon")
    assert [one.label for one in _variants({"mixed": mixed, "alone": alone})] == [
        "ageing evolution, synflow warm-up, epsilon children",
        "ageing evolution, epsilon move",
    ]


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, "test accuracy of the\nbest by validation so far (%)"),
        ({"protocol": "published"}, "best test accuracy so far (%)"),
        ({"selected_on": "test"}, "best test accuracy so far (%)"),
        ({"selected_on": "objective", "reported": "objective"}, "best test accuracy so far"),
        ({"higher_is_better": False}, "test accuracy of the\nbest by validation so far"),
    ],
)
def test_the_axis_says_what_is_shown(changes, label):
    assert _figure({"ageing_evolution": entry(**changes)}).axes[0].get_ylabel() == label


def test_the_legend_says_how_many_repeats_the_spread_is_of():
    assert "median and interquartile range of 7 repeats" in words(_figure())
    others = {"a": entry(repeats=100), "b": entry(algorithm="random_search", repeats=5)}
    assert "median and interquartile range of 5–100 repeats" in words(_figure(others))


def test_the_limits_hold_all_medians_but_those_of_the_first_models():
    far = entry()
    far["median_curve"] = [0.1, *far["median_curve"][1:]]
    far["low_curve"] = [0.0, *far["low_curve"][1:]]
    budget = 10 * BUDGET  # so that the first models may be out of sight
    for name in CURVES:
        far[name] = far[name] + [far[name][-1]] * (budget - BUDGET)
    low, high = _figure({"a": far}).axes[0].get_ylim()
    assert low > 80
    assert low <= 100 * min(far["median_curve"][10:])
    assert high >= 100 * max(far["high_curve"])


@pytest.mark.parametrize("budget", [1, 2, 25, 300, 1234])
def test_the_budget_is_the_last_tick_and_no_tick_touches_it(budget):
    flat = {name: [0.9] * budget for name in CURVES}
    axes = _figure({"a": entry() | flat}).axes[0]
    ticks = axes.get_xticks()
    assert ticks[-1] == budget
    assert all(1.3 * tick <= budget for tick in ticks[:-1])


def test_an_undefined_start_is_a_gap_and_nothing_at_all_is_no_figure(tmp_path):
    gap = entry()
    for name in CURVES:
        gap[name] = [None, None, *gap[name][2:]]
    entries = {"a": gap}
    assert np.isnan(_figure(entries).axes[0].get_lines()[0].get_ydata()[:2]).all()
    assert _save(entries, tmp_path)
    for name in CURVES:
        gap[name] = [None] * BUDGET
    assert _save(entries, tmp_path) == []


def draw(record):
    with figure_style():
        figure = study_searches(read_record(Study, record))
        figure.draw_without_rendering()
    return figure


def test_searches_have_a_panel_for_each_setting_on_one_scale():
    figure = draw(searches())
    published, sound = figure.axes
    assert [published.get_title(loc="left"), sound.get_title(loc="left")] == [
        "(a) protocol published",
        "(b) protocol sound",
    ]
    assert published.get_ylim() == sound.get_ylim()
    curve, warmed = sound.get_lines()
    np.testing.assert_allclose(curve.get_ydata(), published.get_lines()[0].get_ydata())
    assert warmed.get_ydata()[-1] == pytest.approx(100 * ENTRIES[WARMED]["median_curve"][-1])
    low, high = sound.get_ylim()
    assert low < curve.get_ydata()[-1] < warmed.get_ydata()[-1] < high
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "random search",
        "random search, epsilon warm-up",
    ]
    assert legend.get_title().get_text() == "median and interquartile range of 7 repeats"


def test_searches_of_several_draws_show_the_first_and_say_so():
    record = searches()
    record["jobs"] = [
        job | {"settings": {"search.protocol": "sound", "seed": str(number)}}
        for number, job in enumerate(record["jobs"])
    ]
    record["settings"] = ["search.protocol", "seed"]
    (axes,) = draw(record).axes
    assert axes.get_title(loc="left") == "protocol sound, first of 2 draws"
    assert len(axes.get_lines()) == 1


def test_a_variant_looks_the_same_in_every_panel_and_in_the_legend():
    record = searches()
    sizes = entry(
        algorithm="random_search", move=None, warmup_metric="num_parameters", protocol="sound"
    )
    evolution = entry(protocol="sound")
    record["jobs"][0]["search"] = {"ageing_evolution": evolution, "random_search": ENTRIES[ALONE]}
    record["jobs"][1]["search"] = {
        "random_search": ENTRIES[ALONE],
        "random_search+warmup_num_parameters": sizes,
        WARMED: ENTRIES[WARMED],
    }
    figure = draw(record)
    looks: dict[str, set] = {}
    (legend,) = figure.legends
    for line in [*figure.axes[0].get_lines(), *figure.axes[1].get_lines(), *legend.get_lines()]:
        pattern = str(line._unscaled_dash_pattern)
        looks.setdefault(line.get_label(), set()).add((line.get_color(), pattern))
    assert len(looks) == 4
    assert all(len(found) == 1 for found in looks.values())
    assert len(set().union(*looks.values())) == 4


def test_a_case_whose_first_draw_has_no_search_shows_the_next():
    record = searches()
    del record["jobs"][0]["search"]
    for number, found in enumerate(record["jobs"]):
        found["settings"] = {"seed": str(number)}
    record["settings"] = ["seed"]
    (axes,) = draw(record).axes
    assert axes.get_title(loc="left") == "first of 2 draws"
    assert len(axes.get_lines()) == 2


def test_searches_of_losses_keep_their_own_scales():
    record = searches()
    loss = entry(
        higher_is_better=False, median_curve=[6.0, 5.0], low_curve=[5.5, 4.5], high_curve=[7.0, 6.0]
    )
    record["jobs"][1]["search"] = {"ageing_evolution": loss}
    accuracies, losses = draw(record).axes
    assert losses.get_ylim()[1] < 10 < accuracies.get_ylim()[0]
    assert "%" in accuracies.get_ylabel()
    assert "%" not in losses.get_ylabel()


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
