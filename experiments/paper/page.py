"""The page of the paper: what each study asks, ran with and found, published against ours."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from epsilon_research.atomic_file import write_atomically
from epsilon_research.reporting.agreement_table import agreement_table
from epsilon_research.reporting.numbers import duration, percent, setting
from epsilon_research.reporting.page import Picture, Section, render
from epsilon_research.reporting.published import Comparison, agreements, in_words
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.study_tables import study_parts
from experiments.paper.files import DATA_VARIABLE
from experiments.paper.plan import shown, without_folder
from experiments.paper.run import Outcome, State

_TITLE = "Epsilon: every table and figure, published against ours"
_LEAD = ("agreement", "coverage %", "time")
_SUCCEEDED = {State.DONE: True, State.KEPT: True, State.FAILED: False}
_MOST_VALUES = 6
"""Values of one fact that are listed one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where and when the page was made.

    Args:
        words: Date, machine, commit and versions in a sentence.
        data: Folder of data files, which the page calls by its variable only.
        finished: Whether all studies had their turn.
    """

    words: str
    data: Path | None = None
    finished: bool = True


def write_page(outcomes: Sequence[Outcome], provenance: Provenance, path: Path) -> None:
    """Write the page; a reader never sees half of it.

    Raises:
        OSError: It cannot be written; an older one is still there.
    """
    content = page(outcomes, provenance).encode("utf-8")
    write_atomically(path, lambda handle: handle.write(content))


def page(outcomes: Sequence[Outcome], provenance: Provenance) -> str:
    """The whole page as HTML."""
    lacking = [one for one in outcomes if one.plan.missing]
    table = agreement_table(agreements(compared(outcomes)))
    return render(
        "paper.html.jinja",
        title=_TITLE,
        lead=_LEAD,
        agreement=[] if table is None else [table],
        sections=[_section(one, provenance.data) for one in outcomes],
        took=duration(sum(one.seconds or 0.0 for one in outcomes)),
        finished=provenance.finished,
        provenance=provenance.words,
        lacking={
            one.plan.report.title: ", ".join(kind.name for kind in one.plan.missing)
            for one in lacking
        },
        files={kind.name: kind.advice for one in lacking for kind in one.plan.missing},
        waiting=[
            one.name for one in outcomes if one.state not in _SUCCEEDED and not one.plan.missing
        ],
    )


def compared(outcomes: Iterable[Outcome]) -> list[Comparison]:
    """All numbers of the studies that stand beside published ones."""
    return [row for one in outcomes if one.study is not None for row in one.study.comparisons]


def _section(one: Outcome, data: Path | None) -> Section:
    study, report = one.study, one.plan.report
    return Section(
        anchor=f"study-{one.name}",
        title=report.title,
        question=report.question,
        state=one.state,
        succeeded=_SUCCEEDED.get(one.state),
        lead=_lead(one),
        failure=_failure(one, data),
        command=shown(one.command, data=data),
        made=_made(one, data),
        facts={} if study is None else _facts(study, data),
        # Title and question are the section's own.
        parts=[] if study is None else [*study_parts(study)[1:], *_unshown(study, one.folder)],
        pictures=[] if study is None else [*_pictures(study, one.folder).values()],
    )


def _lead(one: Outcome) -> tuple[str, str, str]:
    time = "" if one.seconds is None else duration(one.seconds)
    if one.study is None:
        return ("", "", time)
    firsts = [next(iter(job.run.metrics.values()), {}) for job in one.study.jobs]
    shares = [found["paper"]["coverage"].value for found in firsts if "paper" in found]
    return (in_words(one.study.comparisons), _span([percent(share) for share in shares]), time)


def _span(words: Sequence[str]) -> str:
    if not words:
        return ""
    ends = dict.fromkeys([min(words, key=_size), max(words, key=_size)])
    return " to ".join(ends)


def _size(words: str) -> float:
    digits = words.replace(",", "")
    return float(digits) if digits.replace(".", "").isdigit() else -1.0


def _failure(one: Outcome, data: Path | None) -> str:
    if one.state != State.FAILED:
        return ""
    rest = "What is below is of the jobs that finished. " if one.study is not None else ""
    return f"{without_folder(str(one.reason), data)}. {rest}({one.name}.log has all of its output.)"


def _made(one: Outcome, data: Path | None) -> str:
    took = "" if one.seconds is None else f"Took {duration(one.seconds)}. "
    kept = f"Kept from {one.finished}. " if one.state == State.KEPT else ""
    uses = data is not None and f"${DATA_VARIABLE}" in shown(one.command, data=data)
    where = f"{DATA_VARIABLE} is the folder of data files." if uses else ""
    return f"{took}{kept}{where}".strip()


def _facts(study: Study, data: Path | None) -> Mapping[str, str]:
    """What was run: space, minibatch, benchmark, weights, and on how many architectures."""
    sizes = [f"{job.run.counts['architectures']:,}" for job in study.jobs]
    facts = {
        "search space": _values(study, "search_space"),
        "minibatch": f"{_values(study, 'batch_size')} of {_values(study, 'dataset')}",
        "benchmark": without_folder(_values(study, "benchmark_source"), data),
        "weights": _values(study, "weights"),
        "metrics": _values(study, "metrics"),
        "engine": _values(study, "engine"),
        "architectures": _span(sizes),
        "jobs": "" if len(study.jobs) == 1 else str(len(study.jobs)),
        "commit": _values(study, "git_commit"),
    }
    return {name: words for name, words in facts.items() if words}


def _values(study: Study, name: str) -> str:
    """The different values of a fact over the jobs, as typed."""
    known = [job.run.fact(name) for job in study.jobs]
    values = list(dict.fromkeys(setting(value) for value in known if value is not None))
    if len(values) <= _MOST_VALUES:
        return ", ".join(values)
    return f"{len(values)} values, {values[0]} to {values[-1]}"


def _pictures(study: Study, folder: Path) -> dict[str, Picture]:
    """The figures of a study that can be shown, by name."""
    found = {}
    for name in study.figures:
        words = Path(name).stem.replace("_", " ")
        caption = f"{words[:1].upper()}{words[1:]}: {study.title}."
        with suppress(OSError, ValueError):
            found[name] = Picture.read(_inside(folder, name), caption=caption)
    return found


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{name} must be in the folder of its study, got another place")
    return path


def _unshown(study: Study, folder: Path) -> list[str]:
    """A sentence for each figure that cannot be shown."""
    shown = _pictures(study, folder)
    return [
        f"{name} cannot be shown: it must be a PNG file in the study's folder."
        for name in study.figures
        if name not in shown
    ]
