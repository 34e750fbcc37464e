"""What the figures of a study share: its statistics by case, published values, legend and words."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from epsilon_research.plotting.scales import round_ticks, set_limits
from epsilon_research.plotting.style import BAND_ALPHA, DARK, FAINT, legend_entries
from epsilon_research.reporting.numbers import count_range
from epsilon_research.reporting.study import Case, Study, metrics_of
from epsilon_research.reporting.typed_json import as_float

STATISTIC_LABELS = {
    "spearman_rho": "Spearman's ρ",
    "spearman_rho_top10": "Spearman's ρ among the 10 % most accurate",
    "ndcg": "nDCG of the 10 % best-scored",
    "coverage": "coverage (%)",
}
"""Labels of the axes that show a statistic of a summary."""

STATISTICS = ("spearman_rho", "spearman_rho_top10", "coverage")
"""Statistics that panels of a study show, but for those that no job has a value of."""

WEIGHTS = "weights"
"""Name of the setting, and of its value in a job's `run` part."""

CHANCE_LINE: dict[str, Any] = {"color": FAINT, "linewidth": 0.6, "zorder": 1}

Pair = tuple[float, float]
"""Two weights, the smaller one first: a score does not depend on their order."""


def shown_statistics(cases: Iterable[Case], *, figure: str) -> list[str]:
    """Return the statistics that some case has a value of.

    Raises:
        ValueError: There are none, so that the figure cannot be drawn.
    """
    found = [
        statistic
        for statistic in STATISTICS
        if any(
            isfinite(case.spread(metric, protocol, statistic).value)
            for case in cases
            for metric in case.metrics
            for protocol in case.protocols(metric)
        )
    ]
    if not found:
        raise ValueError(
            f"figure={figure} must have at least one job with correlations, got none: choose a "
            "benchmark with accuracies, or figure=none"
        )
    return found


def published_of(study: Study, case: Case, metric: str, statistic: str) -> list[tuple[float, str]]:
    """Return the different published values of a case, each with its protocol."""
    known = study.published_values(statistic)
    keys = [(job.number, metric) for job in case.jobs]
    return sorted({known[key] for key in keys if key in known})


def draw_published(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Draw published values as hollow diamonds at (x, y)."""
    if points:
        x, y = zip(*points, strict=True)
        axes.plot(
            x, y, "D", color=DARK, zorder=3, label="published", markersize=5.2,
            markeredgewidth=0.9, markerfacecolor="none",
        )  # fmt: skip


def case_label(case: Case, metric: str, *, metrics: Sequence[str]) -> str:
    """Return a case in words, with its metric where there are several."""
    parts = [case.label()] if case.settings else []
    if len(metrics) > 1 or not parts:
        parts.append(metric)
    return ", ".join(parts)


def with_draws(words: str, case: Case) -> str:
    """Return words for a case of which the first of several draws is drawn."""
    draws = f"first of {len(case.jobs)} draws" if case.has_replicates else ""
    return ", ".join(filter(None, (words, draws)))


def setting_title(name: str) -> str:
    """Return a setting in words, with the part of the configuration that it stands in."""
    return " ".join(name.split(".")[-2:]).replace("_", " ")


def prepare_value_axis(axis: Axis, statistic: str) -> None:
    """Set ticks of an axis of correlations or of coverage, and draw the line of chance."""
    if statistic == "coverage":
        set_limits(axis, -0.04, 1.04)
        axis.set_major_locator(round_ticks(4))
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=None))
        return
    vertical = axis is axis.axes.yaxis
    axis.set_major_locator(round_ticks(6 if vertical else 4))
    (axis.axes.axhline if vertical else axis.axes.axvline)(0, **CHANCE_LINE)


def write_legend(figure: Figure, cases: Sequence[Case], *, bands: bool = False) -> None:
    """Write one legend of all panels below them, which says what their bars or bands are.

    They are intervals of single jobs, or the range of several draws.
    """
    draws = [len(case.jobs) for case in cases if case.has_replicates]
    words = f"mean and range of {count_range(draws)} draws" if draws else "95 % interval"
    spread = Line2D([], [], color=DARK, linewidth=1.1, label=words)
    if bands:
        # Darker than in the panels, since it is small here.
        spread = Patch(color=DARK, alpha=2 * BAND_ALPHA, linewidth=0, label=words)
    handles = [*legend_entries(figure), spread]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def pair_of(case: Case) -> Pair | None:
    """Return the two weights of a case, or None if it has none or not two."""
    weights = sorted(map(as_float, case.jobs[0].run.fact(WEIGHTS) or ()))
    if len(weights) != 2 or not all(isfinite(weight) for weight in weights):
        return None
    return weights[0], weights[1]


def by_other_settings(cases: Iterable[Case], *, without: str) -> dict[str, list[Case]]:
    """Return the cases by what they have in common in words, but for the setting `without`."""
    grouped: dict[str, list[Case]] = {}
    for case in cases:
        grouped.setdefault(case.label(without=[without]), []).append(case)
    return grouped


def metrics_with_weights(cases: Sequence[Case]) -> list[str]:
    """Return metrics that depend on the weights; all of them where the record does not say."""
    settings: dict[str, Any] = {}
    for case in cases:
        settings |= case.jobs[0].run.fact("metric_settings") or {}
    metrics = metrics_of(cases)
    weighted = [metric for metric in metrics if WEIGHTS in (settings.get(metric) or {})]
    return weighted or metrics
