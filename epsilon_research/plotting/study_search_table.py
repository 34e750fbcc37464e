"""What the searches of a study found: a row for each variant of each case."""

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Any

from rich.table import Table
from rich.text import Text

from epsilon_research.plotting.notes import are_fractions, percent, variant_label
from epsilon_research.plotting.search_table import EARLY, value_words
from epsilon_research.plotting.study_cells import name_cells, setting_words, study_frame
from epsilon_research.plotting.study_record import Case, number, spread_of


def searches(cases: Sequence[Case], names: Sequence[str], *, wide: bool) -> Table:
    """Medians over repeats after few and after all trained models, and models to the target.

    Of several draws of a case it shows the means: of the models to the target over those draws in
    which half of the repeats reach it, of everything else over all.
    """
    table = study_frame(names, wide=wide)
    table.add_column("variant", overflow="fold", min_width=16)
    curves = [
        entry["median_curve"]
        for case in cases
        for job in case.jobs
        for entry in (job.get("search") or {}).values()
    ]
    early = min([EARLY, *map(len, curves)])
    for heading in (
        f"after\n{early}", "at the\nend", "models\ntrained", "target", "models to it\n(% reach it)"
    ):  # fmt: skip
        table.add_column(heading, justify="right", no_wrap=True)
    for case in cases:
        shown = True
        found = [job.get("search") or {} for job in case.jobs]
        for variant in dict.fromkeys(name for entries in found for name in entries):
            entries = [part[variant] for part in found if variant in part]
            table.add_row(
                *name_cells(setting_words(case, shown=shown), wide=wide),
                Text(variant_label(entries[0])),
                *_cells(entries, early=early),
            )
            shown = False
    return table


def _cells(entries: Sequence[Mapping[str, Any]], *, early: int) -> list[str]:
    fractions = are_fractions({str(draw): entry for draw, entry in enumerate(entries)})
    curves = [entry["median_curve"] for entry in entries]
    targets = [next(iter(entry["targets"].values()), {}) for entry in entries]
    models, reached = _mean(targets, "median_models"), _mean(targets, "reached_share")
    share = percent(reached)
    return [
        value_words(_mean(curves, early - 1), fractions=fractions),
        value_words(_mean(curves, -1), fractions=fractions),
        f"{_mean(entries, 'budget'):,.0f}",
        value_words(_mean(targets, "accuracy"), fractions=fractions),
        f"{models:,.0f} ({share})" if isfinite(models) else f"– ({share})",
    ]


def _mean(parts: Sequence[Any], key: str | int) -> float:
    """Over draws, of one number of each; NaN where none has it."""
    return spread_of([number(part[key]) if part else nan for part in parts]).value
