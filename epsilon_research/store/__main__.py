"""`python -m epsilon_research.store`: what is in a score store, whether it is sound, tidying up."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from epsilon_research.standard_output import failure_sentence, standard_output
from epsilon_research.store.choice import default_folder
from epsilon_research.store.inventory import (
    OLD,
    ShelfRecord,
    abandoned_files,
    drop,
    faulty_parts,
    shelves,
)

_COLUMNS = 120

_LONGEST = 200
"""Characters of a cell."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one of the commands; the exit status is 1 if something is damaged or wrong."""
    options = _parser().parse_args(arguments)
    status = 1
    with standard_output() as output:
        try:
            # Wider than some terminals, which then wrap: cut names would be of no use to `drop`.
            status = options.command(options, Console(width=max(Console().width, _COLUMNS)))
            error = None
        except (OSError, ValueError) as raised:
            error = str(raised)
    error = error or failure_sentence(output)
    if error is not None:
        sys.stderr.write(f"error: {error}\n")
        status = 1
    return status


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


def _cells(shelf: ShelfRecord) -> tuple[Text | str, ...]:
    identity = shelf.identity or {}
    space, engine, minibatch = (
        _mapping(identity.get(name)) for name in ("space", "engine", "minibatch")
    )
    metric = [identity.get("metric", "?"), *_words(_mapping(identity.get("pass")))]
    return (
        _cell(shelf.name),
        _cell(space.get("name", "?")),
        _cell(*metric),
        _cell(*(engine[key] for key in ("name", "dtype") if key in engine)),
        _cell(minibatch.get("dataset", "?"), str(minibatch.get("hash", ""))[:8]),
        f"{shelf.count():,}",
        str(len(shelf.parts)),
        _megabytes(shelf.num_bytes),
        shelf.code,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(mapping: Mapping[str, Any]) -> list[str]:
    return [f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
            for key, value in mapping.items()]  # fmt: skip


def _cell(*words: Any) -> Text:
    return _plain(" ".join(map(str, words))[:_LONGEST])


def _plain(line: str) -> Text:
    """Words of a file as they are: neither markup nor orders to a terminal."""
    return Text("".join(character if character.isprintable() else "?" for character in line))


def _megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f}"


def _verify(options: argparse.Namespace, console: Console) -> int:
    num_damaged = num_unreadable = 0
    for shelf in shelves(options.store):
        damaged, unreadable = faulty_parts(shelf)
        num_damaged += len(damaged)
        num_unreadable += len(unreadable) + (shelf.identity is None)
        states = [
            f"{len(paths)} {word}: {', '.join(path.name for path in paths)}"
            for word, paths in (("damaged", damaged), ("unreadable", unreadable))
            if paths
        ]
        if shelf.identity is None:
            states.append("an identity that cannot be read")
        state = "; ".join(states) or "sound"
        console.print(_plain(f"{shelf.name}: {len(shelf.parts)} parts, {state}"))
    abandoned = abandoned_files(options.store)
    if abandoned:
        console.print(f"{len(abandoned)} unfinished files of killed runs, which do no harm")
    if num_damaged:
        console.print(
            f"{num_damaged} damaged parts: the next run sets them aside and computes again"
        )
    if num_unreadable:
        console.print(f"{num_unreadable} unreadable: runs skip such parts; correct permissions")
    return int(num_damaged + num_unreadable > 0)


def _drop(options: argparse.Namespace, console: Console) -> int:
    found = {shelf.name: shelf for shelf in shelves(options.store)}
    unknown = sorted(set(options.shelf) - set(found))
    if unknown:
        raise ValueError(f"shelves must be names that list shows, got {unknown[0]}: correct it")
    if not (options.shelf or options.old or options.all):
        raise ValueError("drop must have shelves to drop, got none: name shelves, or pass --old")
    chosen = [
        shelf
        for shelf in found.values()
        if options.all or shelf.name in options.shelf or (options.old and shelf.code == OLD)
    ]
    dropped, refused = [], []
    for shelf in chosen:
        try:
            drop(shelf)
            dropped.append(shelf)
        except OSError as error:
            refused.append(f"{shelf.name} ({error.strerror})")
    for path in abandoned_files(options.store):
        path.unlink(missing_ok=True)
    freed = sum(shelf.num_bytes for shelf in dropped)
    console.print(f"dropped {len(dropped)} of {len(found)} shelves, {_megabytes(freed)} MB")
    if refused:
        raise OSError(
            f"shelves must be yours to be dropped, got {', '.join(refused)}: correct permissions"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
