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
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from epsilon_research.atomic_file import write_atomically
from epsilon_research.checks import check_choice
from epsilon_research.launch.declared import compose_studies
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.reporting import show
from epsilon_research.reporting.numbers import duration
from epsilon_research.reporting.published import agreement_table, in_words
from experiments.paper.page import compared, page
from experiments.paper.plan import DATA_VARIABLE, KINDS, Plan, find_files, plans
from experiments.paper.run import PROGRAM, Outcome, Runner, State
from experiments.provenance import ROOT, provenance

FAILED = 1
MISTAKE = 2
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

CONF = ROOT / "conf"
OUTPUT = ROOT / "outputs" / "paper"


def main(arguments: Sequence[str], *, program: Sequence[str] = PROGRAM, conf: Path = CONF) -> int:
    """Run the studies and write the page; `program` is started in place of `python run.py`.

    Returns:
        The exit status: 0, also if studies were left out; 1 if one failed; 2 for a mistake in
        `arguments` or a study's file; 130 after Ctrl-C, with the page of what was done.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        named = {name: getattr(options, name) for name in KINDS}
        files = find_files(
            {name: path for name, path in named.items() if path is not None},
            folder=options.data and Path(options.data),
            download=options.download,
        )
        found = plans(compose_studies(conf), files)
        names = [one.name for one in found]
        for name in options.only or ():
            check_choice("a study of --only", name, names)
        chosen = [one for one in found if one.name in (options.only or names)]
        if options.list:
            for one in chosen:
                state = f"lacks {one.lacks}" if one.missing else "runs"
                _print(f"{one.name}: {state}. {one.report.title}")
            return 0
        runner = Runner(
            output=options.output.absolute(), files=files, conf=conf, extra=tuple(options.set),
            keep=options.keep, program=tuple(program),
        )  # fmt: skip
        runner.output.mkdir(parents=True, exist_ok=True)
        return _run(found, runner, chosen=chosen)
    except USER_ERRORS as error:
        sys.stderr.write(f"error: {user_message(error)}\n")
        return MISTAKE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.paper",
        description="Runs every study of the paper that the data at hand allows, and writes a page "
        "that puts the results beside the published numbers.",
    )
    add, same = parser.add_argument, "with the same command, files and configuration"
    add(
        "--data", type=Path, metavar="FOLDER", default=os.environ.get(DATA_VARIABLE) or None,
        help=f"look for data files here under their usual names (default: ${DATA_VARIABLE})",
    )  # fmt: skip
    for kind in KINDS.values():
        add(kind.option, type=Path, metavar="PATH", help=kind.what)
    add(
        "--download", action="store_true",
        help="let studies download, once, what is missing and can be fetched (NAS-Bench-101, "
        "NAS-Bench-NLP, CIFAR)",
    )  # fmt: skip
    add(
        "--only", nargs="+", metavar="NAME",
        help=f"run these studies only; the page keeps what others left before {same}",
    )  # fmt: skip
    add("--list", action="store_true", help="list what would run, and run nothing")
    add("--keep", action="store_true", help=f"keep results that were made before {same}")
    add("--output", type=Path, default=OUTPUT, metavar="FOLDER", help="folder of the page")
    add(
        "--set", nargs="+", default=[], metavar="SETTING=VALUE",
        help="further settings for all studies, e.g. tracker=none executor.processes=8",
    )  # fmt: skip
    return parser


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _run(found: Sequence[Plan], runner: Runner, *, chosen: Sequence[Plan]) -> int:
    """Run the chosen studies one after the other; the page is written anew after each."""
    # The chosen studies wait; of the others, earlier results are kept.
    first = {one.name: runner.waiting(one) if one in chosen else runner.kept(one) for one in found}
    outcomes = {name: outcome for name, outcome in first.items() if outcome is not None}
    dropped = [one.name for one in found if one.name not in outcomes and runner.before(one)]
    ready = [one for one in chosen if not one.missing]
    path, current = runner.output / "index.html", ""

    def write(*, finished: bool) -> None:
        made, data = provenance("experiments.paper"), runner.files.folder
        content = page(list(outcomes.values()), made=made, data=data, finished=finished)
        write_atomically(path, lambda handle: handle.write(content.encode("utf-8")))

    interrupted = False
    try:
        for place, planned in enumerate(ready):
            current = planned.name
            _print(f"study {place + 1} of {len(ready)}: {current}")
            outcomes[current] = runner.run(planned)
            _print(_ended(outcomes[current]))
            write(finished=False)
    except KeyboardInterrupt:
        interrupted = True
        if outcomes[current].state == State.WAITING:
            outcomes[current] = replace(outcomes[current], state=State.INTERRUPTED)
    write(finished=not interrupted)
    for line in (*_summary(list(outcomes.values()), dropped), f"The page is {path}"):
        _print(line)
    table = agreement_table(compared(outcomes.values()))
    if table is not None:
        show(table)
    if interrupted:
        return INTERRUPTED
    return FAILED if any(one.state == State.FAILED for one in outcomes.values()) else 0


def _ended(outcome: Outcome) -> str:
    """How a study ended, or that it was kept."""
    agreement = "" if outcome.study is None else in_words(outcome.study.comparisons)
    took, words = duration(outcome.seconds), outcome.reason or agreement
    return f"  {outcome.state:<7} {outcome.plan.name} ({took}){f': {words}' if words else ''}"


def _summary(outcomes: Sequence[Outcome], dropped: Sequence[str]) -> Iterator[str]:
    """What was left out and why, what did not run, and what is not on the page."""
    lacking = [one.plan for one in outcomes if one.plan.missing]
    for plan in lacking:
        yield f"left out: {plan.name} needs {plan.lacks}"
    for kind in {kind.name: kind for plan in lacking for kind in plan.missing}.values():
        yield f"{kind.name} is {kind.advice}"
    for one in outcomes:
        if one.state in (State.WAITING, State.INTERRUPTED):
            yield f"{one.state}: {one.plan.name}"
    for name in dropped:
        why = "failed, or ran with another command, files or configuration"
        yield f"not on the page: {name} {why}"


if __name__ == "__main__":
    # Otherwise a study would go on alone when this process is ended, or its terminal closed.
    for received in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(received, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
