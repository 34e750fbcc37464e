import math

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from epsilon_research.plotting import read_points
from epsilon_research.plotting.histogram import score_histogram
from tests.plotting.drawn import words


def draw(frame):
    return score_histogram(read_points(frame, metric="epsilon", target=None))


def test_a_metric_that_is_always_defined_has_no_reasons(frame):
    points = read_points(frame, metric="num_parameters", target=None)
    assert "undefined: 0 of 400 (0.0 %)" in (shown := words(score_histogram(points)))
    assert not any("reason" in word for word in shown)


def test_every_architecture_is_counted(frame):
    shown = words(draw(frame))
    assert "undefined: 12 of 400 (3.0 %)" in shown
    assert "undefined, disconnected: 8" in shown
    assert "undefined, constant output: 4" in shown
    rescued = int((frame["epsilon"].notna() & ~frame["epsilon_float32_defined"]).sum())
    assert f"undefined in float32: {rescued}" in shown
    assert f"defined in float32: {388 - rescued}" in shown


def test_the_bars_add_up_to_the_finite_scores(frame):
    strip, main = draw(frame).axes
    assert sum(bar.get_height() for bar in main.patches if isinstance(bar, Rectangle)) == 388
    assert sum(bar.get_width() for bar in strip.patches if isinstance(bar, Rectangle)) == 400


def test_an_undefined_score_without_a_reason_is_counted_too(frame):
    frame.loc[:4, "epsilon"] = math.inf
    frame.loc[:4, "epsilon_failure"] = None
    assert "undefined, no reason given: 5" in words(draw(frame))
    undefined = int((~np.isfinite(frame["epsilon"])).sum())
    shown = words(draw(frame.drop(columns="epsilon_failure")))
    assert f"undefined, no reason given: {undefined}" in shown


@pytest.mark.parametrize(("least", "start"), [(1e-4, 0.0), (0.3, 0.3), (-0.2, -0.2)])
def test_bins_start_at_the_lowest_score_or_at_zero_where_that_is_near(frame, least, start):
    frame["epsilon"] = np.linspace(least, 0.9, len(frame))
    _, main = draw(frame).axes
    assert main.get_xlim() == pytest.approx((start, 0.9))
    bars = [bar for bar in main.patches if isinstance(bar, Rectangle)]
    assert min(bar.get_x() for bar in bars) == pytest.approx(start)


def test_no_finite_score_is_said(frame):
    frame["epsilon"] = np.nan
    figure = draw(frame)
    assert "undefined: 400 of 400 (100.0 %)" in words(figure)
    assert figure.axes[1].get_ylim() == (0, 1)
