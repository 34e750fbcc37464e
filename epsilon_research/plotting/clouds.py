"""Clouds of points in one panel: dots, or hexagons where dots would hide each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from epsilon_research.plotting.points import ScorePoints
from epsilon_research.plotting.scales import (
    LOG,
    Scale,
    add_colour_bar,
    apply_scale,
    choose_percent_scale,
    choose_scale,
)
from epsilon_research.plotting.style import BLUE, COLOUR_MAP, GREY, VERMILION

MOST_DOTS = 20_000
"""Number of points above which dots hide each other, and hexagons with counts take over."""

_HEXAGONS: dict[str, Any] = {"gridsize": (64, 36), "mincnt": 1, "linewidths": 0.1}
# From what float32 defines to what it leaves undefined, in the two hues of the dots.
_SHARE_MAP = LinearSegmentedColormap.from_list("share", [GREY, VERMILION])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Points on two scaled axes.

    Attributes:
        x: Horizontal values in their own unit.
        y: Vertical values in their own unit.
        x_scale: Scale of the horizontal axis.
        y_scale: Scale of the vertical axis.
        x_label: What is on the horizontal axis, with its unit.
        y_label: What is on the vertical axis.
    """

    x: Float[np.ndarray, " points"]
    y: Float[np.ndarray, " points"]
    x_scale: Scale
    y_scale: Scale
    x_label: str
    y_label: str

    @classmethod
    def of(cls, points: ScorePoints, *, over: str) -> "Cloud":
        """Return scores over trained results (`target`) or over parameter counts (`parameters`)."""
        x, scores = points[over], points["score"]
        scale, label = LOG, "number of parameters"
        if over == "target" and points.target is not None:
            choose = choose_percent_scale if points.target.higher_is_better else choose_scale
            scale, label = choose(x), points.target.axis_label
        return cls(
            x=x, y=scores, x_scale=scale, y_scale=choose_scale(scores), x_label=label,
            y_label=points.score_label,
        )  # fmt: skip

    @property
    def is_dense(self) -> bool:
        """Return whether there are too many points for dots."""
        return len(self.x) > MOST_DOTS

    def draw_values(self, axes: Axes, values: Float[np.ndarray, " points"], *, label: str) -> None:
        """Draw dots coloured by positive values, or hexagons coloured by how many they hold."""
        x, y = self._prepare(axes)
        if self.is_dense:
            hexagons = axes.hexbin(x, y, norm=LogNorm(), cmap=COLOUR_MAP, **_HEXAGONS)
            add_colour_bar(axes, hexagons, label="architectures\nper hexagon")
        elif len(x):
            low, high = float(values.min()), float(values.max())
            # One value still needs a colour bar with a length.
            norm = LogNorm(low, high) if low < high else LogNorm(low / 2, high * 2)
            dots = _scatter(axes, x, y, values, norm=norm, cmap=COLOUR_MAP)
            add_colour_bar(axes, dots, label=label)

    def draw_marked(
        self,
        axes: Axes,
        marked: Bool[np.ndarray, " points"],
        *,
        hue: str = BLUE,
        label: str = "undefined in\nfloat32 (%)",
    ) -> None:
        """Draw dots in `hue`, marked ones in vermilion, or hexagons by the share that is marked."""
        x, y = self._prepare(axes)
        if self.is_dense:
            share = axes.hexbin(
                x, y, C=100.0 * marked, vmin=0, vmax=100, cmap=_SHARE_MAP, **_HEXAGONS
            )
            add_colour_bar(axes, share, label=label, log=False)
        elif len(x):
            _scatter(axes, x, y, np.where(marked, VERMILION, hue))

    def _prepare(self, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
        """Set limits, ticks and labels, note an empty panel in it, and return where points lie."""
        apply_scale(axes.xaxis, self.x_scale, self.x)
        apply_scale(axes.yaxis, self.y_scale, self.y)
        axes.set_xlabel(self.x_label + self.x_scale.suffix)
        axes.set_ylabel(self.y_label + self.y_scale.suffix)
        if not len(self.x):
            axes.text(0.5, 0.5, "no finite score", transform=axes.transAxes, ha="center")
        return self.x_scale.forward(self.x), self.y_scale.forward(self.y)


def _scatter(
    axes: Axes, x: np.ndarray, y: np.ndarray, colours: np.ndarray, **norm: Any
) -> PathCollection:
    # Tables are sorted by architecture: in their order one kind would lie on top of the others.
    order = np.random.default_rng(0).permutation(len(x))
    # From 16 square points for a handful to 2.5 for 20,000, and more transparent on the way.
    return axes.scatter(
        x[order], y[order], c=colours[order], rasterized=True, linewidths=0, **norm,
        s=float(np.clip(160 / len(x) ** 0.42, 2.5, 16)),
        alpha=float(np.clip(1.15 - 0.15 * np.log10(len(x)), 0.5, 0.9)),
    )  # fmt: skip
