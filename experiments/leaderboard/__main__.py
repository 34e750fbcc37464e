"""`make leaderboard`: which training-free metric ranks best, where, and with what certainty.

    python -m experiments.leaderboard                        # quick: within 90 minutes on two cores
    python -m experiments.leaderboard --full                 # published settings; their time first
    python -m experiments.leaderboard --architectures 50     # so many of each search space
    python -m experiments.leaderboard --accuracies nb201/cifar100=FILE    # a table of your own

Writes `outputs/leaderboard/index.html`, `results.json` and figures. Scores come from the store, so
an interrupted board goes on where it was, and a new metric costs its own time only.
"""

import argparse
import logging
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.reporting import show
from epsilon_research.reporting.numbers import duration
from experiments.leaderboard.board import (
    BOARD,
    FULL,
    QUICK,
    Board,
    check_names,
    of_metrics,
    read_board,
)
from experiments.leaderboard.figures import save_figures
from experiments.leaderboard.page import standings_table, write_page
from experiments.leaderboard.results import Results, ScoredArena, results_of
from experiments.leaderboard.scores import estimated_seconds, sample, scored
from experiments.provenance import ROOT, provenance

MISTAKE = 2
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

OUTPUT = ROOT / "outputs" / "leaderboard"

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Score the board and write what was found.

    Returns:
        The exit status: 0; 2 for a mistake in `arguments` or the board's file; 130 after Ctrl-C,
        with the page of the search spaces that were scored.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # Otherwise it tells every step of embedding a font.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    options = _parser().parse_args(arguments)
    command = shlex.join(["python", "-m", "experiments.leaderboard", *arguments])
    try:
        board = _board(options)
        where = {"store": options.store, "processes": options.processes}
        if options.full:
            seconds = estimated_seconds(board, **where)
            logger.info("the published settings take about %s here", duration(seconds))
        options.output.mkdir(parents=True, exist_ok=True)
        results = _run(board, where=where, output=options.output, command=command)
    except KeyboardInterrupt:
        return INTERRUPTED
    except USER_ERRORS as error:
        sys.stderr.write(f"error: {user_message(error)}\n")
        return MISTAKE
    show(standings_table(results))
    logger.info("The page is %s", options.output / "index.html")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.leaderboard",
        description="Compares every training-free metric on every search space and task with "
        "trained results on board, and writes a page of what it found.",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="16 images and samples (the default)")
    size.add_argument("--full", action="store_true", help="the published settings; days")
    parser.add_argument(
        "--architectures", nargs="+", default=[], metavar="N",
        help="so many of each search space at most, or SPACE=N of one",
    )  # fmt: skip
    parser.add_argument(
        "--accuracies", nargs="+", default=[], metavar="SPACE/TASK=FILE",
        help="further trained results: a table as benchmark=table reads it, or the files of "
        "NAS-Bench-101, NATS-Bench or NAS-Bench-NLP",
    )  # fmt: skip
    parser.add_argument("--only", nargs="+", metavar="SPACE", help="these search spaces only")
    parser.add_argument("--metrics", nargs="+", metavar="METRIC", help="these metrics only")
    parser.add_argument("--repeats", type=int, metavar="N", help="minibatches and initialisations")
    parser.add_argument("--board", type=Path, default=BOARD, help="a board in place of board.yaml")
    parser.add_argument("--store", default="auto", metavar="FOLDER", help="of computed values")
    parser.add_argument("--processes", type=int, metavar="N", help="default: one for each core")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER")
    return parser


def _board(options: argparse.Namespace) -> Board:
    """The board that the command line means."""
    counts = {}
    for word in options.architectures:
        space, _, number = word.rpartition("=")
        if not number.isdigit() or int(number) < 1:
            raise ValueError(
                f"--architectures must be N or SPACE=N with a positive integer, got {word!r}: "
                "pass e.g. --architectures 100 darts=30"
            )
        counts[space] = int(number)
    tables = (word.partition("=") for word in options.accuracies)
    board = read_board(
        size=FULL if options.full else QUICK,
        path=options.board,
        counts=counts,
        accuracies={key: Path(path) for key, _, path in tables},
    )
    names = [arena.name for arena in board.arenas]
    kept = options.only or names
    check_names("a search space", kept, names)
    return replace(
        board if options.metrics is None else of_metrics(board, options.metrics),
        arenas=[arena for arena in board.arenas if arena.name in kept],
        repeats=board.repeats if options.repeats is None else options.repeats,
    )


def _run(board: Board, *, where: Mapping[str, Any], output: Path, command: str) -> Results:
    """Score one search space after the other, then the repeats, and write the page.

    When it is interrupted, the page is of the spaces that are scored.
    """
    found: list[ScoredArena] = []
    try:
        for arena in board.arenas:
            logger.info("scoring %s", arena.title)
            frame = scored(arena, board, sample(arena), **where)
            found.append(ScoredArena(arena=arena, frame=frame))
        for repeat in range(1, board.repeats):
            for place, one in enumerate(found):
                logger.info("repeating %s, %d of %d", one.arena.title, repeat, board.repeats - 1)
                ids = list(one.frame["architecture_id"])
                some = ids[:: -(-len(ids) // board.repeated)]
                frame = scored(one.arena, board, some, repeat=repeat, **where)
                found[place] = replace(one, repeats=[*one.repeats, frame])
    except KeyboardInterrupt:
        if found:
            _write(found, board, output=output, command=command)
        raise
    return _write(found, board, output=output, command=command)


def _write(found: Sequence[ScoredArena], board: Board, *, output: Path, command: str) -> Results:
    results = results_of(found, board)
    results.write(output / "results.json")
    drawn = save_figures(results, folder=output / "figures")
    write_page(
        output / "index.html", results, board, made=provenance("experiments.leaderboard"),
        command=command, figures=[path for path in drawn if path.suffix == ".png"],
    )  # fmt: skip
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
