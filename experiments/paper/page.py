"""The page of the paper: published against ours, study by study, in one file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from epsilon_research.atomic_file import write_atomically
from epsilon_research.plotting.terminal import duration
from epsilon_research.reporting.agreement_table import agreement_table
from epsilon_research.reporting.published import agreements
from experiments.paper.agreement import compared, coverage, in_words
from experiments.paper.comparison import comparison_table, protocols_table
from experiments.paper.facts import figures, findings, run_facts, span_of_shares
from experiments.paper.files import DATA_VARIABLE
from experiments.paper.html import Html, escaped, joined, table, tag
from experiments.paper.plan import shown, without_folder
from experiments.paper.run import Outcome, State
from experiments.paper.style import STYLE

_TITLE = "Epsilon: every table and figure, published against ours"
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Tells the browser to fetch nothing, whatever the page holds."""

_RAN = (State.DONE, State.KEPT, State.FAILED)

_PROTOCOLS = """\
Protocol “paper” counts the architectures that the published float32 code could score, “connected”
every connected architecture, “worst” all of them with undefined scores ranked last, “unique” each
distinct function once. ρ is Spearman’s, τ Kendall’s τ-b correlation of scores with trained results;
a positive value always means that better architectures get higher scores. Coverage is the share of
all architectures that a statistic stands on. ✓ stands where our value differs from the published
one by no more than the margin that chance explains, ✗ where it differs by more; values marked
“exact” are counts, and agree only if they are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where and when the page was made.

    Args:
        date: In ISO format.
        commit: Of the checkout; None if it is in no repository.
        versions: Of Python and packages.
        hardware: A line on the machine.
        seconds: Wall time of all studies on the page, also of those that are kept.
        data: Folder of data files, told by its variable only.
        finished: Whether all studies had their turn.
    """

    date: str
    commit: str | None
    versions: dict[str, str]
    hardware: str
    seconds: float
    data: Path | None = None
    finished: bool = True


def write_page(outcomes: Sequence[Outcome], provenance: Provenance, path: Path) -> None:
    """Writes the page; a reader never sees half of it.

    Raises:
        OSError: It cannot be written; an older one is still there.
    """
    content = page(outcomes, provenance).encode("utf-8")
    write_atomically(path, lambda handle: handle.write(content))


def page(outcomes: Sequence[Outcome], provenance: Provenance) -> str:
    """The whole page as HTML."""
    ran = [outcome for outcome in outcomes if outcome.state in _RAN]
    out = [outcome for outcome in outcomes if outcome.state not in _RAN]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", _TITLE),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "body",
        _header(outcomes, provenance),
        _overview(outcomes),
        tag("main", *(_section(outcome, provenance) for outcome in ran)),
        _left_out(out),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en-GB')}\n"


def _header(outcomes: Sequence[Outcome], provenance: Provenance) -> Html:
    article = tag("a", "arXiv 2302.04406", href="https://arxiv.org/abs/2302.04406")
    lead = tag(
        "p",
        "Epsilon scores an untrained network by how differently its outputs are distributed when "
        "all its weights are one small constant and when they are one large constant (",
        article,
        "). This page repeats its published tables and figures by one command each and puts the "
        "results beside the published numbers.",
        class_="lead",
    )
    return tag(
        "header",
        tag("h1", _TITLE),
        lead,
        _merits(outcomes, provenance),
        _agreement(outcomes),
        tag("p", _PROTOCOLS.replace("\n", " "), class_="soft small"),
        tag("p", _provenance(provenance), class_="provenance"),
    )


def _agreement(outcomes: Sequence[Outcome]) -> Html:
    """How all studies agree with the published numbers, one row for each statistic."""
    found = agreement_table(
        agreements(one for outcome in outcomes for one in compared(outcome.record))
    )
    if found is None:
        return Html("")
    head = [heading.replace("\n", " ") for heading in found.head]
    rows = table(head, found.rows, class_="numbers small")
    return joined([tag("h2", found.title), rows, tag("p", found.note, class_="soft small")])


def _merits(outcomes: Sequence[Outcome], provenance: Provenance) -> Html:
    ran = sum(outcome.record is not None for outcome in outcomes)
    merits = [
        (f"{ran} of {len(outcomes)}", "studies with results"),
        (duration(provenance.seconds), "altogether" if provenance.finished else "so far"),
    ]
    return tag(
        "ul",
        *(tag("li", tag("b", number), tag("span", words)) for number, words in merits),
        class_="figures-of-merit",
    )


