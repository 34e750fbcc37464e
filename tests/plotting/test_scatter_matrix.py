from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from matplotlib.collections import PathCollection, PolyCollection

from epsilon_research.plotting import Target
from epsilon_research.plotting.scatter_matrix import MOST_METRICS, rank_scatter_matrix
from epsilon_research.plotting.style import figure_style
from epsilon_research.reporting.numbers import value
from tests.plotting import drawn
from tests.plotting.comparisons import METRICS, compared_frame, compared_summary

ACCURACY = Target(column="test_accuracy", label="test accuracy")


def draw(frame, *, metrics=METRICS, **settings):
    arguments = {"target": ACCURACY} | settings
    with figure_style():
        return rank_scatter_matrix(frame, metrics=metrics, **arguments)


def panels(figure, size=5):
    return np.array(figure.axes[: size * size]).reshape(size, size)


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_names_stand_on_the_diagonal_and_accuracy_is_last(frame):
    found = panels(draw(compared_frame(frame)))
    names = [words(found[place, place])[0] for place in range(5)]
    assert names == [*METRICS, "test\naccuracy"]


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_dots_are_the_ranks_of_the_common_rows(frame, higher_is_better):
    frame = compared_frame(frame)
    values = frame[[*METRICS, "test_accuracy"]].dropna()
    found = panels(draw(frame, target=replace(ACCURACY, higher_is_better=higher_is_better)))
    [dots] = found[4, 1].findobj(PathCollection)
    offsets = np.asarray(dots.get_offsets())
    sign = 1 if higher_is_better else -1
    for place, column in ((0, values["naswot"]), (1, sign * values["test_accuracy"])):
        ranks = 100 * (scipy.stats.rankdata(column) - 0.5) / len(values)
        np.testing.assert_allclose(offsets[:, place], ranks)
    assert all(
        not found[row, column].collections for row, column in zip(*np.triu_indices(5), strict=True)
    )


def test_the_correlations_are_those_of_the_summary(frame):
    frame = compared_frame(frame)
    found = compared_summary(frame)["comparison"]["common"]
    shown = panels(draw(frame))
    for row, line in enumerate(found["correlations"]["spearman_rho"]):
        for column in range(row + 1, 4):
            assert words(shown[row, column]) == [value(line[column])]
        assert words(shown[row, 4]) == [value(found["spearman_rho"][METRICS[row]])]


def test_many_rows_become_hexagons_on_one_scale_of_colours(make_frame):
    frame = compared_frame(make_frame(4000))
    found = panels(draw(frame))
    lower = zip(*np.tril_indices(5, -1), strict=True)
    hexagons = [found[place].findobj(PolyCollection) for place in lower]
    assert all(len(part) == 1 for part in hexagons)
    counts = [np.asarray(part[0].get_array()) for part in hexagons]
    common = frame[[*METRICS, "test_accuracy"]].dropna()
    assert {int(part.sum()) for part in counts} == {len(common)}
    assert len({part[0].get_clim() for part in hexagons}) == 1
    assert hexagons[0][0].get_clim()[1] == max(part.max() for part in counts)


def test_too_many_metrics_show_the_first_and_those_with_the_largest_correlation(frame):
    frame = compared_frame(frame)
    rng = np.random.default_rng(0)
    metrics = ["weak", *(f"m{place}" for place in range(MOST_METRICS + 2))]
    # The last two correlate least, of one the sign is turned.
    noise = [0, *np.geomspace(0.01, 0.2, MOST_METRICS), 9, 9]
    for metric, part in zip(metrics, noise, strict=True):
        frame[metric] = frame["test_accuracy"] + part * rng.normal(size=len(frame))
    frame["weak"] = rng.normal(size=len(frame))
    frame["m0"] = -frame["m0"]
    values = frame[[*metrics, "test_accuracy"]].dropna()
    figure = draw(frame, metrics=metrics)
    found = panels(figure, MOST_METRICS + 1)
    names = [words(found[place, place])[0] for place in range(MOST_METRICS)]
    assert names == metrics[:MOST_METRICS]
    title = f"n = {len(values)}, {MOST_METRICS} of {MOST_METRICS + 3} metrics"
    assert title in drawn.words(figure)


def test_nothing_in_common_is_an_empty_figure(frame):
    frame = compared_frame(frame)
    frame["zen"] = np.nan
    figure = draw(frame)
    figure.draw_without_rendering()
    assert words(panels(figure)[0, 1]) == ["–"]
