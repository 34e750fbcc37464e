"""One panel of points on two chosen scales: dots, or hexagons where dots would be a blot."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from epsilon_research.plotting.scales import Scale, apply_scale
from epsilon_research.plotting.style import COLOUR_MAP, GREY, VERMILION

# Above this number of points dots hide each other, and hexagons with counts take over.
MOST_DOTS = 20_000
_HEXAGONS = (64, 36)
# From what float32 defines to what it leaves undefined, in the two hues of the dots.
_SHARE_MAP = LinearSegmentedColormap.from_list("share", [GREY, VERMILION])


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the points of a figure lie, and what its axes say.

    Attributes:
        x: Horizontal values in their own unit.
        y: Vertical values in their own unit.
        x_scale: Scale of the horizontal axis.
        y_scale: Scale of the vertical axis.
        x_label: What is on the horizontal axis, with its unit.
        y_label: What is on the vertical axis.
        x_is_count: Whether horizontal ticks read 20k, 1.5M.
    """

    x: Float[np.ndarray, " architectures"]
    y: Float[np.ndarray, " architectures"]
    x_scale: Scale
    y_scale: Scale
    x_label: str
    y_label: str
    x_is_count: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether there are too many points for dots."""
        return len(self.x) > MOST_DOTS

    def positions(
        self,
    ) -> tuple[Float[np.ndarray, " architectures"], Float[np.ndarray, " architectures"]]:
        """Horizontal and vertical positions on the transformed axes."""
        return self.x_scale.forward(self.x), self.y_scale.forward(self.y)

    def decorate(self, axes: Axes) -> None:
        """Set limits, ticks and labels of a panel, and say so if it is empty."""
        apply_scale(axes.xaxis, self.x_scale, self.x, is_count=self.x_is_count)
        apply_scale(axes.yaxis, self.y_scale, self.y)
        axes.set_xlabel(self.x_label + self.x_scale.suffix)
        axes.set_ylabel(self.y_label + self.y_scale.suffix)
        if not len(self.x):
            axes.text(0.5, 0.5, "no finite score", transform=axes.transAxes, ha="center")


def draw_dots(
    axes: Axes,
    layout: Layout,
    *,
    values: Float[np.ndarray, " architectures"],
    norm: LogNorm,
) -> PathCollection:
    """Dots coloured by `values`."""
    x, y = layout.positions()
    order = _drawing_order(len(x))
    style = _dot_style(len(x))
    return axes.scatter(x[order], y[order], c=values[order], norm=norm, cmap=COLOUR_MAP, **style)


def draw_rescued_dots(
    axes: Axes,
    layout: Layout,
    *,
    rescued: Bool[np.ndarray, " architectures"],
    hue: str,
) -> None:
    """Dots in `hue`, those that float32 leaves undefined in vermilion, named for a legend."""
    x, y = layout.positions()
    order = _drawing_order(len(x))
    hues = np.where(rescued, VERMILION, hue)[order]
    axes.scatter(x[order], y[order], c=hues.tolist(), **_dot_style(len(x)))
    num_rescued = int(rescued.sum())
    for colour, words, count in (
        (hue, "float32 defined", len(x) - num_rescued),
        (VERMILION, "float32 undefined", num_rescued),
    ):
        axes.scatter([], [], c=colour, s=14, linewidths=0, label=f"{words}: {count:,}")


def draw_density(axes: Axes, layout: Layout) -> PolyCollection:
    """Hexagons coloured by the logarithm of how many architectures they hold."""
    x, y = layout.positions()
    return axes.hexbin(x, y, norm=LogNorm(), cmap=COLOUR_MAP, **_HEXAGON_STYLE)


def draw_rescued_density(
    axes: Axes, layout: Layout, *, rescued: Bool[np.ndarray, " architectures"]
) -> PolyCollection:
    """Hexagons coloured by the percentage of their architectures that float32 leaves undefined."""
    x, y = layout.positions()
    return axes.hexbin(x, y, C=100.0 * rescued, vmin=0, vmax=100, cmap=_SHARE_MAP, **_HEXAGON_STYLE)


_HEXAGON_STYLE: dict[str, Any] = {"gridsize": _HEXAGONS, "mincnt": 1, "linewidths": 0.1}


def _dot_style(num_points: int) -> dict[str, Any]:
    # From 16 square points for a handful to 2.5 for 20,000, and more transparent on the way.
    size = float(np.clip(160 / max(num_points, 1) ** 0.42, 2.5, 16))
    alpha = float(np.clip(1.15 - 0.15 * np.log10(max(num_points, 1)), 0.5, 0.9))
    return {"s": size, "alpha": alpha, "linewidths": 0, "rasterized": True}


def _drawing_order(num_points: int) -> np.ndarray:
    # Tables are sorted by architecture: in their order one kind would lie on top of the others.
    return np.random.default_rng(0).permutation(num_points)
