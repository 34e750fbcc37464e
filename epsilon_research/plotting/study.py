"""What the figures of a study share: its statistics by case, published values, legend and words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.plotting.dots import CHANCE_LINE, Dot
from epsilon_research.plotting.scales import round_ticks
from epsilon_research.plotting.study_record import Case, published_values
from epsilon_research.plotting.style import DARK, Look, look_of

STATISTICS = ("spearman_rho", "spearman_rho_top10", "coverage")
"""What the panels of a study show; those that no job has a value of are left out."""

PUBLISHED = Look(colour=DARK, marker="D")
_PUBLISHED_MARKER: dict[str, Any] = {
    "markersize": 5.2, "markeredgewidth": 0.9, "markerfacecolor": "none",
}  # fmt: skip


def dot_of(case: Case, metric: str, protocol: str, statistic: str) -> Dot:
    """Return a statistic of a case in the unit of its axis, with its interval or range of draws."""
    found = case.spread(metric, protocol, statistic)
    factor = 100.0 if statistic == "coverage" else 1.0
    return Dot(value=factor * found.value, low=factor * found.low, high=factor * found.high)


def shown_statistics(cases: Iterable[Case]) -> list[str]:
    """Return the statistics that some case has a value of."""
    values = {
        statistic: [
            dot_of(case, metric, protocol, statistic).value
            for case in cases
            for metric in case.metrics
            for protocol in case.protocols(metric)
        ]
        for statistic in STATISTICS
    }
    return [statistic for statistic in STATISTICS if np.isfinite(values[statistic]).any()]


def published_of(
    study: Mapping[str, Any], case: Case, metric: str, statistic: str
) -> list[tuple[float, str]]:
    """Return the different published values of a case, each with its protocol."""
    known = published_values(study, statistic)
    keys = [(job["job"], metric) for job in case.jobs]
    return sorted({known[key] for key in keys if key in known})


def draw_published(axes: Axes, x: float, y: float) -> None:
    """Draw a published value as a hollow diamond."""
    axes.plot(x, y, PUBLISHED.marker, color=PUBLISHED.colour, zorder=3, **_PUBLISHED_MARKER)


def case_label(case: Case, metric: str, *, metrics: Sequence[str]) -> str:
    """A case in words, with its metric where there are several."""
    parts = [case.label()] if case.settings else []
    if len(metrics) > 1 or not parts:
        parts.append(metric)
    return ", ".join(parts)


def setting_title(name: str) -> str:
    """A setting in words, with the part of the configuration that it stands in."""
    return " ".join(name.split(".")[-2:]).replace("_", " ")


def prepare_value_axis(axes: Axes, statistic: str, *, vertical: bool) -> None:
    """Set ticks of an axis of correlations or of coverage, and draw the line of chance."""
    axis = axes.yaxis if vertical else axes.xaxis
    axis.set_major_locator(round_ticks(6 if vertical else 4))
    if statistic == "coverage":
        (axes.set_ylim if vertical else axes.set_xlim)(-4, 104)
        axis.set_major_locator(round_ticks(4))
        return
    (axes.axhline if vertical else axes.axvline)(0, **CHANCE_LINE)


def write_legend(
    figure: Figure, protocols: Sequence[str], *, spread: Artist, published: bool, joined: bool
) -> None:
    """Write one legend below all panels.

    Args:
        figure: In constrained layout.
        protocols: Those that are drawn.
        spread: What stands for bars or bands, with its label.
        published: Whether published values are drawn.
        joined: Whether the points of a protocol are joined by a line.
    """
    handles: list[Artist] = [
        look_of(name).handle(name.replace("_", " "), line=joined) for name in protocols
    ]
    if published:
        handles.append(PUBLISHED.handle("published", **_PUBLISHED_MARKER))
    figure.legend(handles=[*handles, spread], loc="outside lower center", ncols=len(handles) + 1)


def bar_handle(cases: Sequence[Case]) -> Line2D:
    """Return what stands for bars in a legend."""
    return Line2D([], [], color=DARK, linewidth=1.1, label=spread_in_words(cases))


def spread_in_words(cases: Sequence[Case]) -> str:
    """What bars or bands are: intervals of single jobs, or the range of several draws."""
    draws = sorted({len(case.jobs) for case in cases if case.is_drawn_again})
    if not draws:
        return "95 % interval"
    return f"mean and range of {'–'.join(map(str, dict.fromkeys((draws[0], draws[-1]))))} draws"
