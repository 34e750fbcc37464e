import numpy as np
import pandas as pd
import pytest
import scipy.stats
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from epsilon_research.plotting import RunFigures, Target, read_points
from epsilon_research.plotting.scatter import (
    precision_panels,
    score_against_accuracy,
    score_against_parameters,
    statistics_note,
)
from epsilon_research.plotting.style import VERMILION, figure_style
from tests.plotting import drawn as in_figure

TARGET = Target(column="test_accuracy", label="CIFAR-10 test accuracy")


STATISTICS = {
    "connected": {
        "n": 388,
        "coverage": 0.9898,
        "spearman_rho": 0.8765,
        "spearman_rho_interval": [0.861, 0.891],
        "kendall_tau": -0.25,
        "kendall_tau_interval": [float("nan"), 0.1],
        "spearman_rho_top10": 0.441,
    }
}


def words(figure: Figure) -> str:
    return "\n".join(in_figure.words(figure))


def read(frame):
    return read_points(frame, metric="epsilon", target=TARGET)


def dots(axes) -> int:
    found = [part for part in axes.collections if isinstance(part, PathCollection)]
    return sum(len(np.asarray(part.get_offsets())) for part in found)


def test_statistics_unit_and_colours_are_named(frame):
    figure = score_against_accuracy(read(frame), statistics=STATISTICS)
    for part in (
        "ρ = 0.876, 95 % CI [.861, .891]",
        "n = 388, coverage 99.0 %",
        "CIFAR-10 test accuracy (%)",
        "parameters",
    ):
        assert part in words(figure)


def test_scores_that_float32_loses_have_a_panel_of_their_own(frame):
    points = read(frame)
    figure = score_against_accuracy(points)
    ranked = points.ranked()
    assert [dots(axes) for axes in figure.axes[:2]] == [len(ranked)] * 2
    number = int(ranked["float32_undefined"].sum())
    assert f"(b) undefined in float32: {number} of {len(ranked)}" in words(figure)


def test_without_such_scores_there_is_one_panel(frame):
    frame["epsilon_float32_defined"] = True
    figure = score_against_accuracy(read(frame))
    assert len(figure.axes) == 2  # the panel and its colour bar
    assert "float32" not in words(figure)


def test_the_name_of_a_colour_bar_stands_above_it_and_touches_no_title(frame):
    with figure_style():
        figure = score_against_accuracy(read(frame), statistics=STATISTICS)
        figure.draw_without_rendering()
    bar = figure.axes[-1]
    assert bar.get_ylabel() == ""
    name, title = bar.title, figure.axes[0]._left_title
    assert name.get_text() == "parameters"
    assert not name.get_window_extent().overlaps(title.get_window_extent())
    assert name.get_window_extent().y0 >= bar.get_window_extent().y1


@pytest.mark.parametrize("top", [False, True])
def test_statistics_hide_no_point(frame, top):
    frame["test_accuracy"] = np.random.default_rng(1).uniform(0.8, 0.9, len(frame))
    with figure_style():
        figure = score_against_accuracy(read(frame), statistics=STATISTICS, top=top)
        figure.draw_without_rendering()
    axes = figure.axes[0]
    note = axes._left_title.get_window_extent()
    offsets = axes.transData.transform(np.asarray(axes.collections[0].get_offsets()))
    assert len(offsets) > 30
    assert offsets[:, 1].max() < note.y0


def test_the_correlation_with_the_number_of_parameters_is_shown(frame):
    drawn = read(frame).scored()
    rho = scipy.stats.spearmanr(drawn["score"], drawn["parameters"])[0]
    shown = words(score_against_parameters(read(frame)))
    assert f"ρ = {rho:.3f}".replace("-", "−") + " with the number of parameters" in shown


def test_no_finite_score_is_said(frame):
    frame["epsilon"] = np.nan
    assert "no finite score" in words(score_against_parameters(read(frame)))


def test_many_rows_become_hexagons_that_count_every_row(make_frame):
    points = read(make_frame(30_000))
    for figure, drawn in (
        (score_against_accuracy(points), points.ranked()),
        (score_against_parameters(points), points.scored()),
    ):
        (hexagons,) = (c for c in figure.axes[0].collections if isinstance(c, PolyCollection))
        assert np.asarray(hexagons.get_array()).sum() == len(drawn)
        assert "undefined in\nfloat32 (%)" in words(figure)


def test_the_note_has_the_statistics_of_the_connected_protocol():
    assert statistics_note(STATISTICS, top=False, num_points=5) == (
        "protocol connected: n = 388, coverage 99.0 %\nρ = 0.876, 95 % CI [.861, .891]\nτ = −0.250"
    )
    assert statistics_note(None, top=False, num_points=5) == "protocol connected: n = 5"


def test_the_top_tenth_has_its_own_statistics_and_number():
    note = statistics_note(STATISTICS, top=True, num_points=39)
    assert note == "10 % most accurate of protocol connected: n = 39\nρ = 0.441"


PRECISIONS = pd.DataFrame(
    {
        "exact": [1e-6, 1e-3, 0.5, np.nan],
        "coarse": [0.0, 2e-3, 0.5, 0.1],
        "coarse_resolved": [False, True, True, False],
        "fine": [1e-6, 1e-3, 0.5, 0.1],
    }
)


def precisions() -> Figure:
    return precision_panels(PRECISIONS, metrics=["coarse", "fine"], exact="exact")


def test_each_precision_has_a_panel_and_counts_what_it_cannot_show():
    figure = precisions()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["(a) coarse\nn = 2, 2 not shown", "(b) fine\nn = 3, 1 not shown"]
    assert [dots(axes) for axes in figure.axes] == [2, 3]
    assert {"resolved", "not resolved", "exact epsilon, log scale"} <= set(
        words(figure).split("\n")
    )


def test_all_panels_of_precisions_share_one_range_on_both_axes():
    limits = {part for axes in precisions().axes for part in (axes.get_xlim(), axes.get_ylim())}
    assert len(limits) == 1
    low, high = limits.pop()
    assert low < np.log10(1e-6)
    assert high > np.log10(0.5)


def test_scores_that_are_not_resolved_have_another_hue():
    unresolved = PRECISIONS.assign(coarse_resolved=[True, False, True, True])
    figure = precision_panels(unresolved, metrics=["coarse"], exact="exact")
    (drawn,) = figure.axes[0].collections
    for (_, score), colour in zip(drawn.get_offsets(), drawn.get_facecolors(), strict=True):
        assert same_color(colour[:3], VERMILION) == (score == np.log10(2e-3))


def test_precisions_are_written_with_their_weights(tmp_path):
    figures = RunFigures(folder=tmp_path, title="NAS-Bench-201", weights={"exact": (1.0,)})
    written = figures.save_precisions(PRECISIONS, metrics=["fine"], exact="exact")
    assert [path.name for path in written] == ["rounding.png", "rounding.pdf"]
    assert all(path.stat().st_size > 1000 for path in written)
