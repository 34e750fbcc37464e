"""A table is a value; the terminal shows all of it in 80 columns."""

import pytest
from rich.console import Console

from epsilon_research.reporting import Table, show


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must have 2 cells, got \['a'\]"):
        Table(title="t", head=("x", "y"), rows=[("a",)])


def test_an_alignment_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="for each of 2 columns, got 'lrr'"):
        Table(title="t", head=("x", "y"), rows=[], align="lrr")


def _shown(*parts: Table | str, terminal: bool = False) -> str:
    console = Console(
        width=80, force_terminal=terminal, color_system="standard" if terminal else None
    )
    with console.capture() as capture:
        show(*parts, console=console)
    return capture.get()


def test_the_terminal_shows_title_head_cells_and_note_in_their_order() -> None:
    table = Table(
        title="weights", head=("pair", "ρ"), rows=[("a", "0.8\n[.7, .9]"), ("b", "–")], note="ρ: S"
    )
    lines = [line.rstrip() for line in _shown("before", table).splitlines()]
    assert lines[:3] == ["before", "", "weights"]
    assert [line.split() for line in lines[3:]] == [
        ["pair", "ρ"], [lines[4].strip()], ["a", "0.8"], ["[.7,", ".9]"], ["b", "–"], ["ρ:", "S"],
    ]  # fmt: skip
    assert lines[5].index("0.8") + 3 == lines[6].index("]") + 1  # numbers end at the same column


def test_markup_in_a_cell_is_text() -> None:
    table = Table(title="", head=("x",), rows=[("[bold]a[/bold]",)])
    assert "[bold]a[/bold]" in _shown(table)


def test_a_mark_is_coloured_and_further_lines_are_faint() -> None:
    table = Table(title="", head=("x", "y"), rows=[("a", "0.8 ✓\n0.9")])
    shown = _shown(table, terminal=True)
    assert "\x1b[32m✓" in shown
    assert "\x1b[2m0.9" in shown
