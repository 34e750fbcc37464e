"""Axis scales chosen from the data, linear where that shows them, and the ticks of all axes.

Points are transformed before they are drawn, so that dots, hexagons and bars share one code path.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import (
    EngFormatter,
    FixedFormatter,
    FixedLocator,
    MaxNLocator,
    NullFormatter,
)

from epsilon_research.reporting.numbers import minus

count_label = EngFormatter(sep="")
"""A count with a unit prefix: 950, 20k, 1.5M."""

# From the first number on a unit prefix is written, 10k, and up to the second there is one.
_LARGE, _LONGEST = 10_000, 1e12
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# A linear axis is crowded where the interquartile range takes less than this part of it.
_CROWDED = 0.2
# Labels nearer than this part of the axis would touch.
_LABEL_DISTANCE = 0.075
# Width of a character of a label, as a part of the axis of a small panel.
_CHARACTER = 0.035


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values to increasing positions, and what the label of such an axis adds to say so."""

    forward: Callable[[np.ndarray], np.ndarray]
    suffix: str = ""


LINEAR = Scale(forward=lambda values: np.asarray(values, np.float64))
LOG = Scale(forward=np.log10, suffix=", log scale")
# Percentages by the logarithm of 100 − value. The axis ends at an error of 0.01 points, one image
# in 10,000, which benchmarks cannot resolve.
ERROR = Scale(
    forward=lambda values: -np.log10(np.maximum(100.0 - np.asarray(values), 0.01)),
    suffix=", log error scale",
)
_ERROR_TICKS = (
    [0.0, 50.0, 70.0, 80.0, 85.0, 90.0, 92.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0, 99.5, 99.9],
    [*np.arange(0.0, 90.0, 10.0), *np.arange(90.0, 100.0)],
)


def choose_scale(values: Float[np.ndarray, " values"]) -> Scale:
    """Return `LOG` for positive values that crowd a linear axis but not a log axis, or `LINEAR`."""
    return LOG if np.all(values > 0) and _is_better(LOG, values) else LINEAR


def choose_percent_scale(values: Float[np.ndarray, " values"]) -> Scale:
    """Return `ERROR` for percentages that crowd the upper end of a linear axis, or `LINEAR`."""
    inside = np.all((values >= 0) & (values <= 100))
    return ERROR if inside and _is_better(ERROR, values) else LINEAR


def apply_scale(axis: Axis, scale: Scale, values: Float[np.ndarray, " values"]) -> None:
    """Set limits and ticks of an axis on which `scale.forward(values)` is drawn."""
    low, high = limits_of(scale.forward(values))
    set_limits(axis, low, high)
    if scale is LINEAR:
        axis.set_major_locator(round_ticks(6))
        if len(values) and np.abs(values).max() >= _LARGE:
            axis.set_major_formatter(count_label)
        return
    ticks, minor = _ERROR_TICKS if scale is ERROR else log_ticks(10**low, 10**high)
    _set_ticks(axis, scale, ticks, minor, distance=_LABEL_DISTANCE)


def apply_values(axis: Axis, scale: Scale, values: Sequence[float]) -> None:
    """Set limits of a horizontal axis, and ticks at the increasing values as far as there is room.

    The scale is `LINEAR` or `LOG`.
    """
    set_limits(axis, *limits_of(scale.forward(np.array(values)), margin=0.06))
    longest = max(len(label) for label in value_labels(values))
    _set_ticks(axis, scale, values, values, distance=_CHARACTER * (longest + 1))


def set_limits(axis: Axis, low: float, high: float) -> None:
    """Set the limits of a panel's x or y axis."""
    (axis.axes.set_xlim if axis is axis.axes.xaxis else axis.axes.set_ylim)(low, high)


def limits_of(
    positions: Float[np.ndarray, " values"], *, margin: float = 0.04
) -> tuple[float, float]:
    """Return limits of an axis that holds all finite positions, with a margin at both ends."""
    positions = positions[np.isfinite(positions)]
    if not len(positions):
        return 0.0, 1.0
    low, high = float(positions.min()), float(positions.max())
    # One value, or many equal ones, still need an axis with a length.
    spare = margin * (high - low) or 0.1 * abs(high) or 0.1
    return low - spare, high + spare


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
) -> None:
    """Add a colour bar on the right of a panel for dots or hexagons, logarithmic or not.

    It is named above, since a name beside it would read as that of the next panel's vertical axis.
    `place` is passed to `Figure.colorbar`.
    """
    options: dict = {"ax": axes, "pad": 0.02, "aspect": 30} | place
    bar = axes.figure.colorbar(drawn, **options)
    bar.ax.set_title(label, loc="center")
    if log:
        clim = drawn.get_clim()
        low, high = np.log10(clim)
        ticks = _apart(LOG, log_ticks(*clim)[0], low=low, high=high, distance=_LABEL_DISTANCE)
        fix_ticks(bar.ax.yaxis, ticks, value_labels(ticks))
    # The bar shows the colours themselves, not how transparent dots mix.
    if bar.solids is not None:
        bar.solids.set_alpha(1)


def value_labels(values: Sequence[int | float]) -> list[str]:
    """Labels of ticks: plain numbers, large ones with a unit prefix, or powers of ten."""
    sizes = [abs(number) for number in values if number != 0]
    if all(0.01 <= size < _LARGE for size in sizes):
        return [minus(f"{number:g}") for number in values]
    if all(1 <= size < _LONGEST for size in sizes):
        return [count_label(number) for number in values]
    return [_power(number) for number in values]


def _power(number: float) -> str:
    """A number as a power of ten, 10⁻⁷ or 3.2·10⁻⁵; plain from 1 to 99."""
    if number == 0 or 1 <= abs(number) < 100:
        return minus(f"{number:g}")
    digits, _, exponent = f"{number:.2e}".partition("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    factor = minus(f"{float(digits):g}")
    return power if factor == "1" else f"{factor}·{power}"


def _set_ticks(
    axis: Axis, scale: Scale, major: Sequence[float], minor: Sequence[float], *, distance: float
) -> None:
    """Label those of the major ticks that do not touch, and mark the minor ones."""
    low, high = axis.get_view_interval()
    ticks = _apart(scale, major, low=low, high=high, distance=distance)
    fix_ticks(axis, scale.forward(np.array(ticks)).tolist(), value_labels(ticks))
    axis.set_minor_locator(FixedLocator(scale.forward(np.array(minor)).tolist()))


def _apart(
    scale: Scale, ticks: Sequence[float], *, low: float, high: float, distance: float
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
    if not len(positions) or np.ptp(positions) == 0:
        return 1.0
    low, high = np.quantile(positions, (0.25, 0.75))
    return float((high - low) / np.ptp(positions))
