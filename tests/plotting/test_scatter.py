import numpy as np
import pytest
import scipy.stats
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from epsilon_research.plotting import AgreementPanel, Target, read_points, save_agreement_panels
from epsilon_research.plotting.scatter import (
    agreement_panels,
    score_against_accuracy,
    score_against_parameters,
)
from epsilon_research.plotting.style import figure_style
from tests.plotting.test_notes import STATISTICS

TARGET = Target(column="test_accuracy", label="CIFAR-10 test accuracy")


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def read(frame):
    return read_points(frame, metric="epsilon", target=TARGET)


def dots(axes) -> int:
    found = [part for part in axes.collections if isinstance(part, PathCollection)]
    return sum(len(np.asarray(part.get_offsets())) for part in found)


def test_statistics_unit_and_colours_are_named(frame):
    figure = score_against_accuracy(read(frame), statistics=STATISTICS, title="weights 1 and 2")
    for part in (
        "ρ = 0.876, 95 % CI [0.861, 0.891]",
        "n = 388, coverage 99.0 %",
        "CIFAR-10 test accuracy (%)",
        "parameters",
        "weights 1 and 2",
    ):
        assert part in words(figure)


def test_scores_that_float32_loses_have_a_panel_of_their_own(frame):
    points = read(frame)
    figure = score_against_accuracy(points)
    ranked = points.ranked()
    assert [dots(axes) for axes in figure.axes[:2]] == [len(ranked.scores)] * 2
    number = int(ranked.float32_undefined.sum())
    assert f"(b) undefined in float32: {number} of {len(ranked.scores)}" in words(figure)


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
    rho = scipy.stats.spearmanr(drawn.scores, drawn.parameters)[0]
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
        assert np.asarray(hexagons.get_array()).sum() == len(drawn.scores)
        assert "undefined in\nfloat32 (%)" in words(figure)


def agreement(**changes):
    reference = np.array([1e-6, 1e-3, 0.5, np.nan])
    panels = [
        AgreementPanel(title=name, values=values, marked=np.array([True, False, False, True]))
        for name, values in (
            ("coarse", np.array([0.0, 2e-3, 0.5, 0.1])),
            ("fine", np.array([1e-6, 1e-3, 0.5, 0.1])),
        )
    ]
    arguments = {
        "reference_label": "exact score",
        "value_label": "score",
        "legend": ("resolved", "unresolved"),
    }
    return reference, panels, arguments | changes


def test_agreement_has_a_panel_for_each_set_of_values_and_counts_what_it_cannot_show():
    reference, panels, labels = agreement()
    figure = agreement_panels(reference, panels, **labels)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["(a) coarse\nn = 2, 2 not shown", "(b) fine\nn = 3, 1 not shown"]
    assert [dots(axes) for axes in figure.axes] == [2, 3]
    assert {"resolved", "unresolved", "exact score, log scale"} <= set(words(figure).split("\n"))


def test_all_panels_of_agreement_share_one_range_on_both_axes():
    reference, panels, labels = agreement()
    limits = {
        part for axes in agreement_panels(reference, panels, **labels).axes
        for part in (axes.get_xlim(), axes.get_ylim())
    }  # fmt: skip
    assert len(limits) == 1
    low, high = limits.pop()
    assert low < np.log10(1e-6)
    assert high > np.log10(0.5)


def test_agreement_on_linear_axes_shows_zero_and_negative_values():
    reference, panels, labels = agreement(log=False)
    figure = agreement_panels(reference, panels, **labels)
    assert [dots(axes) for axes in figure.axes] == [3, 3]


@pytest.mark.parametrize("panels", [[], agreement()[1]])
def test_agreement_needs_a_value_for_each_point(panels):
    _, _, labels = agreement()
    with pytest.raises(ValueError, match=r"as many values as the reference \(2\) and be at least"):
        agreement_panels(np.ones(2), panels, **labels)


def test_agreement_is_written(tmp_path):
    reference, panels, labels = agreement()
    written = save_agreement_panels(reference, panels, folder=tmp_path, name="rounding", **labels)
    assert [path.name for path in written] == ["rounding.png", "rounding.pdf"]
    assert all(path.stat().st_size > 1000 for path in written)
