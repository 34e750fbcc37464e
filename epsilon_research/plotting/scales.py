"""Axis scales chosen from the data: linear where that shows them, else logarithmic.

Points are transformed before they are drawn, so that dots, hexagons and bars share one code path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullFormatter

from epsilon_research.plotting.notes import LARGE, count_label, value_labels

# A linear axis is crowded where the interquartile range takes less than this part of it.
_CROWDED = 0.2
_MARGIN = 0.04
# Labels nearer than this part of the axis would touch.
_LABEL_DISTANCE = 0.075
# Width of a character of a label, as a part of the axis of a small panel.
_CHARACTER = 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A layout of values along an axis.

    Attributes:
        name: `linear`, `log` (positive values) or `error` (percentages by the log of 100 − value).
        forward: Values to positions, increasing.
        suffix: What the axis label adds, so that nobody reads the axis as linear.
    """

    name: str
    forward: Callable[[np.ndarray], np.ndarray]
    suffix: str = ""


LINEAR = Scale(name="linear", forward=lambda values: np.asarray(values, np.float64))
LOG = Scale(name="log", forward=np.log10, suffix=", log scale")
# The axis ends at an error of 0.01 points, one image in 10,000, which benchmarks cannot resolve.
ERROR = Scale(
    name="error",
    forward=lambda values: -np.log10(np.maximum(100.0 - np.asarray(values), 0.01)),
    suffix=", log error scale",
)


def choose_scale(values: Float[np.ndarray, " values"]) -> Scale:
    """Return `LOG` for positive values that crowd a linear axis but not a log axis, or `LINEAR`."""
    return LOG if np.all(values > 0) and _is_better(LOG, values) else LINEAR


def choose_percent_scale(values: Float[np.ndarray, " values"]) -> Scale:
    """Return `ERROR` for percentages that crowd the upper end of a linear axis, or `LINEAR`."""
    inside = np.all((values >= 0) & (values <= 100))
    return ERROR if inside and _is_better(ERROR, values) else LINEAR


def apply_scale(axis: Axis, scale: Scale, values: Float[np.ndarray, " values"]) -> None:
    """Set limits and ticks of an axis on which `scale.forward(values)` is drawn.

    Args:
        axis: The x or y axis of a panel.
        scale: The scale that the points have.
        values: All values on the axis, in their own unit; may be empty.
    """
    low, high = _set_limits(axis, limits_of(scale.forward(values)))
    if scale.name == "linear":
        axis.set_major_locator(round_ticks(6))
        if len(values) and np.abs(values).max() >= LARGE:
            axis.set_major_formatter(count_label)
        return
    ticks, minor = _ERROR_TICKS if scale.name == "error" else log_ticks(10**low, 10**high)
    _set_ticks(axis, scale, ticks, minor)


def apply_values(axis: Axis, scale: Scale, values: Sequence[float]) -> None:
    """Set limits of a horizontal axis, and ticks at the values themselves as far as there is room.

    Args:
        axis: The x axis of a panel.
        scale: `LINEAR` or `LOG`.
        values: Different values, increasing.
    """
    _set_limits(axis, limits_of(scale.forward(np.array(values)), margin=0.06))
    longest = max(len(label) for label in value_labels(values))
    _set_ticks(axis, scale, values, values, distance=_CHARACTER * (longest + 1))


def _set_limits(axis: Axis, limits: tuple[float, float]) -> tuple[float, float]:
    (axis.axes.set_xlim if axis is axis.axes.xaxis else axis.axes.set_ylim)(limits)
    return limits


def _set_ticks(
    axis: Axis,
    scale: Scale,
    major: Sequence[float],
    minor: Sequence[float],
    *,
    distance: float = _LABEL_DISTANCE,
) -> None:
    """Label those of the major ticks that do not touch, and mark the minor ones."""
    low, high = axis.get_view_interval()
    ticks = _apart(scale, major, low=low, high=high, distance=distance)
    fix_ticks(axis, scale.forward(np.array(ticks)).tolist(), value_labels(ticks))
    axis.set_minor_locator(FixedLocator(scale.forward(np.array(minor)).tolist()))


