"""`report.html`: what a run or a study leaves for a browser, in its folder and in one file."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from epsilon_research.atomic_file import write_atomically
from epsilon_research.bounded_table import read_parquet
from epsilon_research.reporting.numbers import count_range, duration, setting, value
from epsilon_research.reporting.page import Picture, own_script, render
from epsilon_research.reporting.plot_data import Graphs, packed_points, packed_searches
from epsilon_research.reporting.published import in_words
from epsilon_research.reporting.run import Run
from epsilon_research.reporting.run_tables import further_tables, run_parts
from epsilon_research.reporting.study import Job, Study
from epsilon_research.reporting.study_tables import job_tables, study_parts

_MOST_PICTURES = 1_000_000
_MOST_DATA = 800_000
"""Bytes of pictures, and characters of the data of each plot, that are embedded; later pictures are
named instead."""

_MOST_MERITS = 3  # metrics whose ρ stands above everything
_MOST_VALUES = 6  # values of one fact that are listed one by one

GraphsOf = Callable[[Path], Graphs | None]
"""What the architectures of the job in a folder look like; None: they are not drawn."""


def write_run_report(folder: Path, *, graphs: Graphs | None) -> Path:
    """Write the report of a finished run into its folder and return its path.

    Raises:
        FileNotFoundError: The run has not finished.
    """
    run = Run.read(folder)
    if run is None:
        raise FileNotFoundError(
            f"{folder} must hold a finished run (a summary.json), got none: run it again"
        )
    names = sorted(path.relative_to(folder).as_posix() for path in folder.glob("figures/**/*.png"))
    pictures, unshown = _embedded(folder, names)
    return _write(
        folder,
        [Job(run=run)],
        lambda _: graphs,
        merits={},
        title=f"{', '.join(run.fact('metrics'))} on {run.fact('search_space')}",
        question="",
        facts={},  # the first table of a run has them
        parts=[*run_parts(run), *further_tables(run), *unshown],
        pictures=pictures,
        command=run.command,
    )


def write_study_report(study: Study, folder: Path, *, graphs_of: GraphsOf) -> Path:
    """Write the report of a study into its folder, which has those of its jobs; return its path."""
    agreement = in_words(study.comparisons)
    return _write(
        folder,
        study.jobs,
        graphs_of,
        merits={"agreement with the published numbers": agreement} if agreement else {},
        title=study.title,
        question=study.question,
        command=study.command,
        **study_section(study, folder),
    )


def study_section(study: Study, folder: Path) -> dict[str, Any]:
    """Return `facts`, `parts` and `pictures` of a study; what shows them has title and question."""
    pictures, unshown = _embedded(folder, study.figures, about=f": {study.title}")
    return {
        "facts": _facts(study.jobs),
        "parts": [*study_parts(study)[1:], *job_tables(study), *unshown],
        "pictures": pictures,
    }


def _embedded(
    folder: Path, names: Iterable[str], *, about: str = ""
) -> tuple[list[Picture], list[str]]:
    """The PNG files in a folder as pictures of a page, and sentences on those that are not on it.

    Nothing outside the folder is shown; each caption is the name of the file and `about`.
    """
    pictures: list[Picture] = []
    unshown, size, left_out = [], 0, 0
    for name in names:
        parts = Path(name).with_suffix("").parts
        words = " ".join(parts[1:] or parts).replace("_", " ")
        try:
            path = (folder / name).resolve()
            path.relative_to(folder.resolve())
            picture = Picture.read(path, caption=f"{words[:1].upper()}{words[1:]}{about}.")
        except (OSError, ValueError):
            unshown.append(f"{name} cannot be shown: it must be a PNG file in this folder.")
            continue
        size += len(picture.source)
        if size <= _MOST_PICTURES:
            pictures.append(picture)
        else:
            left_out += 1
    if left_out:
        unshown.append(f"{left_out} more figures are in the folder figures.")
    return pictures, unshown


def _write(
    folder: Path,
    jobs: Sequence[Job],
    graphs_of: GraphsOf,
    *,
    merits: Mapping[str, str],
    **shown: Any,
) -> Path:
    def points(job: Job, within: Path) -> str | None:
        path = within / "scores.parquet"
        if not path.is_file():
            return None
        return packed_points(read_parquet(path, setting="gather"), job.run, graphs_of(within))

    def searches(job: Job, within: Path) -> str | None:
        return packed_searches(job.run, within) if job.run.search else None

    configuration = folder / jobs[0].folder / "config.yaml"
    first = jobs[0].run
    versions = {"commit": first.fact("git_commit") or "unknown", **(first.fact("versions") or {})}
    content = render(
        "report.html.jinja",
        **own_script("plot.js", "graph.js", "scatter.js", "search.js"),
        clouds=list(_blocks(folder, jobs, points)),
        searches=list(_blocks(folder, jobs, searches)),
        merits={**_merits(jobs), **merits},
        incomplete=" ".join(job.run.incomplete for job in jobs if job.run.incomplete),
        configuration=configuration.read_text("utf-8") if configuration.is_file() else "",
        provenance=", ".join(f"{name} {version}" for name, version in versions.items()),
        **shown,
    ).encode("utf-8")
    path = folder / "report.html"
    write_atomically(path, lambda handle: handle.write(content))
    return path


def _blocks(
    folder: Path, jobs: Sequence[Job], pack: Callable[[Job, Path], str | None]
) -> Iterator[dict[str, str]]:
    """Label and data of the first jobs that have them, as many as a page has room for."""
    room = _MOST_DATA
    for job in jobs:
        packed = pack(job, folder / job.folder)
        if packed is None:
            continue
        room -= len(packed)
        if room < 0 and job is not jobs[0]:
            return
        yield {"label": job.case.label(), "packed": packed}


def _merits(jobs: Sequence[Job]) -> dict[str, str]:
    """The numbers that a reader looks for first."""
    merits = {"architectures": _sizes(jobs)}
    if len(jobs) > 1:
        merits["jobs"] = str(len(jobs))
    else:
        for metric, found in list(jobs[0].run.metrics.items())[:_MOST_MERITS]:
            if "connected" in found:
                merits[f"ρ of {metric}, connected"] = value(found["connected"]["spearman_rho"])
    seconds = sum(job.run.timing.get("total_seconds", 0.0) for job in jobs)
    return merits | {"altogether": duration(seconds)}


def _facts(jobs: Sequence[Job]) -> dict[str, str]:
    """What was run: space, minibatch, benchmark, weights, and on how many architectures."""
    facts = {
        "search space": _values(jobs, "search_space"),
        "minibatch": f"{_values(jobs, 'batch_size')} of {_values(jobs, 'dataset')}",
        "benchmark": _values(jobs, "benchmark_source"),
        "weights": _values(jobs, "weights"),
        "metrics": _values(jobs, "metrics"),
        "engine": _values(jobs, "engine"),
        "architectures": _sizes(jobs),
        "jobs": "" if len(jobs) == 1 else str(len(jobs)),
        "commit": _values(jobs, "git_commit"),
    }
    return {name: words for name, words in facts.items() if words}


def _sizes(jobs: Sequence[Job]) -> str:
    return count_range(job.run.counts["architectures"] for job in jobs)


def _values(jobs: Sequence[Job], name: str) -> str:
    """The different values of a fact over the jobs, as typed."""
    known = [job.run.fact(name) for job in jobs]
    values = list(dict.fromkeys(setting(value) for value in known if value is not None))
    if len(values) <= _MOST_VALUES:
        return ", ".join(values)
    return f"{len(values)} values, {values[0]} to {values[-1]}"
