"""Size, file formats and style of figures; free of matplotlib, as every configuration builds it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.checks import check_integer, check_number

FORMATS = ("png", "pdf", "svg")
"""File formats that a figure can be written in."""

_NAME = re.compile(r"[\w-]+")
"""Name of a style that matplotlib has."""

_LEAST_WIDTH = 2.0
"""Inches below which the labels of a panel leave no room for its points."""

_LARGEST_WIDTH = 40.0
_LARGEST_DPI = 1200
"""The largest figure, in inches and pixels per inch, that can be drawn in a few GB of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSettings:
    """Size, file formats and style that all figures share.

    Args:
        column_width: Width in inches of a figure with one panel: one column of a paper.
        page_width: Width in inches of a figure with several panels: the whole page.
        formats: Formats to write, of `FORMATS`. PDF embeds its fonts, SVG has outlines.
        dpi: Pixels per inch of PNG files; a positive integer.
        style: Name or path of a matplotlib style sheet to apply over the project's style, or None.

    Raises:
        ValueError: A width, a format or the resolution is not valid.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {
        # A sheet may be an address, and may name programs that draw texts.
        "style": lambda style: style is not None and not _NAME.fullmatch(str(style))
    }

    column_width: float = 3.5
    page_width: float = 7.16
    formats: Sequence[str] = ("png", "pdf")
    dpi: int = 200
    style: str | None = None

    def __post_init__(self) -> None:
        column, page = "plotting.column_width", "plotting.page_width"
        check_number(column, self.column_width, at_least=_LEAST_WIDTH, example=3.5)
        at_least, at_most = self.column_width, _LARGEST_WIDTH
        check_number(page, self.page_width, at_least=at_least, at_most=at_most, example=7.16)
        if isinstance(self.formats, str) or not self.formats or set(self.formats) - set(FORMATS):
            raise ValueError(
                f"plotting.formats must be a list of {', '.join(FORMATS)}, got {self.formats!r}: "
                "pass e.g. 'plotting.formats=[png,pdf]'"
            )
        check_integer("plotting.dpi", self.dpi, at_least=1, at_most=_LARGEST_DPI, example=200)
