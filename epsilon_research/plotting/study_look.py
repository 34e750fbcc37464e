"""What the figures of studies share: a colour and marker for each protocol, words, legends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epsilon_research.plotting.study_record import Case
from epsilon_research.plotting.style import BLUE, DARK, VERMILION

PANELS = {
    "spearman_rho": "Spearman's ρ",
    "spearman_rho_top10": "Spearman's ρ among\nthe 10 % most accurate",
    "coverage": "coverage (%)",
}
"""What each panel shows: statistics by name."""

CHANCE_LINE: dict[str, Any] = {"color": "#777777", "linewidth": 0.6, "zorder": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a protocol is drawn: distinct in colour and, in grey, in its marker."""

    colour: str
    marker: str


# Okabe and Ito's palette.
_LOOKS = {
    "paper": Look(colour=VERMILION, marker="o"),
    "connected": Look(colour=BLUE, marker="s"),
    "worst": Look(colour="#E69F00", marker="^"),
    "unique": Look(colour="#009E73", marker="v"),
    "common": Look(colour="#CC79A7", marker="P"),
    "common_float32": Look(colour="#56B4E9", marker="X"),
}
_OTHER = Look(colour=DARK, marker="h")


def look_of(protocol: str) -> Look:
    """Colour and marker of a protocol, the same in every figure."""
    return _LOOKS.get(protocol, _OTHER)


def case_label(case: Case, metric: str, *, metrics: Sequence[str]) -> str:
    """A case in words; with its metric where there are several."""
    parts = [case.label()] if case.settings else []
    if len(metrics) > 1 or not parts:
        parts.append(metric)
    return ", ".join(parts)


def setting_title(name: str) -> str:
    """A setting in words, with the part of the configuration that it stands in."""
    return " ".join(name.split(".")[-2:]).replace("_", " ")


def weight_labels(weights: Sequence[int | float]) -> list[str]:
    """Weights as ticks: plain numbers, or powers of ten as soon as one would be long."""
    if all(0.01 <= abs(weight) < 1000 or weight == 0 for weight in weights):
        return [f"{weight:g}".replace("-", "−") for weight in weights]
    return [_power(weight) for weight in weights]


def _power(weight: float) -> str:
    if weight == 0 or 1 <= abs(weight) < 100:
        return f"{weight:g}"
    digits, _, exponent = f"{weight:.2e}".partition("e")
    power = f"10^{{{int(exponent)}}}"
    factor = f"{float(digits):g}"
    return f"${power}$" if factor == "1" else f"${factor}\\cdot{power}$"


def dress_value_axis(axes: Axes, statistic: str, *, vertical: bool) -> None:
    """Ticks of an axis of correlations or of coverage, and the line of chance.

    Args:
        axes: The panel.
        statistic: Key of `PANELS`.
        vertical: Whether values are on the vertical axis.
    """
    axis = axes.yaxis if vertical else axes.xaxis
    set_limits = axes.set_ylim if vertical else axes.set_xlim
    axis.set_major_locator(MaxNLocator(nbins=4 if not vertical else 6, steps=[1, 2, 2.5, 5, 10]))
    if statistic == "coverage":
        set_limits(-4, 104)
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2.5, 5, 10]))
        return
    (axes.axhline if vertical else axes.axvline)(0, **CHANCE_LINE)


PUBLISHED_MARKER: dict[str, Any] = {
    "marker": "D",
    "markersize": 5.2,
    "markeredgewidth": 0.9,
    "markerfacecolor": "none",
}


def write_legend(
    figure: Figure, protocols: Sequence[str], *, spread: Artist, published: bool, joined: bool
) -> None:
    """One legend below all panels.

    Args:
        figure: In constrained layout.
        protocols: Those that are drawn.
        spread: What stands for bars or bands, with its label.
        published: Whether published values are drawn.
        joined: Whether the points of a protocol are joined by a line.
    """
    handles: list[Artist] = [_protocol_handle(protocol, joined=joined) for protocol in protocols]
    if published:
        handles.append(
            Line2D([], [], linestyle="", color=DARK, label="published", **PUBLISHED_MARKER)
        )
    figure.legend(
        handles=[*handles, spread], loc="outside lower center", ncols=len(handles) + 1,
        frameon=False, handlelength=1.5, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


def _protocol_handle(protocol: str, *, joined: bool) -> Line2D:
    look = look_of(protocol)
    return Line2D(
        [], [], color=look.colour, marker=look.marker, markersize=3.6, markeredgewidth=0.6,
        linestyle="-" if joined else "", linewidth=1.1, label=protocol.replace("_", " "),
    )  # fmt: skip


def bar_handle(cases: Sequence[Case]) -> Line2D:
    """What stands for bars in a legend."""
    return Line2D([], [], color=DARK, linewidth=1.1, label=words_for_spread(cases))


def words_for_spread(cases: Sequence[Case]) -> str:
    """What bars or bands are: of single jobs their intervals, else the draws' range."""
    draws = sorted({len(case.jobs) for case in cases if case.is_drawn_again})
    if not draws:
        return "95 % interval"
    number = f"{draws[0]}" if len(draws) == 1 else f"{draws[0]}–{draws[-1]}"
    return f"mean and range of {number} draws"
