"""How the scores are spread, and above them how many architectures have none, by reason."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from epsilon_research.plotting.notes import percent
from epsilon_research.plotting.points import Labels, ScorePoints
from epsilon_research.plotting.scales import apply_scale, choose_scale, count_label
from epsilon_research.plotting.style import (
    BLUE,
    COLUMN_WIDTH,
    PANEL_HEIGHT,
    VERMILION,
    new_figure,
)

_MOST_BINS = 60
# Undefined scores by reason, most frequent first; more reasons than shades start again.
_SHADES = ("#B8B8B8", "#6E6E6E", "#DDCC77", "#333333")
_STRIP_PART = 0.07
# Inches that each further row of the legend adds below the figure.
_LEGEND_ROW = 0.14


def score_histogram(points: ScorePoints, *, labels: Labels) -> Figure:
    """Counts of finite scores, under a strip that shows all architectures by what became of them.

    Args:
        points: All architectures: the histogram has those with a finite score, the strip has all.
        labels: The words of the figure.
    """
    parts = _parts(points)
    height = PANEL_HEIGHT + _LEGEND_ROW * (len(parts) // 2)
    figure = new_figure(width=COLUMN_WIDTH, height=height)
    strip, main = figure.subplots(2, 1, height_ratios=[_STRIP_PART, 1])
    _draw_strip(strip, parts)
    _draw_scores(main, points, labels=labels)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, handlelength=1)
    undefined, total = sum(points.failures.values()), len(points.scores)
    share = percent(undefined / total if total else None)
    strip.set_title(f"undefined: {undefined:,} of {total:,} ({share})", loc="left", fontsize=7)
    if labels.title:
        figure.suptitle(labels.title)
    return figure


def _draw_strip(axes: Axes, parts: list[tuple[str, str, int]]) -> None:
    start = 0
    for words, colour, count in parts:
        axes.barh(0, count, left=start, color=colour, label=f"{words}: {count:,}")
        start += count
    axes.set(xlim=(0, max(start, 1)), ylim=(-0.4, 0.4))
    axes.set_axis_off()


def _parts(points: ScorePoints) -> list[tuple[str, str, int]]:
    num_finite = int(np.isfinite(points.scores).sum())
    rescued = points.float32_undefined
    if rescued is None or not rescued.any():
        parts = [("defined", BLUE, num_finite)]
    else:
        num_rescued = int(rescued.sum())
        parts = [
            ("float32 defined", BLUE, num_finite - num_rescued),
            ("float32 undefined", VERMILION, num_rescued),
        ]
    for position, (reason, count) in enumerate(points.failures.items()):
        shade = _SHADES[position % len(_SHADES)]
        parts.append((f"undefined, {reason.replace('_', ' ')}", shade, count))
    return parts


def _draw_scores(axes: Axes, points: ScorePoints, *, labels: Labels) -> None:
    finite = np.isfinite(points.scores)
    scores = points.scores[finite]
    scale = choose_scale(scores)
    positions = scale.forward(scores)
    apply_scale(axes.xaxis, scale, scores)
    axes.set_xlabel(labels.score_axis + scale.suffix)
    axes.set_ylabel("architectures")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: count_label(count)))
    bins = np.linspace(*axes.get_xlim(), _num_bins(len(scores)) + 1).tolist()
    rescued = points.float32_undefined
    new = np.zeros(len(scores), np.bool_) if rescued is None else rescued[finite]
    axes.hist([positions[~new], positions[new]], bins=bins, stacked=True, color=[BLUE, VERMILION])


def _num_bins(num_scores: int) -> int:
    return int(np.clip(2 * num_scores ** (1 / 3), 5, _MOST_BINS))
