"""A table as a value, text in rows and columns, and its renderer for the terminal, by rich."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

MARKS = {"✓": "good", "✗": "bad", "→": "remark"}
"""Signs that a renderer colours, each with what it stands for."""

_STYLES = {"good": "green", "bad": "bold red", "remark": "bold yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Title, headings, rows of text cells and a note.

    The first line of a cell is what it says; further lines (an interval, a published value) are
    secondary, and a renderer makes them fainter. A line may contain one of `MARKS`.

    Args:
        title: One line; empty for none.
        head: Headings of the columns.
        rows: Cells, as many in each row as headings.
        note: Legend below the table; empty for none.
        align: One character per column, "l" or "r"; empty for a left-aligned first column and
            right-aligned others.

    Raises:
        ValueError: A row or `align` has another length than `head`.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    align: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(
                    f"a row of table {self.title!r} must have {len(self.head)} cells, got "
                    f"{list(row)}: give one for each heading"
                )
        if self.align and (len(self.align) != len(self.head) or set(self.align) - set("lr")):
            raise ValueError(
                f"align of table {self.title!r} must have one of l, r for each of "
                f"{len(self.head)} columns, got {self.align!r}: correct it"
            )

    @property
    def alignment(self) -> str:
        """One character per column, "l" or "r"."""
        return self.align or "l" + "r" * (len(self.head) - 1)


def show(*parts: Table | str, console: Console | None = None) -> None:
    """Print tables and paragraphs of text, with an empty line between them.

    They fit into 80 columns or more, and are plain where `console` (by default standard output) is
    no terminal.
    """
    console = console or Console()
    for place, part in enumerate(parts):
        if place:
            console.print()
        for shown in [_marked(Text(part))] if isinstance(part, str) else _rendered(part):
            console.print(shown)


def _rendered(table: Table) -> Iterator[RenderableType]:
    if table.title:
        # By itself, since it may be longer than the table is wide.
        yield Text(table.title, style="bold")
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
        is_number = side == "r"
        frame.add_column(
            Text(heading),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for row in table.rows:
        frame.add_row(*map(_cell, row))
    yield frame
    if table.note:
        yield Text(table.note, style="dim")


def _cell(cell: str) -> Text:
    first, *others = cell.split("\n")
    lines = [Text(first), *(Text(line, style="dim") for line in others)]
    return _marked(Text("\n").join(lines))


def _marked(text: Text) -> Text:
    for sign, meaning in MARKS.items():
        text.highlight_words([sign], _STYLES[meaning])
    return text
