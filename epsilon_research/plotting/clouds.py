"""Clouds of points in one panel: dots, or hexagons where dots would hide each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
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
"""Above this number of points dots hide each other, and hexagons with counts take over."""

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
    def of_accuracy(cls, points: ScorePoints) -> "Cloud":
        """Return scores over trained results."""
        assert points.target is not None
        choose = choose_percent_scale if points.target.higher_is_better else choose_scale
        return cls(
            x=points.targets,
            y=points.scores,
            x_scale=choose(points.targets),
            y_scale=choose_scale(points.scores),
            x_label=points.target.axis_label,
            y_label=points.score_label,
        )

    @classmethod
    def of_parameters(cls, points: ScorePoints) -> "Cloud":
        """Return scores over parameter counts."""
        return cls(
            x=points.parameters,
            y=points.scores,
            x_scale=LOG,
            y_scale=choose_scale(points.scores),
            x_label="number of parameters",
            y_label=points.score_label,
        )

    @property
    def is_dense(self) -> bool:
        """Whether there are too many points for dots."""
        return len(self.x) > MOST_DOTS

    def positions(self) -> tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]:
        """Return horizontal and vertical positions on the transformed axes."""
        return self.x_scale.forward(self.x), self.y_scale.forward(self.y)

    def prepare(self, axes: Axes) -> None:
        """Set limits, ticks and labels of a panel, and note in it that it is empty."""
        apply_scale(axes.xaxis, self.x_scale, self.x)
        apply_scale(axes.yaxis, self.y_scale, self.y)
        axes.set_xlabel(self.x_label + self.x_scale.suffix)
        axes.set_ylabel(self.y_label + self.y_scale.suffix)
        if not len(self.x):
            axes.text(0.5, 0.5, "no finite score", transform=axes.transAxes, ha="center")

    def draw_values(self, axes: Axes, values: Float[np.ndarray, " points"], *, label: str) -> None:
        """Draw dots coloured by positive values, or hexagons coloured by how many they hold."""
        self.prepare(axes)
        if not len(self.x):
            return
        x, y = self.positions()
        if self.is_dense:
            hexagons = axes.hexbin(x, y, norm=LogNorm(), cmap=COLOUR_MAP, **_HEXAGONS)
            add_colour_bar(axes, hexagons, label="architectures\nper hexagon")
            return
        low, high = float(values.min()), float(values.max())
        # One value still needs a colour bar with a length.
        norm = LogNorm(low, high) if low < high else LogNorm(low / 2, high * 2)
        order = _drawing_order(len(x))
        dots = axes.scatter(
            x[order], y[order], c=values[order], norm=norm, cmap=COLOUR_MAP, **_dot_style(len(x))
        )
        add_colour_bar(axes, dots, label=label)

    def draw_marked(
        self,
        axes: Axes,
        marked: Bool[np.ndarray, " points"],
        *,
        hue: str = BLUE,
        label: str = "marked (%)",
    ) -> None:
        """Draw dots in `hue`, marked ones in vermilion, or hexagons by the share that is marked."""
        self.prepare(axes)
        if not len(self.x):
            return
        x, y = self.positions()
        if self.is_dense:
            share = axes.hexbin(
                x, y, C=100.0 * marked, vmin=0, vmax=100, cmap=_SHARE_MAP, **_HEXAGONS
            )
            add_colour_bar(axes, share, label=label, log=False)
            return
        order = _drawing_order(len(x))
        hues = np.where(marked, VERMILION, hue)[order]
        axes.scatter(x[order], y[order], c=hues.tolist(), **_dot_style(len(x)))


def _dot_style(num_points: int) -> dict[str, Any]:
    # From 16 square points for a handful to 2.5 for 20,000, and more transparent on the way.
    size = float(np.clip(160 / max(num_points, 1) ** 0.42, 2.5, 16))
    alpha = float(np.clip(1.15 - 0.15 * np.log10(max(num_points, 1)), 0.5, 0.9))
    return {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}


def _drawing_order(num_points: int) -> np.ndarray:
    # Tables are sorted by architecture: in their order one kind would lie on top of the others.
    return np.random.default_rng(0).permutation(num_points)
