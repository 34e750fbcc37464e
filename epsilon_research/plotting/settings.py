"""Size, file formats and style of figures; free of matplotlib, as every configuration builds it."""

from collections.abc import Sequence
from dataclasses import dataclass

FORMATS = ("png", "pdf", "svg")
"""File formats that a figure can be written in."""

_LEAST_WIDTH = 2.0
"""Inches below which the labels of a panel leave no room for its points."""


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

    column_width: float = 3.5
    page_width: float = 7.16
    formats: Sequence[str] = ("png", "pdf")
    dpi: int = 200
    style: str | None = None

    def __post_init__(self) -> None:
        if not _LEAST_WIDTH <= self.column_width <= self.page_width:
            raise ValueError(
                f"plotting.column_width must be at least {_LEAST_WIDTH} inches and at most "
                f"plotting.page_width, got {self.column_width} and {self.page_width}: pass e.g. "
                "plotting.column_width=3.5 plotting.page_width=7.16"
            )
        unknown = [name for name in self.formats if name not in FORMATS]
        if isinstance(self.formats, str) or unknown or not self.formats:
            raise ValueError(
                f"plotting.formats must be a list of {', '.join(FORMATS)}, got {self.formats!r}: "
                "pass e.g. 'plotting.formats=[png,pdf]'"
            )
        if isinstance(self.dpi, bool) or not isinstance(self.dpi, int) or self.dpi < 1:
            raise ValueError(
                f"plotting.dpi must be a positive integer, got {self.dpi!r}: pass e.g. "
                "plotting.dpi=300"
            )
