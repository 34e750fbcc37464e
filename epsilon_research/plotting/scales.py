"""Axis scales chosen from the data: linear where that shows them, else logarithmic.

Points are transformed before they are drawn, so that dots, hexagons and bars share one code path.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullFormatter,
)

# Where the middle half of the values takes less than this part of a linear axis, they are a blot.
_CROWDED = 0.2
_MARGIN = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How values are laid out along an axis.

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
    """`LOG` for positive values that crowd a linear axis but not a log axis, else `LINEAR`."""
    return LOG if np.all(values > 0) and _is_better(LOG, values) else LINEAR


def choose_percent_scale(values: Float[np.ndarray, " values"]) -> Scale:
    """`ERROR` for percentages that crowd the upper end of a linear axis, else `LINEAR`."""
    inside = np.all((values >= 0) & (values <= 100))
    return ERROR if inside and _is_better(ERROR, values) else LINEAR


def apply_scale(
    axis: Axis, scale: Scale, values: Float[np.ndarray, " values"], *, is_count: bool = False
) -> None:
    """Set limits and ticks of an axis on which `scale.forward(values)` is drawn.

    Args:
        axis: The x or y axis of a panel.
        scale: As used for the points.
        values: All values on the axis, in their own unit; may be empty.
        is_count: Write 1000 as 1k and 1000000 as 1M.
    """
    low, high = _limits(scale.forward(values))
    set_limits = axis.axes.set_xlim if axis is axis.axes.xaxis else axis.axes.set_ylim
    set_limits(low, high)
    if scale.name == "linear":
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
        if is_count:
            axis.set_major_formatter(FuncFormatter(lambda value, _: count_label(value)))
        return
    ticks, minor = _ERROR_TICKS if scale.name == "error" else log_ticks(10**low, 10**high)
    ticks, positions = _visible(scale, ticks, low=low, high=high)
    labels = [count_label(tick) for tick in ticks] if is_count else value_labels(ticks)
    axis.set_major_locator(FixedLocator(positions))
    axis.set_major_formatter(FixedFormatter(labels))
    axis.set_minor_locator(FixedLocator(scale.forward(np.array(minor, np.float64)).tolist()))
    axis.set_minor_formatter(NullFormatter())


def log_ticks(low: float, high: float) -> tuple[list[float], list[float]]:
    """Labelled and unlabelled ticks of a logarithmic axis from `low` to `high`, both positive.

    Whole decades where at least three fit, else 1, 2 and 5 times the decades.
    """
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    within = [decade for decade in decades if low <= 10.0**decade <= high]
    minor = [digit * 10.0**decade for decade in decades for digit in range(2, 10)]
    if len(within) < 3:
        return [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)], minor
    step = -(-len(within) // 6)
    return [10.0**decade for decade in within[::step]], minor


def log_tick_labels(low: float, high: float) -> tuple[list[float], list[str]]:
    """Labelled ticks of a logarithmic colour bar of counts from `low` to `high`."""
    ticks = _visible(LOG, log_ticks(low, high)[0], low=np.log10(low), high=np.log10(high))[0]
    return ticks, [count_label(tick) for tick in ticks]


def count_label(value: int | float) -> str:
    """A count as people write it: 950, 20k, 1.5M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def value_labels(ticks: list[float]) -> list[str]:
    """Plain numbers, or powers of ten as soon as one tick would be long."""
    if all(tick == 0 or 1e-2 <= tick < 1e4 for tick in ticks):
        return [f"{tick:g}" for tick in ticks]
    return [_power(tick) for tick in ticks]


_ERROR_TICKS = (
    [0.0, 50.0, 70.0, 80.0, 85.0, 90.0, 92.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0, 99.5, 99.9],
    [*np.arange(0.0, 90.0, 10.0), *np.arange(90.0, 100.0)],
)
# Labels nearer than this part of the axis would touch.
_LABEL_DISTANCE = 0.075


def _visible(
    scale: Scale, ticks: list[float], *, low: float, high: float
) -> tuple[list[float], list[float]]:
    kept: list[tuple[float, float]] = []
    for tick, position in zip(ticks, scale.forward(np.array(ticks)).tolist(), strict=True):
        far = not kept or position - kept[-1][1] >= _LABEL_DISTANCE * (high - low)
        if low <= position <= high and far:
            kept.append((tick, position))
    return [tick for tick, _ in kept], [position for _, position in kept]


def _power(tick: float) -> str:
    exponent = int(np.floor(np.log10(tick) + 1e-9))
    digit = round(tick / 10.0**exponent)
    return f"$10^{{{exponent}}}$" if digit == 1 else f"${digit}\\cdot 10^{{{exponent}}}$"


def _limits(positions: Float[np.ndarray, " values"]) -> tuple[float, float]:
    if not len(positions):
        return 0.0, 1.0
    low, high = float(positions.min()), float(positions.max())
    # One value, or many equal ones, still need an axis with a length.
    margin = _MARGIN * (high - low) or 0.1 * abs(high) or 0.1
    return low - margin, high + margin


def _is_better(scale: Scale, values: Float[np.ndarray, " values"]) -> bool:
    linear = _middle_part(values)
    return linear < _CROWDED and _middle_part(scale.forward(values)) > 1.5 * linear


def _middle_part(positions: Float[np.ndarray, " values"]) -> float:
    # How much of the axis the middle half of the values takes.
    length = positions.max() - positions.min() if len(positions) else 0.0
    if length == 0.0:
        return 1.0
    low, high = np.quantile(positions, (0.25, 0.75))
    return float((high - low) / length)
