import json

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text
from PIL import Image

from epsilon_research.plotting import RunFigures
from epsilon_research.plotting.searches import SearchPanel, search_curves
from epsilon_research.plotting.style import DARK
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.reporting.typed_json import read_record
from tests.plotting.searches import BUDGET, ENTRIES, entry


def _variants(entries=ENTRIES):
    return [read_record(SearchVariant, found) for found in entries.values()]


def _figure(entries=ENTRIES):
    figure = search_curves([SearchPanel(variants=_variants(entries), label="test accuracy")])
    assert figure is not None
    return figure


def _save(entries, folder):
    figures = RunFigures(folder=folder, title="Words")
    return figures.save_searches(_variants(entries), label="accuracy")


def _words(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text)]


def test_the_figure_is_written_twice_and_has_content(tmp_path):
    paths = _save(ENTRIES, tmp_path / "figures")
    assert [path.name for path in paths] == ["search_curves.png", "search_curves.pdf"]
    with Image.open(paths[0]) as image:
        assert float((np.asarray(image.convert("L")) < 250).mean()) > 0.05
    content = paths[1].read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/Type3" not in content


def test_equal_figures_are_equal_files_also_from_the_json_file(tmp_path):
    read_back = json.loads(json.dumps(ENTRIES))
    written = [
        _save(entries, tmp_path / name) for name, entries in (("a", ENTRIES), ("b", read_back))
    ]
    assert [p.read_bytes() for p in written[0]] == [p.read_bytes() for p in written[1]]


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
    words = _words(_figure())
    for label in (
        "ageing evolution",
        "ageing evolution, epsilon warm-up",
        "ageing evolution, epsilon warm-up and move",
        "random search, epsilon warm-up",
    ):
        assert label in words
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
        (
            {"higher_is_better": False},
            "test accuracy of the\nbest by validation so far",
        ),
    ],
)
def test_the_axis_says_what_is_shown(changes, label):
    assert _figure({"ageing_evolution": entry(**changes)}).axes[0].get_ylabel() == label


def test_the_legend_says_how_many_repeats_the_spread_is_of():
    assert "median and interquartile range of 7 repeats" in _words(_figure())
    others = {"a": entry(repeats=100), "b": entry(algorithm="random_search", repeats=5)}
    assert "median and interquartile range of 5–100 repeats" in _words(_figure(others))


def test_the_limits_hold_all_medians_but_those_of_the_first_models():
    far = entry()
    far["median_curve"] = [0.1, *far["median_curve"][1:]]
    far["low_curve"] = [0.0, *far["low_curve"][1:]]
    budget = 10 * BUDGET  # so that the first models may be out of sight
    for name in ("median_curve", "low_curve", "high_curve"):
        far[name] = far[name] + [far[name][-1]] * (budget - BUDGET)
    low, high = _figure({"a": far}).axes[0].get_ylim()
    assert low > 80
    assert low <= 100 * min(far["median_curve"][10:])
    assert high >= 100 * max(far["high_curve"])


@pytest.mark.parametrize("budget", [1, 2, 25, 300, 1234])
def test_the_budget_is_the_last_tick_and_no_tick_touches_it(budget):
    flat = {name: [0.9] * budget for name in ("median_curve", "low_curve", "high_curve")}
    axes = _figure({"a": entry() | flat}).axes[0]
    ticks = axes.get_xticks()
    assert ticks[-1] == budget
    assert all(1.3 * tick <= budget for tick in ticks[:-1])


def test_an_undefined_start_is_a_gap_and_nothing_at_all_is_no_figure(tmp_path):
    gap = entry()
    for name in ("median_curve", "low_curve", "high_curve"):
        gap[name] = [None, None, *gap[name][2:]]
    entries = {"a": gap}
    assert np.isnan(_figure(entries).axes[0].get_lines()[0].get_ydata()[:2]).all()
    assert _save(entries, tmp_path)
    for name in ("median_curve", "low_curve", "high_curve"):
        gap[name] = [None] * BUDGET
    assert _save(entries, tmp_path) == []