def round_ticks(most: int) -> MaxNLocator:
    """Return at most `most` + 1 ticks at multiples of 1, 2, 2.5 or 5 of a power of ten."""
    return MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10])


def fix_ticks(axis: Axis, positions: Sequence[float], labels: Sequence[str]) -> None:
    """Set the labelled ticks of an axis; minor ticks keep their places and have no label."""
    axis.set_major_locator(FixedLocator(positions))
    axis.set_major_formatter(FixedFormatter(labels))
    axis.set_minor_formatter(NullFormatter())


def log_ticks(low: float, high: float) -> tuple[list[float], list[float]]:
    """Return labelled and unlabelled ticks of a log axis from `low` to `high`, both positive.

    Powers of ten where at least three fit, else 1, 2 and 5 times these.
    """
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    within = [decade for decade in decades if low <= 10.0**decade <= high]
    minor = [digit * 10.0**decade for decade in decades for digit in range(2, 10)]
    if len(within) < 3:
        return [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)], minor
    step = -(-len(within) // 6)
    return [10.0**decade for decade in within[::step]], minor


def add_colour_bar(
    axes: Axes, drawn: ScalarMappable, *, label: str, log: bool = True, **place: object
) -> Colorbar:
    """Add a colour bar on the right of a panel, named above it.

    A name beside the bar would read as that of the next panel's vertical axis.

    Args:
        axes: The panel.
        drawn: Dots or hexagons with a norm.
        label: A few short lines.
        log: Whether the colours are on a logarithmic scale.
        **place: Passed to `Figure.colorbar`.
    """
    options: dict = {"ax": axes, "pad": 0.02, "aspect": 30} | place
    bar = axes.figure.colorbar(drawn, **options)
    bar.ax.set_title(label, loc="center")
    if log:
        low, high = drawn.get_clim()
        ticks = log_ticks(low, high)[0]
        ticks = _apart(LOG, ticks, low=np.log10(low), high=np.log10(high))
        fix_ticks(bar.ax.yaxis, ticks, value_labels(ticks))
    # The bar shows the colours themselves, not how transparent dots mix.
    if bar.solids is not None:
        bar.solids.set_alpha(1)
    return bar


def limits_of(
    positions: Float[np.ndarray, " values"], *, margin: float = _MARGIN
) -> tuple[float, float]:
    """Return limits of an axis that holds all finite positions, with a margin at both ends."""
    positions = positions[np.isfinite(positions)]
    if not len(positions):
        return 0.0, 1.0
    low, high = float(positions.min()), float(positions.max())
    # One value, or many equal ones, still need an axis with a length.
    spare = margin * (high - low) or 0.1 * abs(high) or 0.1
    return low - spare, high + spare


_ERROR_TICKS = (
    [0.0, 50.0, 70.0, 80.0, 85.0, 90.0, 92.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0, 99.5, 99.9],
    [*np.arange(0.0, 90.0, 10.0), *np.arange(90.0, 100.0)],
)


def _apart(
    scale: Scale,
    ticks: Sequence[float],
    *,
    low: float,
    high: float,
    distance: float = _LABEL_DISTANCE,
) -> list[float]:
    """The ticks between two positions, without those whose label would touch the one before."""
    kept: list[float] = []
    last = -np.inf
    for tick, position in zip(ticks, scale.forward(np.array(ticks)).tolist(), strict=True):
        if low <= position <= high and position - last >= distance * (high - low):
            kept.append(tick)
            last = position
    return kept


def _is_better(scale: Scale, values: Float[np.ndarray, " values"]) -> bool:
    linear = _interquartile_part(values)
    return linear < _CROWDED and _interquartile_part(scale.forward(values)) > 1.5 * linear


def _interquartile_part(positions: Float[np.ndarray, " values"]) -> float:
    length = positions.max() - positions.min() if len(positions) else 0.0
    if length == 0.0:
        return 1.0
    low, high = np.quantile(positions, (0.25, 0.75))
    return float((high - low) / length)
