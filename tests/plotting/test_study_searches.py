"""The figure of a study's searches."""

import numpy as np
import pytest

from epsilon_research.plotting.searches import study_searches
from epsilon_research.plotting.style import figure_style
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from tests.plotting.searches import ENTRIES, entry
from tests.plotting.studies import searches

ALONE, WARMED = "random_search", "random_search+warmup_epsilon"


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
