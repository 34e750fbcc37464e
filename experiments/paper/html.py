"""HTML that cannot be broken out of: text becomes part of an element only after it is escaped."""

import base64
import html
import re
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

_VOID = ("meta", "img", "br")
"""Elements without content and end tag."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters and halves of pairs, which HTML (or UTF-8) has no way to say."""

_PNG = b"\x89PNG\r\n\x1a\n"


class Html(str):
    """Text that is HTML already; any other text is escaped when it is put into an element."""

    __slots__ = ()


def escaped(value: object) -> Html:
    """A value as HTML: as it is if it is HTML, escaped otherwise."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))))


def joined(parts: Iterable[object], separator: str = "") -> Html:
    """HTML of several parts, one after the other."""
    return Html(escaped(separator).join(escaped(part) for part in parts))


def tag(element: str, *children: object, **attributes: str | None) -> Html:
    """An element.

    Args:
        element: Its name.
        *children: Its content; what is not HTML is escaped.
        **attributes: Its attributes, escaped; `class_` stands for class, `data_label` for
            data-label. One that is None is left out, one that is empty has no value.
    """
    written = "".join(
        _attribute(name, value) for name, value in attributes.items() if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{written}>")
    return Html(f"<{element}{written}>{joined(children)}</{element}>")


def _attribute(name: str, value: str) -> str:
    shown = name.rstrip("_").replace("_", "-")
    return f' {shown}="{escaped(str(value))}"' if value else f" {shown}"


def table(head: Sequence[object], rows: Iterable[Sequence[object] | str], *, class_: str) -> Html:
    """A table that scrolls sideways where it is too wide; the first cell of a row is its heading.

    Args:
        head: Headings of the columns; they also label the cells where rows are stacked.
        rows: Cells, as many in each row as headings; a text instead is a heading of the rows
            below it.
        class_: Of the table.
    """
    headings = (tag("th", heading, scope="col") for heading in head)
    body = (_row(head, row) for row in rows)
    parts = (tag("thead", tag("tr", *headings)), tag("tbody", *body))
    return tag("div", tag("table", *parts, class_=class_), class_="scroll")


def _row(head: Sequence[object], row: Sequence[object] | str) -> Html:
    if isinstance(row, str):
        across = tag("th", tag("span", row), colspan=str(len(head)), scope="rowgroup")
        return tag("tr", across, class_="group")
    return tag("tr", tag("th", row[0], scope="row"), *map(_cell, head[1:], row[1:]))


def _cell(label: object, cell: object) -> Html:
    return tag("td", cell, data_label=None if isinstance(label, Html) else str(label))


def picture(path: Path, *, description: str) -> Html:
    """A PNG file inside the page.

    Raises:
        ValueError: It is no PNG file.
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    if not content.startswith(_PNG) or len(content) < 24:
        raise ValueError(f"{path} must be a PNG file, got another content: draw it again")
    # Width and height stand in every PNG's first block; told, the page does not jump on loading.
    width, height = struct.unpack(">II", content[16:24])
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return tag("img", src=source, alt=description, width=str(width), height=str(height))
