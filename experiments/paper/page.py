"""The page of the paper: what each study asks, ran with and found, published against ours."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from epsilon_research.atomic_file import write_atomically
from epsilon_research.reporting.numbers import duration, percent
from epsilon_research.reporting.page import render
from epsilon_research.reporting.published import Comparison, agreement_table, in_words
from epsilon_research.reporting.report import study_section
from epsilon_research.reporting.study import Study
from experiments.paper.files import DATA_VARIABLE
from experiments.paper.plan import shown, without_folder
from experiments.paper.run import Outcome, State

_TITLE = "Epsilon: every table and figure, published against ours"
_LEAD = ("agreement", "coverage %", "time")
_SUCCEEDED = {State.DONE: True, State.KEPT: True, State.FAILED: False}


def write_page(path: Path, outcomes: Sequence[Outcome], **about: Any) -> None:
    """Write the page as `page` renders it; a reader never sees half of it.

    Raises:
        OSError: It cannot be written; an older one is still there.
    """
    content = page(outcomes, **about).encode("utf-8")
    write_atomically(path, lambda handle: handle.write(content))


def page(
    outcomes: Sequence[Outcome], *, made: str, data: Path | None = None, finished: bool = True
) -> str:
    """Return the whole page as HTML.

    Args:
        outcomes: What became of each study.
        made: Date, machine, commit and versions in a sentence.
        data: Folder of data files, which the page calls by its variable only.
        finished: Whether all studies had their turn.
    """
    lacking = [one.plan for one in outcomes if one.plan.missing]
    table = agreement_table(compared(outcomes))
    return render(
        "paper.html.jinja",
        title=_TITLE,
        lead=_LEAD,
        agreement=[] if table is None else [table],
        sections=[_section(one, data) for one in outcomes],
        took=duration(sum(one.seconds for one in outcomes)),
        finished=finished,
        provenance=made,
        lacking={plan.report.title: plan.lacks for plan in lacking},
        files={kind.name: kind.advice for plan in lacking for kind in plan.missing},
        waiting=[
            one.plan.name
            for one in outcomes
            if one.state not in _SUCCEEDED and not one.plan.missing
        ],
    )


def compared(outcomes: Iterable[Outcome]) -> list[Comparison]:
    """Return all numbers of the studies that stand beside published ones."""
    return [row for one in outcomes if one.study is not None for row in one.study.comparisons]


def _section(one: Outcome, data: Path | None) -> dict[str, Any]:
    """What the template shows of a study."""
    report = one.plan.report
    return {
        "anchor": f"study-{one.plan.name}",
        "title": report.title,
        "question": report.question,
        "state": one.state,
        "succeeded": _SUCCEEDED.get(one.state),
        "lead": _lead(one),
        "failure": _failure(one, data) if one.state == State.FAILED else "",
        "command": shown(one.command, data=data),
        "made": _made(one, data),
        **({"facts": {}, "parts": [], "pictures": []} if one.study is None else
           _results(one.study, one.folder, data)),
    }  # fmt: skip


def _lead(one: Outcome) -> tuple[str, str, str]:
    time = duration(one.seconds) if one.seconds else ""
    if one.study is None:
        return ("", "", time)
    firsts = [next(iter(job.run.metrics.values()), {}) for job in one.study.jobs]
    shares = [found["paper"]["coverage"] for found in firsts if "paper" in found]
    ends = [percent(share) for share in (min(shares), max(shares))] if shares else []
    return (in_words(one.study.comparisons), " to ".join(dict.fromkeys(ends)), time)


def _failure(one: Outcome, data: Path | None) -> str:
    reason = without_folder(str(one.reason), data)
    rest = "What is below is of the jobs that finished. " if one.study is not None else ""
    return f"{reason}. {rest}({one.plan.name}.log has all of its output.)"


def _made(one: Outcome, data: Path | None) -> str:
    took = f"Took {duration(one.seconds)}. " if one.seconds else ""
    kept = f"Kept from {one.finished}. " if one.state == State.KEPT else ""
    uses = f"${DATA_VARIABLE}" in shown(one.command, data=data)
    where = f"{DATA_VARIABLE} is the folder of data files." if uses else ""
    return f"{took}{kept}{where}".strip()


def _results(study: Study, folder: Path, data: Path | None) -> dict[str, Any]:
    section = study_section(study, folder)
    facts = {name: without_folder(words, data) for name, words in section["facts"].items()}
    return section | {"facts": facts}
