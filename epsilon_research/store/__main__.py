"""`python -m epsilon_research.store`: what is in a score store, whether it is sound, tidying up."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from epsilon_research.store.choice import default_folder
from epsilon_research.store.inventory import (
    ShelfRecord,
    abandoned_files,
    damaged_parts,
    drop,
    shelves,
)

_COLUMNS = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the commands; the exit status is 1 if something is damaged or wrong."""
    options = _parser().parse_args(arguments)
    try:
        # Wider than some terminals, which then wrap: cut names would be of no use to `drop`.
        return options.command(options, Console(width=max(Console().width, _COLUMNS)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m epsilon_research.store",
        description="Lists, verifies and tidies the folder in which runs keep what they computed.",
    )
    parser.add_argument(
        "--store", type=Path, default=default_folder(), metavar="PATH",
        help="the folder (default: %(default)s)",
    )  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="every shelf with its size")
    listing.set_defaults(command=_list)
    verifying = commands.add_parser("verify", help="read everything and compare checksums")
    verifying.set_defaults(command=_verify)
    dropping = commands.add_parser(
        "drop", help="remove shelves: those that older code wrote, or the named ones"
    )
    dropping.add_argument("shelf", nargs="*", help="names as `list` shows them")
    dropping.add_argument("--old", action="store_true", help="all that today's code cannot use")
    dropping.add_argument("--all", action="store_true", help="everything")
    dropping.set_defaults(command=_drop)
    return parser


def _list(options: argparse.Namespace, console: Console) -> int:
    found = shelves(options.store)
    table = Table(box=None, pad_edge=False)
    for heading in ("shelf", "space", "metric", "engine", "minibatch"):
        table.add_column(heading, no_wrap=True)
    for heading in ("values", "parts", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("code", no_wrap=True)
    for shelf in found:
        table.add_row(*_cells(shelf))
    console.print(table)
    total = sum(shelf.num_bytes for shelf in found)
    console.print(f"{len(found)} shelves, {_megabytes(total)} MB in {options.store}")
    return 0


def _cells(shelf: ShelfRecord) -> tuple[str, ...]:
    identity = shelf.identity
    engine, minibatch = identity.get("engine", {}), identity["minibatch"]
    return (
        shelf.name,
        str(identity["space"].get("name")),
        " ".join([str(identity["metric"]), *_words(identity["pass"])]),
        " ".join(str(engine[key]) for key in ("name", "dtype") if key in engine),
        f"{minibatch['dataset']} {minibatch['hash'][:8]}",
        f"{shelf.count():,}",
        str(len(shelf.parts)),
        _megabytes(shelf.num_bytes),
        "current" if shelf.current else "old",
    )


def _words(mapping: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in mapping.items()]  # fmt: skip


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f}"


def _verify(options: argparse.Namespace, console: Console) -> int:
    damaged = 0
    for shelf in shelves(options.store):
        bad = damaged_parts(shelf)
        damaged += len(bad)
        state = "sound" if not bad else f"{len(bad)} damaged: {', '.join(p.name for p in bad)}"
        console.print(f"{shelf.name}: {len(shelf.parts)} parts, {state}")
    abandoned = abandoned_files(options.store)
    if abandoned:
        console.print(f"{len(abandoned)} unfinished files of killed runs, which do no harm")
    if damaged:
        console.print(f"{damaged} damaged parts: the next run sets them aside and computes again")
    return int(damaged > 0)


def _drop(options: argparse.Namespace, console: Console) -> int:
    found = {shelf.name: shelf for shelf in shelves(options.store)}
    unknown = sorted(set(options.shelf) - set(found))
    if unknown:
        raise ValueError(f"shelves must be names that list shows, got {unknown[0]}: correct it")
    if not (options.shelf or options.old or options.all):
        raise ValueError("drop must be told what to drop, got nothing: name shelves, or pass --old")
    chosen = [
        shelf
        for shelf in found.values()
        if options.all or shelf.name in options.shelf or (options.old and not shelf.current)
    ]
    for shelf in chosen:
        drop(shelf)
    for path in abandoned_files(options.store):
        path.unlink()
    freed = sum(shelf.num_bytes for shelf in chosen)
    console.print(f"dropped {len(chosen)} of {len(found)} shelves, {_megabytes(freed)} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
