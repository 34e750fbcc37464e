"""`make paper`: every study that the data at hand allows, and a page that puts them together.

    python -m experiments.paper                       # what needs no file
    python -m experiments.paper --data FOLDER         # ... and what the files in a folder allow
    python -m experiments.paper --list                # what would run, and what is lacking
    python -m experiments.paper --only NAME NAME      # some of them

Writes `outputs/paper/index.html`; each study's results are in a folder beside it.
"""

import argparse
import logging
import os
import platform
import signal
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from epsilon_research.launch.declared import compose_studies
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.reporting import show
from epsilon_research.reporting.agreement_table import agreement_table
from epsilon_research.reporting.published import agreements
from epsilon_research.tracking import git_commit, versions
from experiments.paper.files import DATA_VARIABLE, Files, find_files
from experiments.paper.kinds import KINDS
from experiments.paper.page import Provenance, compared, write_page
from experiments.paper.plan import Plan, plans
from experiments.paper.progress import ended, starts
from experiments.paper.run import PROGRAM, ROOT, Outcome, Runner, State

FAILED = 1
MISTAKE = 2
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

CONF = ROOT / "conf"
OUTPUT = ROOT / "outputs" / "paper"
PAGE = "index.html"


def main(arguments: Sequence[str], *, program: Sequence[str] = PROGRAM, conf: Path = CONF) -> int:
    """Run the studies and write the page.

    Args:
        arguments: Those of the command line.
        program: What is started for each study, in place of `python run.py`.
        conf: Folder of the configuration.

    Returns:
        The exit status: 0, also if studies were left out; 1 if one failed; 2 for a mistake in
        `arguments` or a study's file; 130 after Ctrl-C, with the page of what was done.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        files = _files(options)
        found = plans(compose_studies(conf), files)
        chosen = _chosen(found, options.only)
        runner = Runner(
            output=options.output.absolute(),
            files=files,
            conf=conf,
            extra=tuple(options.set),
            keep=options.keep,
            program=tuple(program),
        )
        console = Console()
        if options.list:
            return _list([one for one in found if one.name in chosen], console)
        runner.output.mkdir(parents=True, exist_ok=True)
        return _run(found, runner, console, chosen=chosen)
    except USER_ERRORS as error:
        sys.stderr.write(f"error: {user_message(error)}\n")
        return MISTAKE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.paper",
        description="Runs every study of the paper that the data at hand allows, and writes a page "
        "that puts the results beside the published numbers.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        default=os.environ.get(DATA_VARIABLE) or None,
        help=f"look for data files here under their usual names (default: ${DATA_VARIABLE})",
    )
    for kind in KINDS:
        parser.add_argument(
            kind.option, type=Path, metavar="PATH", help=kind.what.replace("%", "%%")
        )
    parser.add_argument(
        "--download",
        action="store_true",
        help="let studies download, once, what is missing and can be fetched (NAS-Bench-101, "
        "NAS-Bench-NLP, CIFAR)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help="run these studies only; the page keeps what others left before with the same "
        "command, files and configuration",
    )
    parser.add_argument("--list", action="store_true", help="say what would run, and run nothing")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="keep results that were made before with the same command, files and configuration",
    )
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="FOLDER", help="folder of the page"
    )
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="SETTING=VALUE",
        help="further settings for all studies, e.g. tracker=none executor.processes=8",
    )
    return parser


def _files(options: argparse.Namespace) -> Files:
    named = {kind.name: getattr(options, kind.name) for kind in KINDS}
    given = {name: path for name, path in named.items() if path is not None}
    return find_files(given, folder=options.data and Path(options.data), download=options.download)


def _chosen(found: Sequence[Plan], only: Sequence[str] | None) -> set[str]:
    names = [one.name for one in found]
    for name in only or ():
        if name not in names:
            raise ValueError(
                f"--only must name studies with a report, {', '.join(names) or 'but there is none'}"
                f", got {name}: correct it"
            )
    return set(only or names)


def _list(found: Sequence[Plan], console: Console) -> int:
    for planned in found:
        state = f"lacks {_missing(planned)}" if planned.missing else "runs"
        line = f"{planned.name}: {state}. {planned.report.title}"
        console.print(Text(line), soft_wrap=True)
    return 0


def _missing(planned: Plan) -> str:
    return ", ".join(kind.name for kind in planned.missing)


def _run(
    found: Sequence[Plan], runner: Runner, console: Console, *, chosen: Collection[str]
) -> int:
    """Run the chosen studies one after the other; the page is written anew after each."""
    outcomes = _before(found, runner, chosen)
    dropped = [one.name for one in found if one.name not in outcomes and runner.has_run(one)]
    ready = [one for one in found if one.name in chosen and not one.missing]
    last = {one.name: runner.previous_seconds(one) for one in ready}
    before = {name: seconds for name, seconds in last.items() if seconds is not None}
    page = runner.output / PAGE
    interrupted = False

    def write(*, finished: bool) -> None:
        made = Provenance(words=_provenance(), data=runner.files.folder, finished=finished)
        write_page(list(outcomes.values()), made, page)

    current = ""
    try:
        for place, planned in enumerate(ready):
            current = planned.name
            starts(console, ready, place=place, before=before)
            outcomes[current] = runner.run(planned)
            ended(console, outcomes[current])
            write(finished=False)
    except KeyboardInterrupt:
        interrupted = True
        if outcomes[current].state == State.WAITING:
            outcomes[current] = replace(outcomes[current], state=State.INTERRUPTED)
    write(finished=not interrupted)
    _summarise(list(outcomes.values()), page, console, dropped=dropped)
    if interrupted:
        return INTERRUPTED
    return FAILED if any(one.state == State.FAILED for one in outcomes.values()) else 0


def _provenance() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = " ".join(word for word in (platform.machine(), platform.system()) if word)
    date = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    known = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"Made {date} by python -m experiments.paper on {cores} core{'' if cores == 1 else 's'}, "
        f"{system}. Commit {git_commit(ROOT) or 'unknown'}. Versions: {known}."
    )


def _before(found: Sequence[Plan], runner: Runner, chosen: Collection[str]) -> dict[str, Outcome]:
    """The chosen studies, which wait, and of the others those whose earlier results are kept."""
    outcomes = {
        one.name: runner.waiting(one) if one.name in chosen else runner.kept(one) for one in found
    }
    return {name: outcome for name, outcome in outcomes.items() if outcome is not None}


def _summarise(
    outcomes: Sequence[Outcome], page: Path, console: Console, *, dropped: Sequence[str]
) -> None:
    """Print what was left out and why, where the page is, and how all of it agrees."""
    lines = [
        f"left out: {outcome.name} needs {_missing(outcome.plan)}"
        for outcome in outcomes
        if outcome.plan.missing
    ]
    kinds = {kind.name: kind for outcome in outcomes for kind in outcome.plan.missing}
    lines += [f"{name} is {kind.advice}" for name, kind in kinds.items()]
    stopped = (State.WAITING, State.INTERRUPTED)
    lines += [
        f"{outcome.state}: {outcome.name}" for outcome in outcomes if outcome.state in stopped
    ]
    lines += [
        f"not on the page: {name} failed, or ran with another command, files or configuration"
        for name in dropped
    ]
    for line in [*lines, f"The page is {page}"]:
        console.print(Text(line), soft_wrap=True)
    table = agreement_table(agreements(compared(outcomes)))
    if table is not None:
        show(table, console=console)


if __name__ == "__main__":
    # Otherwise a study would go on alone when this process is ended, or its terminal closed.
    for received in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(received, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
