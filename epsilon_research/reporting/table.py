"""A table as a value: text in rows and columns, which a renderer lays out."""

from collections.abc import Sequence
from dataclasses import dataclass

MARKS = {"✓": "good", "✗": "bad", "→": "remark"}
"""Signs that a renderer colours, each with what it stands for."""


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
