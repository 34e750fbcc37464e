"""Lines with a spread, as a band or as bars: what searches find, statistics along a setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

_BAND_ALPHA = 0.13
BAND_HANDLE: dict[str, Any] = {"alpha": 2 * _BAND_ALPHA, "linewidth": 0}
"""How a band looks in a legend: darker, since it is small there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a panel with its spread, and how it is drawn.

    Attributes:
        x: Horizontal positions, increasing.
        middle: Medians, means or single values; NaN where undefined.
        low: Lower end of the spread.
        high: Upper end of the spread.
        colour: Of line and spread.
        style: Line style and marker, as `Axes.plot` takes them.
        label: Entry of a legend; may be empty.
    """

    x: Float[np.ndarray, " points"]
    middle: Float[np.ndarray, " points"]
    low: Float[np.ndarray, " points"]
    high: Float[np.ndarray, " points"]
    colour: str
    style: Mapping[str, Any]
    label: str = ""

    @property
    def has_values(self) -> bool:
        """Whether there is anything to draw."""
        return bool(np.isfinite(self.middle).any())

    def moved(self, distance: float) -> "Line":
        """Return the line at other horizontal positions, all moved by a distance."""
        return replace(self, x=self.x + distance)


def draw_lines(
    axes: Axes, lines: Sequence[Line], *, bars: bool = False, step: bool = False
) -> None:
    """Draw all spreads, and above them all lines.

    Args:
        axes: The panel.
        lines: What to draw; gaps stand for what is undefined.
        bars: Whether the spread is a bar at each point instead of a band.
        step: Whether values hold until the next point.
    """
    for line in lines:
        if bars:
            axes.vlines(line.x, line.low, line.high, color=line.colour, linewidth=0.9)
        else:
            axes.fill_between(
                line.x, line.low, line.high, step="post" if step else None, color=line.colour,
                alpha=_BAND_ALPHA, linewidth=0,
            )  # fmt: skip
    for line in lines:
        axes.plot(
            line.x, line.middle, drawstyle="steps-post" if step else "default", color=line.colour,
            label=line.label, **line.style,
        )  # fmt: skip
