"""The look of every figure: one set of matplotlib settings, one palette, one grid of panels."""

import string
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import style as style_sheets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epsilon_research.atomic_file import write_atomically
from epsilon_research.plotting.settings import FigureSettings

PANEL_HEIGHT = 2.3
"""Inches of a panel with its axis labels, without what stands above and below it."""

# The palette of Okabe and Ito, made for all common kinds of colour vision.
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
BROWN = "#8C6D31"
GREY = "#B8B8B8"
DARK = "#333333"
FAINT = "#777777"
# Perceptually uniform, readable in grey and by the colour-blind; dark is much.
COLOUR_MAP = "viridis_r"

SMALL = 7.0
"""Points of what is smaller than the labels of axes."""

_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    # The one family that ships with matplotlib itself: the same picture on every machine.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.titlesize": SMALL,
    "axes.labelsize": 7.5,
    "figure.titlesize": 8,
    "figure.labelsize": 7.5,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.5,
    "axes.linewidth": 0.6,
    "axes.edgecolor": DARK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.markersize": 3.6,
    "lines.markeredgewidth": 0.6,
    "figure.facecolor": "white",
    "image.cmap": COLOUR_MAP,
    # TrueType, embedded: text stays text in the PDF, and publishers refuse the default Type 3.
    "pdf.fonttype": 42,
    # Glyphs as outlines, since an SVG cannot embed a font; a fixed salt makes its names repeatable.
    "svg.fonttype": "path",
    "svg.hashsalt": "epsilon_research",
}

_VECTOR_DPI = 300
"""Resolution of the rasterised points inside a vector file."""

_NO_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}
"""No date and no version of the writer: equal figures are equal files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colour and marker of one kind of points, distinct in colour and in grey."""

    colour: str
    marker: str = "o"

    def handle(self, label: str, *, line: bool = False, **changes: Any) -> Line2D:
        """Return the legend entry of these points, on a line if `line` is true."""
        style = "-" if line else ""
        return Line2D(
            [], [], color=self.colour, marker=self.marker, linestyle=style, label=label, **changes
        )


@contextmanager
def figure_style(settings: FigureSettings | None = None) -> Iterator[None]:
    """Draw and save figures inside this context, whatever the user's matplotlib settings are.

    Args:
        settings: Only `style` is used here.

    Raises:
        ValueError: The style sheet does not exist.
    """
    style = None if settings is None else settings.style
    if style is not None and style not in style_sheets.available and not Path(style).is_file():
        raise ValueError(
            "plotting.style must be the path of a style sheet or a name in "
            f"matplotlib.style.available, got {style!r}: pass e.g. plotting.style=grayscale"
        )
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        if style is not None:
            style_sheets.use(style)
        yield


def new_panels(
    num_panels: int,
    *,
    settings: FigureSettings | None,
    height: float,
    columns: int = 2,
    title: str = "",
    **subplots: Any,
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure that makes room for its own labels, and its panels row by row.

    One panel takes one column of the page, several take its width.

    Args:
        num_panels: How many; places that are left over in the last row stay empty.
        settings: Widths of the column and of the page; None: the default ones.
        height: Of the whole figure, in inches.
        columns: Panels side by side.
        title: One line over the figure; may be empty.
        **subplots: Passed to `Figure.subplots`.
    """
    settings = settings or FigureSettings()
    columns = min(columns, num_panels)
    width = settings.column_width if columns == 1 else settings.page_width
    figure = Figure(figsize=(width, height), layout="constrained")
    if title:
        figure.suptitle(title)
    grid = figure.subplots(-(-num_panels // columns), columns, squeeze=False, **subplots).ravel()
    for axes in grid[num_panels:]:
        axes.set_axis_off()
    return figure, list(grid[:num_panels])


def letter_panels(panels: Iterable[Axes]) -> None:
    """Write (a), (b), … before the titles of several panels; a single panel has no letter."""
    shown = list(panels)
    for place, axes in enumerate(shown if len(shown) > 1 else ()):
        turn, letter = divmod(place, len(string.ascii_lowercase))
        words = f"({string.ascii_lowercase[letter] * (turn + 1)}) {axes.get_title(loc='left')}"
        axes.set_title(words.rstrip(), loc="left")


def save_figure(figure: Figure, *, folder: Path, name: str, settings: FigureSettings) -> list[Path]:
    """Write a figure in each format, the same bytes whenever the figure is the same.

    Args:
        figure: A figure made inside `figure_style`.
        folder: An existing folder.
        name: File name without its suffix.
        settings: Formats and resolution.

    Returns:
        The paths, in the order of `settings.formats`.
    """
    paths = [folder / f"{name}.{suffix}" for suffix in settings.formats]
    for path, suffix in zip(paths, settings.formats, strict=True):
        dpi = settings.dpi if suffix == "png" else _VECTOR_DPI
        # Matplotlib writes as it draws: an interrupt would leave half a picture.
        write_atomically(
            path,
            partial(figure.savefig, format=suffix, dpi=dpi, metadata=_NO_METADATA[suffix]),
        )
    return paths


_LOOKS = {
    "paper": Look(colour=VERMILION, marker="o"),
    "connected": Look(colour=BLUE, marker="s"),
    "worst": Look(colour=ORANGE, marker="^"),
    "unique": Look(colour=GREEN, marker="v"),
    "common": Look(colour=PURPLE, marker="P"),
    "common_float32": Look(colour=SKY, marker="X"),
}


def look_of(protocol: str) -> Look:
    """Return colour and marker of a protocol, the same in every figure."""
    return _LOOKS.get(protocol, Look(colour=DARK, marker="h"))
