"""Score against accuracy, and score against parameter count."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter

from epsilon_research.plotting.notes import statistics_note, write_note
from epsilon_research.plotting.panel import (
    Layout,
    draw_density,
    draw_dots,
    draw_rescued_density,
    draw_rescued_dots,
)
from epsilon_research.plotting.points import Labels, ScorePoints
from epsilon_research.plotting.scales import (
    LOG,
    choose_percent_scale,
    choose_scale,
    log_tick_labels,
)
from epsilon_research.plotting.style import (
    BLUE,
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    PANEL_HEIGHT,
    new_figure,
)


def score_against_accuracy(
    points: ScorePoints,
    *,
    labels: Labels,
    statistics: Mapping[str, Any] | None = None,
    top: bool = False,
) -> Figure:
    """Scores over accuracies, coloured by parameter count, with the statistics in a corner.

    Where float32 leaves some of the drawn scores undefined, a second panel shows which.

    Args:
        points: All architectures; those with a finite score and accuracy are drawn.
        labels: The words of the figure.
        statistics: {protocol: {statistic: value}}; `connected` is shown.
        top: Draw only the 10 % most accurate.
    """
    drawn = points.ranked()
    if top:
        drawn = drawn.top_tenth(higher_is_better=labels.higher_is_better)
    choose = choose_percent_scale if labels.higher_is_better else choose_scale
    layout = Layout(
        x=drawn.targets,
        y=drawn.scores,
        x_scale=choose(drawn.targets),
        y_scale=choose_scale(drawn.scores),
        x_label=labels.target_axis,
        y_label=labels.score_axis,
    )
    figure, main, second = _panels(labels, rescued=drawn.float32_undefined)
    layout.decorate(main)
    _draw_main(main, layout, parameters=drawn.parameters)
    note = statistics_note(statistics, top=top, num_points=len(drawn.scores))
    write_note(main, note, points=layout.positions())
    if second is not None and drawn.float32_undefined is not None:
        layout.decorate(second)
        second.set(ylabel="", ylim=main.get_ylim())
        _draw_rescued(second, layout, rescued=drawn.float32_undefined, hue=GREY)
    return figure


def score_against_parameters(points: ScorePoints, *, labels: Labels) -> Figure:
    """Scores over parameter counts; what float32 leaves undefined is in another hue.

    Args:
        points: All architectures; the connected ones with a finite score are drawn.
        labels: The words of the figure.
    """
    drawn = points.scored()
    layout = Layout(
        x=drawn.parameters,
        y=drawn.scores,
        x_scale=LOG,
        y_scale=choose_scale(drawn.scores),
        x_label="number of parameters",
        y_label=labels.score_axis,
        x_is_count=True,
    )
    rescued = drawn.float32_undefined
    if rescued is None:
        rescued = np.zeros(len(drawn.scores), np.bool_)
    if not layout.is_dense:
        figure, main, _ = _panels(labels, rescued=None)
        layout.decorate(main)
        _draw_rescued(main, layout, rescued=rescued, hue=BLUE)
        return figure
    figure, main, second = _panels(labels, rescued=rescued)
    layout.decorate(main)
    _draw_main(main, layout, parameters=drawn.parameters)
    if second is not None:
        layout.decorate(second)
        second.set_ylabel("")
        _draw_rescued(second, layout, rescued=rescued, hue=GREY)
    return figure


def _panels(
    labels: Labels, *, rescued: Bool[np.ndarray, " architectures"] | None
) -> tuple[Figure, Axes, Axes | None]:
    if rescued is None or not rescued.any():
        figure = new_figure(width=COLUMN_WIDTH, height=PANEL_HEIGHT)
        main, second = figure.add_subplot(), None
    else:
        figure = new_figure(width=PAGE_WIDTH, height=PANEL_HEIGHT)
        main, second = figure.subplots(1, 2)
        # So that nobody takes the label of the left colour bar for the axis of the right panel.
        figure.set_layout_engine("constrained", wspace=0.08)
    if labels.title:
        figure.suptitle(labels.title)
    return figure, main, second


def _draw_main(
    axes: Axes, layout: Layout, *, parameters: Float[np.ndarray, " architectures"]
) -> None:
    if not len(parameters):
        return
    if layout.is_dense:
        _colour_bar(axes, draw_density(axes, layout), label="architectures per hexagon")
        return
    low, high = float(parameters.min()), float(parameters.max())
    # One parameter count still needs a colour bar with a length.
    norm = LogNorm(low, high) if low < high else LogNorm(low / 2, high * 2)
    dots = draw_dots(axes, layout, values=parameters, norm=norm)
    _colour_bar(axes, dots, label="number of parameters, log scale")


def _draw_rescued(
    axes: Axes, layout: Layout, *, rescued: Bool[np.ndarray, " architectures"], hue: str
) -> None:
    if layout.is_dense:
        share = draw_rescued_density(axes, layout, rescued=rescued)
        axes.figure.colorbar(share, ax=axes, pad=0.02, aspect=30, label="undefined in float32 (%)")
        return
    draw_rescued_dots(axes, layout, rescued=rescued, hue=hue)
    if rescued.any():
        # Above the panel, where it hides no point.
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, borderaxespad=0.2,
            handletextpad=0.1, columnspacing=1,
        )  # fmt: skip


def _colour_bar(axes: Axes, drawn: ScalarMappable, *, label: str) -> None:
    bar = axes.figure.colorbar(drawn, ax=axes, pad=0.02, aspect=30, label=label)
    ticks, words = log_tick_labels(*drawn.get_clim())
    bar.ax.yaxis.set_major_locator(FixedLocator(ticks))
    bar.ax.yaxis.set_major_formatter(FixedFormatter(words))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    # The bar shows the colours themselves, not how the dots mix.
    if bar.solids is not None:
        bar.solids.set_alpha(1)