def _provenance(provenance: Provenance) -> Html:
    state = "" if provenance.finished else "Still running, or interrupted. "
    versions = ", ".join(f"{name} {number}" for name, number in provenance.versions.items())
    commit = provenance.commit or "unknown"
    return escaped(
        f"{state}Made {provenance.date} by python -m experiments.paper on {provenance.hardware}. "
        f"Commit {commit}. Versions: {versions}."
    )


def _overview(outcomes: Sequence[Outcome]) -> Html:
    head = ("study", "question", "agreement", "coverage %", "time", "state")
    rows = table(head, map(_overview_row, outcomes), class_="overview small")
    return tag("section", tag("h2", "Overview"), rows)


def _overview_row(outcome: Outcome) -> tuple[object, ...]:
    report = outcome.plan.study.report
    ends = coverage(outcome.record)
    ran = outcome.state in _RAN
    anchor = f"#{_anchor(outcome)}" if ran else "#left-out"
    return (
        tag("a", report.title, href=anchor),
        report.question,
        in_words(compared(outcome.record)),
        span_of_shares(ends) if ends else "",
        duration(outcome.seconds) if outcome.seconds is not None else "",
        _state(outcome),
    )


def _state(outcome: Outcome) -> Html:
    kind = {State.DONE: "yes", State.KEPT: "yes", State.FAILED: "no"}.get(outcome.state, "unknown")
    return tag("span", outcome.state, class_=f"mark {kind}")


def _anchor(outcome: Outcome) -> str:
    return f"study-{outcome.name}"


def _section(outcome: Outcome, provenance: Provenance) -> Html:
    report, record = outcome.plan.study.report, outcome.record
    parts: list[object] = [
        tag("h2", report.title),
        tag("p", report.question, class_="question"),
        _failure(outcome, provenance),
        tag("pre", tag("code", shown(outcome.command, data=provenance.data))),
        _when(outcome, provenance),
    ]
    if record is not None:
        parts += [
            run_facts(record, commit=provenance.commit, data=provenance.data),
            *map(comparison_table, record["published"]),
            _remark(report.remark),
            protocols_table(record),
            findings(record),
            figures(record, outcome.folder),
        ]
    return tag("section", *parts, id=_anchor(outcome))


def _remark(words: str) -> Html:
    return tag("p", tag("strong", "To read it: "), words) if words else Html("")


def _failure(outcome: Outcome, provenance: Provenance) -> Html:
    if outcome.state != State.FAILED:
        return Html("")
    reason = without_folder(str(outcome.reason), provenance.data)
    words = "What is below is of the runs that ended well. " if outcome.record else ""
    return tag(
        "p", tag("strong", "Failed: "), f"{reason}. {words}(", f"{outcome.name}.log",
        " has all that it said.)", class_="failure",
    )  # fmt: skip


def _when(outcome: Outcome, provenance: Provenance) -> Html:
    took = "" if outcome.seconds is None else f"Took {duration(outcome.seconds)}. "
    kept = f"Kept from {outcome.finished}. " if outcome.state == State.KEPT else ""
    used = provenance.data is not None and f"${DATA_VARIABLE}" in shown(
        outcome.command, data=provenance.data
    )
    told = f"{DATA_VARIABLE} is the folder of data files." if used else ""
    words = f"{took}{kept}{told}".strip()
    return tag("p", words, class_="soft small") if words else Html("")


def _left_out(outcomes: Sequence[Outcome]) -> Html:
    if not outcomes:
        return Html("")
    missing = [outcome for outcome in outcomes if outcome.plan.missing]
    waiting = [outcome for outcome in outcomes if not outcome.plan.missing]
    parts: list[object] = [tag("h2", "Left out")]
    if missing:
        kinds = {kind.name: kind for outcome in missing for kind in outcome.plan.missing}
        parts += [
            tag("p", "These studies need files that were not at hand."),
            _definitions((outcome.plan.study.report.title, _lacks(outcome)) for outcome in missing),
            tag("h3", "What the files are, and where they come from"),
            _definitions((tag("code", name), kind.advice) for name, kind in kinds.items()),
        ]
    if waiting:
        names = joined((tag("code", outcome.name) for outcome in waiting), ", ")
        parts += [tag("p", "Not run before the end: ", names, ".")]
    return tag("section", *parts, id="left-out")


def _lacks(outcome: Outcome) -> Html:
    return joined((tag("code", kind.name) for kind in outcome.plan.missing), ", ")


def _definitions(pairs: Iterable[tuple[object, object]]) -> Html:
    return tag("dl", *(part for name, told in pairs for part in (tag("dt", name), tag("dd", told))))
