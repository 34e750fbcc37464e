"""What the jobs of a study measured, a row for each combination of settings; a run is one case."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import TypeVar

from epsilon_research.reporting.numbers import (
    NOTHING,
    accuracy,
    count,
    count_range,
    heading,
    interval,
    mean_and_std,
    percent,
    setting,
    value,
)
from epsilon_research.reporting.published import COUNT
from epsilon_research.reporting.run import Moments, Run, SearchVariant, Spread
from epsilon_research.reporting.study import Case, metrics_of, spread_of
from epsilon_research.reporting.table import Table

_EARLY = 10
"""Trained models after which a table first looks at the curve of a search."""

Value = TypeVar("Value")

Rows = Iterable[tuple[Case, Sequence[str]]]
"""Cells of each row, with the case that it is of."""


def settings_heading(case: Case) -> str:
    """Return the heading of a column of settings."""
    names = list(case.settings)
    return names[0].replace(".", ".\n") if len(names) == 1 else "settings" if names else "row"


def cases_table(
    title: str, head: Sequence[str], rows: Rows, *, align: str, note: str = ""
) -> list[Table]:
    """Return a table with a column of settings in front where cases have some; [] without rows.

    Words on the left that are those of the row above are left out.
    """
    found = list(rows)
    if not found:
        return []
    case, lines = found[0][0], [tuple(cells) for _, cells in found]
    if case.settings:
        lines = [(one.label(separator="\n"), *cells) for one, cells in found]
        head, align = (settings_heading(case), *head), f"l{align}"
    labels = max(len(align) - len(align.lstrip("l")) - 1, 0)
    shown = [
        tuple(
            "" if place < labels and line[: place + 1] == before[: place + 1] else word
            for place, word in enumerate(line)
        )
        for before, line in zip([(), *lines], lines, strict=False)
    ]
    return [Table(title=title, head=head, rows=shown, note=note, align=align)]


def statistics_table(
    title: str, cases: Sequence[Case], names: Sequence[str], *, spread: Collection[str], note: str
) -> list[Table]:
    """Return the statistics `names` with a row for each case, metric and protocol.

    Of those in `spread` the interval, or the standard deviation over draws, is shown too.
    """
    several = ["metric"] if len(metrics_of(cases)) > 1 else []
    rows = (
        (case, (*[metric][: len(several)], protocol, *(
            statistic(case.spread(metric, protocol, name), name, spread=name in spread)
            for name in names
        )))
        for case in cases
        for metric in case.metrics
        for protocol in case.protocols(metric)
    )  # fmt: skip
    align = f"{'l' * len(several)}l{'r' * len(names)}"
    return cases_table(
        title, (*several, "protocol", *map(heading, names)), rows, align=align, note=note
    )


def statistic(found: Spread, name: str, *, spread: bool) -> str:
    """Return a number; with `spread` also its interval, or its standard deviation over draws."""
    if name == COUNT and found.low < found.high:
        return count_range((found.low, found.high))
    if spread and isfinite(found.std):
        return mean_and_std(found.value, found.std, name)
    ends = interval((found.low, found.high), name) if spread else ""
    return f"{value(found.value, name)}\n{ends}".rstrip()


def measured_tables(cases: Sequence[Case]) -> list[Table]:
    """Return searches, weights, repeats and choices; of several draws the mean."""
    return [
        *_searches(cases),
        *cases_table(
            "Weights chosen by a rule", ("rule", "chosen", "it found", "tried"),
            _weight_rules(cases), align="lllr",
        ),
        *cases_table(
            "The same architectures ranked again",
            ("metric", "with another", "repeats", "n", "cov. %", "mean ρ", "min ρ",
             "top10\noverlap %"),
            _stability(cases), align="llrrrrrr",
        ),
        *cases_table(
            "One architecture without training",
            ("sample", "chosen by", "test", "validation", "rank"),
            _choices(cases), align="rlrrr", note="mean ± standard deviation over samples",
        ),
    ]  # fmt: skip


def _mean(values: Iterable[float]) -> float:
    return spread_of(list(values)).value


def _by_name(parts: Iterable[Mapping[str, Value]]) -> dict[str, list[Value]]:
    """What several draws have under one name, in the order of first mention."""
    found: dict[str, list[Value]] = {}
    for name, value_ in (item for part in parts for item in part.items()):
        found.setdefault(name, []).append(value_)
    return found


def _draws(
    cases: Sequence[Case], part: Callable[[Run], Mapping[str, Value]]
) -> Iterator[tuple[Case, str, list[Value]]]:
    """The draws of each named part of the runs of a case."""
    for case in cases:
        for name, found in _by_name(part(job.run) for job in case.jobs).items():
            yield case, name, found


def _searches(cases: Sequence[Case]) -> list[Table]:
    found = [(case, draws) for case, _, draws in _draws(cases, lambda run: run.search)]
    every = [one for _, draws in found for one in draws]
    early = min([_EARLY, *(len(one.median_curve) for one in every)])
    about = [
        f"{one.reported.replace('_', ' ')}, median over {one.repeats} repeats, selected on "
        f"{one.selected_on}, protocol {one.protocol}"
        for one in every
    ]
    return cases_table(
        "Search",
        ("variant", f"after\n{early}", "at the end,\nquartiles", "models\ntrained",
         "models to target\n(% reach it)", "re-\npeats %"),
        ((case, _searched(draws, early=early)) for case, draws in found),
        align="lrrrrr",
        note="\n".join(dict.fromkeys(about)),
    )  # fmt: skip


def _searched(draws: Sequence[SearchVariant], *, early: int) -> list[str]:
    def reached(values: Iterable[float]) -> str:
        return accuracy(_mean(values), fractions=draws[0].are_fractions)

    targets = [next(iter(one.targets.values())) for one in draws if one.targets]
    share = percent(_mean(one.reached_share for one in targets), unit=" %")
    low, high = (
        reached(getattr(one, name)[-1] for one in draws) for name in ("low_curve", "high_curve")
    )
    return [
        draws[0].label,
        reached(one.median_curve[early - 1] for one in draws),
        f"{reached(one.median_curve[-1] for one in draws)}\n{low}–{high}",
        count(_mean(float(one.budget) for one in draws)),
        f"{count(_mean(one.median_models for one in targets))} ({share})\n"
        f"to {reached(one.accuracy for one in targets)}",
        percent(_mean(one.repeat_share for one in draws)),
    ]


def _weight_rules(cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[str]]]:
    for case in cases:
        for rule in (job.run.weight_rule for job in case.jobs):
            if rule is not None:
                limits = {"limits": rule.limits} if rule.limits else {}
                found = {**limits, **rule.picks}.items()
                tried = sum(map(len, (rule.tried, rule.low, rule.high)))
                pairs = "\n".join(f"{name}: {_weights(pair)}" for name, pair in found)
                yield case, (
                    rule.rule or NOTHING, _weights(rule.weights), pairs, count(tried or nan)
                )  # fmt: skip


def _weights(weights: Sequence[float] | None) -> str:
    if not weights:
        return "no pair"
    return setting(weights) if all(map(isfinite, weights)) else NOTHING


def _stability(cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[str]]]:
    for case, metric, kinds in _draws(cases, lambda run: run.stability):
        for drawn, found in _by_name(kinds).items():
            cells = (
                metric,
                drawn,
                count(_mean(one.repeats for one in found)),
                count(_mean(one.n for one in found)),
                percent(_mean(one.coverage for one in found)),
                value(_mean(one.mean_rho for one in found)),
                value(min(one.min_rho for one in found)),
                percent(_mean(one.mean_top10_overlap for one in found)),
            )
            yield case, cells


def _choices(cases: Sequence[Case]) -> Iterator[tuple[Case, Sequence[str]]]:
    """The best-scored of each sample, beside one by chance and the best there."""
    for case, size, found in _draws(cases, lambda run: run.selection):
        factor = 100 if found[0].higher_is_better else 1
        chosen = _by_name(
            {**one.by_metric, "chance": one.random, "the best there": one.optimum} for one in found
        )
        for place, (name, choices) in enumerate(chosen.items()):
            rank = _mean(one.mean_rank for one in choices)
            cells = (
                "" if place else f"{int(size):,}",
                name,
                _moments([one.test_accuracy for one in choices], factor),
                _moments([one.validation_accuracy for one in choices], factor),
                f"{rank:,.1f}" if isfinite(rank) else NOTHING,
            )
            yield case, cells


def _moments(found: Sequence[Moments], factor: float) -> str:
    mean, std = factor * _mean(one.mean for one in found), factor * _mean(one.std for one in found)
    if not isfinite(mean):
        return NOTHING
    return f"{mean:.2f} ± {std:.2f}" if isfinite(std) else f"{mean:.2f}"
