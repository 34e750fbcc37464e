"""Tables in the terminal, by rich: for 80 columns or more, plain where no terminal is."""

from collections.abc import Iterable
from typing import Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from epsilon_research.reporting.table import MARKS, Table

_STYLES = {"good": "green", "bad": "bold red", "remark": "bold yellow"}
_JUSTIFY: dict[str, Literal["left", "right"]] = {"l": "left", "r": "right"}


def show(*parts: Table | str, console: Console | None = None) -> None:
    """Print tables and paragraphs of text, with an empty line between them.

    Args:
        *parts: Tables, and text that is printed as it is.
        console: Where to print; standard output by default.
    """
    (console or Console()).print(renderable(parts))


def renderable(parts: Iterable[Table | str]) -> Group:
    """Tables and paragraphs of text as one rich renderable, with an empty line between them."""
    shown: list[RenderableType] = []
    for part in parts:
        if shown:
            shown.append(Text(""))
        shown.append(_paragraph(part) if isinstance(part, str) else _rendered(part))
    return Group(*shown)


def _rendered(table: Table) -> Group:
    # The title stands by itself, since it may be longer than the table is wide.
    parts: list[RenderableType] = [Text(table.title, style="bold")] if table.title else []
    frame = RichTable(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 0),
        header_style="bold",
        show_header=any(table.head),
    )
    for heading, side in zip(table.head, table.alignment, strict=True):
        # Numbers stay whole; words wrap.
        frame.add_column(
            Text(heading), justify=_JUSTIFY[side], no_wrap=side == "r", overflow="fold"
        )
    for row in table.rows:
        frame.add_row(*map(_cell, row))
    parts.append(frame)
    if table.note:
        parts.append(Text(table.note, style="dim"))
    return Group(*parts)


def _cell(cell: str) -> Text:
    first, *others = cell.split("\n")
    lines = [Text(first), *(Text(line, style="dim") for line in others)]
    return _marked(Text("\n").join(lines))


def _paragraph(text: str) -> Text:
    return _marked(Text(text))


def _marked(text: Text) -> Text:
    for sign, meaning in MARKS.items():
        text.highlight_words([sign], _STYLES[meaning])
    return text
