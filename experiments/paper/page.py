"""The page of the paper: what each study asks, ran with and found, published against ours."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from epsilon_research.reporting.numbers import duration, percent
from epsilon_research.reporting.page import render
from epsilon_research.reporting.published import Comparison, agreement_table, in_words
from epsilon_research.reporting.report import study_section
from epsilon_research.reporting.study import Study
from experiments.paper.plan import DATA_VARIABLE, shown, without_folder
from experiments.paper.run import Outcome, State

_SUCCEEDED = {State.DONE: True, State.KEPT: True, State.FAILED: False}


def page(
    outcomes: Sequence[Outcome], *, made: str, data: Path | None = None, finished: bool = True
) -> str:
    """Return the whole page as HTML.

    `made` has date, machine, commit and versions; `finished` says whether all studies had their
    turn. The folder `data` of data files is called by its variable only.
    """
    lacking = [one.plan for one in outcomes if one.plan.missing]
    idle = [one.plan for one in outcomes if one.state not in _SUCCEEDED]
    table = agreement_table(compared(outcomes))
    return render(
        "paper.html.jinja",
        title="Epsilon: every table and figure, published against ours",
        lead=("agreement", "coverage %", "time"),
        agreement=[] if table is None else [table],
        sections=[_section(one, data) for one in outcomes],
        took=duration(sum(one.seconds for one in outcomes)),
        finished=finished,
        provenance=made,
        lacking={plan.report.title: plan.lacks for plan in lacking},
        files={kind.name: kind.advice for plan in lacking for kind in plan.missing},
        waiting=[plan.name for plan in idle if not plan.missing],
    )


def compared(outcomes: Iterable[Outcome]) -> list[Comparison]:
    """Return all numbers of the studies that stand beside published ones."""
    return [row for one in outcomes if one.study is not None for row in one.study.comparisons]


def _section(one: Outcome, data: Path | None) -> dict[str, Any]:
    """What the template shows of a study."""
    report, command = one.plan.report, shown(one.command, data=data)
    agreement, coverage, time = "", "", duration(one.seconds) if one.seconds else ""
    results: dict[str, Any] = {"facts": {}, "parts": [], "pictures": []}
    if one.study is not None:
        agreement, coverage = in_words(one.study.comparisons), _coverage(one.study)
        results = study_section(one.study, one.folder)
        facts = {name: without_folder(words, data) for name, words in results["facts"].items()}
        results["facts"] = facts
    made = [
        f"Took {time}." if time else "",
        f"Kept from {one.finished}." if one.state == State.KEPT else "",
        f"{DATA_VARIABLE} is the folder of data files." if f"${DATA_VARIABLE}" in command else "",
    ]
    return {
        "anchor": f"study-{one.plan.name}",
        "title": report.title,
        "question": report.question,
        "state": one.state,
        "succeeded": _SUCCEEDED.get(one.state),
        "lead": (agreement, coverage, time),
        "failure": _failure(one, data) if one.state == State.FAILED else "",
        "command": command,
        "made": " ".join(filter(None, made)),
        **results,
    }


def _coverage(study: Study) -> str:
    firsts = [next(iter(job.run.metrics.values()), {}) for job in study.jobs]
    shares = [found["paper"]["coverage"] for found in firsts if "paper" in found]
    ends = [percent(share) for share in (min(shares), max(shares))] if shares else []
    return " to ".join(dict.fromkeys(ends))


def _failure(one: Outcome, data: Path | None) -> str:
    reason = without_folder(str(one.reason), data)
    rest = "What is below is of the jobs that finished. " if one.study is not None else ""
    return f"{reason}. {rest}({one.plan.name}.log has all of its output.)"
