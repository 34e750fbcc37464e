"""How the scores are spread, and above them how many architectures have none, by reason."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from epsilon_research.plotting import style
from epsilon_research.plotting.points import ScorePoints
from epsilon_research.plotting.scales import apply_scale, choose_scale, count_label
from epsilon_research.reporting.numbers import percent

_MOST_BINS = 60
# Undefined scores by reason, most frequent first; more reasons than shades start again.
_SHADES = (style.GREY, style.FAINT, "#DDCC77", style.DARK)
_STRIP_PART = 0.07
# Inches above the histogram, and of each row of the legend below it.
_HEAD, _LEGEND_ROW = 0.5, 0.15


def score_histogram(points: ScorePoints) -> Figure:
    """Counts of finite scores, below a strip of what became of all architectures."""
    parts = _parts(points)
    figure, (strip, main) = style.new_panels(
        2, columns=1, height_ratios=[_STRIP_PART, 1],
        height=style.PANEL_HEIGHT + _HEAD + _LEGEND_ROW * -(-len(parts) // 2),
    )  # fmt: skip
    start = 0
    for words, colour, count in parts:
        strip.barh(0, count, left=start, color=colour, label=f"{words}: {count:,}")
        start += count
    strip.set(xlim=(0, max(start, 1)), ylim=(-0.4, 0.4))
    strip.set_axis_off()
    undefined, total = int((~points.is_finite).sum()), len(points)
    share = percent(undefined / total if total else None, unit=" %")
    strip.set_title(f"undefined: {undefined:,} of {total:,} ({share})", loc="left")
    _draw_scores(main, points)
    figure.legend(loc="outside lower center", ncols=2, handlelength=1)
    return figure


def _parts(points: ScorePoints) -> list[tuple[str, str, int]]:
    """Words, colour and number of architectures of each part of the strip."""
    num_finite, num_rescued = int(points.is_finite.sum()), int(points["float32_undefined"].sum())
    parts = [("defined", style.BLUE, num_finite)]
    if num_rescued:
        parts = [
            ("defined in float32", style.BLUE, num_finite - num_rescued),
            ("undefined in float32", style.VERMILION, num_rescued),
        ]
    reasons = points.table.loc[~points.is_finite, "failure"].astype(object)
    counts = reasons.where(reasons.notna(), "no reason given").value_counts()
    for position, (reason, count) in enumerate(counts.items()):
        words = f"undefined, {str(reason).replace('_', ' ')}"
        parts.append((words, _SHADES[position % len(_SHADES)], int(count)))
    return parts


def _draw_scores(axes: Axes, points: ScorePoints) -> None:
    kept = points.where(points.is_finite)
    scores, rescued = kept["score"], kept["float32_undefined"]
    scale = choose_scale(scores)
    positions = scale.forward(scores)
    apply_scale(axes.xaxis, scale, scores)
    axes.set_xlabel(points.score_label + scale.suffix)
    axes.set_ylabel("architectures")
    axes.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.yaxis.set_major_formatter(count_label)
    if not len(scores):
        axes.set_ylim(0, 1)
    bins = _bins(positions, axes.get_xlim())
    axes.hist([positions[~rescued], positions[rescued]], bins=bins, stacked=True,
              color=[style.BLUE, style.VERMILION])  # fmt: skip
    axes.set_xlim(bins[0], bins[-1])


def _bins(positions: Float[np.ndarray, " scores"], limits: tuple[float, float]) -> list[float]:
    """Edges from the lowest to the highest score, or from zero where that is one bin away."""
    number = int(np.clip(2 * len(positions) ** (1 / 3), 5, _MOST_BINS))
    low, high = (positions.min(), positions.max()) if len(positions) else limits
    if not low < high:
        low, high = limits
    elif 0 <= low < (high - low) / number:
        low = 0.0
    return np.linspace(low, high, number + 1).tolist()
