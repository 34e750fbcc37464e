"""Looks at a YAML file from outside before anybody builds what it says."""

from collections.abc import Iterator
from pathlib import Path

import yaml

MOST_BYTES = 1 << 20
MOST_VALUES = 20_000
"""Once every alias stands for what it names; a whole saved configuration has some hundred."""
MOST_LEVELS = 40
"""Of nesting; what reads configurations does so by recursion, several calls a level."""


def check_yaml(path: Path, *, setting: str) -> None:
    """Refuses a file that is no YAML, or that is small and means very much.

    A list that names the one before ten times, and so on, is a line for each factor of ten.

    Args:
        path: An existing file.
        setting: What set the path, for error messages.

    Raises:
        ValueError: It is no YAML, or too large, too deep, or its aliases stand for too much.
        OSError: It cannot be read.
    """
    size = path.stat().st_size
    try:
        if size > MOST_BYTES:
            raise ValueError(f"{size:,} bytes instead of at most {MOST_BYTES:,}")
        _count(yaml.parse(path.read_bytes(), Loader=yaml.SafeLoader))
    # The reader calls itself, and turns numbers into characters that there may not be.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{setting} must be a YAML file as a run saves it, got {path} ({reason}): correct it"
        ) from error


def _count(events: Iterator[yaml.Event]) -> None:
    """Counts values as they come; nothing is built."""
    sizes: dict[str, int] = {}
    # The anchor and the values so far of each list and mapping that is open.
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent | yaml.AliasEvent | yaml.ScalarEvent):
            size = _size(event, sizes, open_nodes)
            anchor, so_far = open_nodes[-1]
            open_nodes[-1] = (anchor, so_far + size)
        if sum(count for _, count in open_nodes) > MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES:,} values")
        if len(open_nodes) > MOST_LEVELS:
            raise ValueError(f"more than {MOST_LEVELS} levels of nesting")


def _size(
    event: yaml.Event, sizes: dict[str, int], open_nodes: list[tuple[str | None, int]]
) -> int:
    """Values in the node that ends with `event`; noted under its anchor if it has one."""
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in sizes:
            raise ValueError(f"the alias {event.anchor[:40]!r} of nothing that ends before it")
        return sizes[event.anchor]
    if isinstance(event, yaml.ScalarEvent):
        anchor, size = event.anchor, 1
    else:
        anchor, size = open_nodes.pop()
    if anchor is not None:
        sizes[anchor] = size
    return size
