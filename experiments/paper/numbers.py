"""How the page of the paper writes numbers and names of statistics."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from experiments.paper.html import Html, escaped, joined, tag

NOTHING = "–"
"""Stands for what is undefined."""

STATISTICS = {
    "n": "n",
    "coverage": "coverage\N{NO-BREAK SPACE}%",
    "spearman_rho": "ρ",
    "spearman_rho_top10": "ρ in top 10\N{NO-BREAK SPACE}%",
    "kendall_tau": "τ",
    "kendall_tau_top10": "τ in top 10\N{NO-BREAK SPACE}%",
    "top10_overlap_percent": "top 10 % / top\N{NO-BREAK SPACE}10\N{NO-BREAK SPACE}%",
    "top64_in_top5": "top 64 / top\N{NO-BREAK SPACE}5\N{NO-BREAK SPACE}%",
    "ndcg": "nDCG",
}
"""Headings, in the order of columns."""

EXACT = ("n",)
"""Statistics that are counts, and must be equal to the published ones."""

MEAN_AND_SPREAD = {"mean", "std"}
"""What a mapping holds that is written as one number ± another."""

_CORRELATION_DECIMALS = 3
_LONGEST_LIST = 6


def is_number(value: object) -> bool:
    """Whether a value of a record is a number that can be shown."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def heading(statistic: str) -> str:
    """A statistic's name in a table."""
    return STATISTICS.get(statistic, statistic.replace("_", " "))


def in_order(statistics: Iterable[str]) -> list[str]:
    """Statistics as columns: the usual ones in their order, then others in theirs."""
    given = list(dict.fromkeys(statistics))
    return [name for name in STATISTICS if name in given] + [
        name for name in given if name not in STATISTICS
    ]


def ours(value: int | float | None, statistic: str) -> Html:
    """A computed value, rounded; the whole of it is in the page too."""
    return _number(value, _rounded(value, statistic) if is_number(value) else NOTHING)


def published(value: int | float | None, statistic: str) -> Html:
    """A published value with the decimals it was published with."""
    return _number(value, _as_published(value, statistic) if is_number(value) else NOTHING)


def difference(value: int | float | None, statistic: str) -> Html:
    """A difference, with its sign."""
    if not is_number(value):
        return _number(None, NOTHING)
    assert value is not None
    text = _rounded(abs(value), statistic)
    # What rounds to nothing has no sign.
    zero = not text.strip("0.,")
    return _number(value, text if zero else ("+" if value > 0 else "−") + text)


def interval(ends: Sequence[int | float | None] | None, statistic: str) -> Html:
    """The ends of an interval in brackets; empty where it is unknown."""
    if ends is None or not all(map(is_number, ends)):
        return Html("")
    return joined(["[", joined((ours(end, statistic) for end in ends), ", "), "]"])


def share(part: int | float, *, decimals: int = 1) -> str:
    """A fraction in percent, without the sign of percent."""
    return f"{100 * part:.{decimals}f}"


def is_told(value: object) -> bool:
    """Whether a value of a record says anything: undefined ones, alone or in a mapping, do not."""
    if isinstance(value, Mapping):
        return any(map(is_told, value.values()))
    return value is not None and not (isinstance(value, float) and not isfinite(value))


def plain(value: object) -> Html:
    """Any other value of a record in a few words."""
    if not is_told(value):
        return escaped(NOTHING)
    if isinstance(value, bool):
        return escaped("yes" if value else "no")
    if isinstance(value, int | float):
        text = f"{value:,}" if isinstance(value, int) else _short_exponent(f"{value:.4g}")
        return _number(value, _minus(text))
    if isinstance(value, Mapping):
        if set(value) == MEAN_AND_SPREAD:
            return joined([plain(value["mean"]), " ± ", plain(value["std"])])
        return joined((joined([key, " ", plain(part)]) for key, part in value.items()), ", ")
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = [plain(part) for part in value[:_LONGEST_LIST]]
        return joined([*shown, "…"] if len(value) > _LONGEST_LIST else shown, ", ")
    return escaped(value)


def setting(value: object) -> str:
    """A setting as it would be typed."""
    if isinstance(value, list | tuple):
        return f"[{','.join(map(setting, value))}]"
    if isinstance(value, float):
        return _short_exponent(f"{value:g}")
    return str(value)


def _short_exponent(text: str) -> str:
    """1e-7, where Python writes 1e-07."""
    return re.sub(r"e([+-])0(?=\d)", r"e\1", text)


def _number(value: int | float | None, text: str) -> Html:
    return tag("data", text, value=repr(value)) if is_number(value) else escaped(text)


def _rounded(value: int | float | None, statistic: str) -> str:
    assert value is not None
    if statistic == "coverage":
        return share(value)
    if statistic == "n":
        return f"{value:,.0f}"
    if statistic == "top10_overlap_percent":
        return f"{value:.1f}"
    if statistic == "top64_in_top5":
        return f"{value:.0f}" if value == round(value) else f"{value:.1f}"
    if statistic in STATISTICS:
        return _minus(f"{value:.{_CORRELATION_DECIMALS}f}")
    return _minus(f"{value:.4g}")


def _as_published(value: int | float | None, statistic: str) -> str:
    assert value is not None
    if statistic == "coverage":
        return f"{100 * value:.4g}"
    if statistic in ("n", "top10_overlap_percent", "top64_in_top5"):
        return f"{value:,.10g}"
    # JSON drops the last zero of 0.30.
    two = f"{value:.2f}"
    return _minus(two if float(two) == value else repr(value))


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
