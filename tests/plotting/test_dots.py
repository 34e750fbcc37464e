import matplotlib.colors
import numpy as np
import pytest
from matplotlib.collections import LineCollection

from epsilon_research.plotting.dots import metric_dots
from epsilon_research.plotting.style import VERMILION, figure_style
from epsilon_research.reporting.run import Statistics
from tests.plotting.comparisons import compared_frame, compared_summary
from tests.plotting.drawn import words


def protocol(rho, *, n=400, coverage=1.0):
    return {
        "n": n,
        "coverage": coverage,
        "spearman_rho": rho,
        "spearman_rho_interval": [rho - 0.05, rho + 0.02],
    }


STATISTICS = {
    "epsilon": {"connected": protocol(0.7), "common": protocol(0.6, n=90, coverage=0.225)},
    "num_parameters": {"connected": protocol(0.5), "common": protocol(0.4, n=90, coverage=0.225)},
    "jacob_cov": {
        "connected": protocol(0.65, n=300, coverage=0.9996),
        "common": protocol(0.8, n=90, coverage=0.225),
    },
}


def draw(statistics=STATISTICS, *, statistic="spearman_rho", target_label=""):
    found = {
        metric: {name: Statistics.from_json(of) for name, of in protocols.items()}
        for metric, protocols in statistics.items()
    }
    with figure_style():
        return metric_dots(found, statistic=statistic, target_label=target_label)


def dots(axes):
    """{row: (value, colour)} of the dots of a panel."""
    return {
        int(line.get_ydata()[0]): (float(line.get_xdata()[0]), line.get_color())
        for line in axes.lines
        if line.get_marker() == "o"
    }


def test_each_protocol_is_a_panel_and_each_metric_a_row_best_on_top():
    figure = draw()
    connected, common = figure.axes
    names = [label.get_text() for label in connected.get_yticklabels()]
    assert names == ["num_parameters", "epsilon", "jacob_cov"]
    assert {row: value for row, (value, _) in dots(connected).items()} == {0: 0.5, 1: 0.7, 2: 0.65}
    assert {row: value for row, (value, _) in dots(common).items()} == {0: 0.4, 1: 0.6, 2: 0.8}
    assert connected.get_xlim() == common.get_xlim()


def test_intervals_are_drawn_where_they_are():
    connected = draw().axes[0]
    spans = [
        tuple(segment[:, 0])
        for part in connected.findobj(LineCollection)
        for segment in part.get_segments()
    ]
    np.testing.assert_allclose(min(spans), (0.45, 0.52))
    assert len(spans) == 3


def test_coverage_and_rows_are_written():
    text = words(draw())
    # Only all is 100 %.
    assert text.count("99") == 1
    assert text.count("100") == 2
    assert text.count("22") == 3
    assert "(a) connected\nn = 300–400" in text
    assert "(b) common\nn = 90" in text


def test_the_chosen_metric_has_another_hue_and_baselines_are_hollow():
    connected = draw().axes[0]
    assert dots(connected)[1][1] == VERMILION
    assert dots(connected)[0][1] != VERMILION
    faces = {
        int(line.get_ydata()[0]): line.get_markerfacecolor()
        for line in connected.lines
        if line.get_marker() == "o"
    }
    assert matplotlib.colors.same_color(faces[0], "white")
    assert not matplotlib.colors.same_color(faces[1], "white")
    upright = [tuple(line.get_xdata()) for line in connected.lines]
    assert (0.5, 0.5) in upright


@pytest.mark.parametrize(
    ("statistic", "label"),
    [
        ("spearman_rho", "Spearman's ρ with CIFAR-10 test accuracy"),
        ("ndcg", "nDCG of the 10 % best-scored, CIFAR-10 test accuracy"),
    ],
)
def test_the_statistics_of_a_summary_are_drawn_and_named(statistic, label, frame):
    statistics = compared_summary(compared_frame(frame))["metrics"]
    figure = draw(statistics, statistic=statistic, target_label="CIFAR-10 test accuracy")
    assert label in words(figure)


def test_what_is_undefined_has_no_dot_and_ranks_last():
    statistics = STATISTICS | {
        "zen": {"connected": {"n": 2, "coverage": None, "spearman_rho": None}, "common": {}},
        "snip": {"connected": protocol(float("nan"))},
    }
    figure = draw(statistics)
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert set(names[:2]) == {"zen", "snip"}
    figure.draw_without_rendering()
