"""The look of every figure: style sheet, palette, panels, lines with their spread, files."""

import string
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from jaxtyping import Float
from matplotlib import style as style_sheets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy import ndarray

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
GREY = "#B8B8B8"
DARK = "#333333"
FAINT = "#777777"
PALETTE = (DARK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, "#8C6D31")
"""In an order in which neighbours differ most."""
# Perceptually uniform, readable in grey and by the colour-blind; dark is much.
COLOUR_MAP = "viridis_r"

_LOOKS = {
    "paper": {"color": VERMILION, "marker": "o"},
    "connected": {"color": BLUE, "marker": "s"},
    "worst": {"color": ORANGE, "marker": "^"},
    "unique": {"color": GREEN, "marker": "v"},
    "common": {"color": PURPLE, "marker": "P"},
    "common_float32": {"color": SKY, "marker": "X"},
}
"""Colour and marker of the points of a protocol, distinct in colour and in grey."""

BAND_ALPHA = 0.13

_STYLE_SHEET = Path(__file__).with_name("epsilon.mplstyle")

_VECTOR_DPI = 300
"""Resolution of the rasterised points inside a vector file."""

_NO_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
}
"""No date and no version of the writer: equal figures are equal files."""

_SETTINGS: ContextVar[FigureSettings | None] = ContextVar("settings of figures", default=None)


def figure_settings() -> FigureSettings:
    """Return the settings that are in effect, see `figure_style`."""
    return _SETTINGS.get() or FigureSettings()


@contextmanager
def figure_style(settings: FigureSettings | None = None) -> Iterator[None]:
    """Draw and save figures inside this context with these settings, or the default ones.

    The user's matplotlib settings are not in effect inside it.

    Raises:
        ValueError: The style sheet does not exist.
    """
    settings = settings or FigureSettings()
    style = settings.style
    if style is not None and style not in style_sheets.available and not Path(style).is_file():
        raise ValueError(
            "plotting.style must be the path of a style sheet or a name in "
            f"matplotlib.style.available, got {style!r}: pass e.g. plotting.style=grayscale"
        )
    before = _SETTINGS.set(settings)
    try:
        sheets = [_STYLE_SHEET, *([] if style is None else [style])]
        with style_sheets.context(sheets, after_reset=True):
            yield
    finally:
        _SETTINGS.reset(before)


def new_panels(
    num_panels: int, *, height: float, width: float | None = None, columns: int = 2, **subplots: Any
) -> tuple[Figure, list[Axes]]:
    """Return an empty figure that makes room for its own labels, and its panels row by row.

    Height and width are of the whole figure, in inches. By default it is a column of the page wide
    for one panel, and the page for several. `subplots` is passed to `Figure.subplots`.
    """
    settings, columns = figure_settings(), min(columns, num_panels)
    width = width or (settings.column_width if columns == 1 else settings.page_width)
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(-(-num_panels // columns), columns, squeeze=False, **subplots).ravel()
    for axes in grid[num_panels:]:
        axes.set_axis_off()
    return figure, list(grid[:num_panels])


def label_panels(panels: Iterable[Axes]) -> None:
    """Write (a), (b), … before the titles of several panels; a single panel has no label."""
    shown = list(panels)
    for place, axes in enumerate(shown if len(shown) > 1 else ()):
        turn, index = divmod(place, len(string.ascii_lowercase))
        words = f"({string.ascii_lowercase[index] * (turn + 1)}) {axes.get_title(loc='left')}"
        axes.set_title(words.rstrip(), loc="left")


def draw_line(
    axes: Axes,
    x: Float[ndarray, " points"],
    values: Float[ndarray, "3 points"],
    *,
    color: str,
    bars: bool = False,
    step: bool = False,
    **style: Any,
) -> None:
    """Draw a line through middles, and below all lines of the panel their spread.

    Args:
        axes: The panel.
        x: Horizontal positions, increasing.
        values: Middles and both ends of their spread; NaN, where undefined, is a gap.
        color: Of line and spread.
        bars: Whether the spread is a bar at each point instead of a band.
        step: Whether values hold until the next point.
        **style: As `Axes.plot` takes it.
    """
    middle, low, high = values
    if bars:
        axes.vlines(x, low, high, color=color, linewidth=0.9)
    else:
        band = {"color": color, "alpha": BAND_ALPHA, "linewidth": 0}
        axes.fill_between(x, low, high, step="post" if step else None, **band)
    axes.plot(x, middle, drawstyle="steps-post" if step else "default", color=color, **style)


def look_of(protocol: str) -> dict[str, Any]:
    """Return how `Axes.plot` draws the points of a protocol, the same in every figure."""
    return _LOOKS.get(protocol, {"color": DARK, "marker": "h"})


def dot_handle(label: str, *, color: str, **style: Any) -> Line2D:
    """Return the legend entry of dots."""
    return Line2D([], [], **{"marker": "o", "linestyle": "", **style}, color=color, label=label)


def legend_entries(figure: Figure) -> list[Artist]:
    """Return what is labelled in the panels of a figure, each label once."""
    found: dict[str, Artist] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values())


def save_figure(figure: Figure, *, folder: Path, name: str, title: str = "") -> list[Path]:
    """Write a figure in each format, the same bytes whenever the figure is the same.

    Args:
        figure: A figure made inside `figure_style`.
        folder: Where to write; made if need be.
        name: File name without its suffix.
        title: One line over the figure, before what it says itself; may be empty.
    """
    settings = figure_settings()
    words = ", ".join(filter(None, (title, figure.get_suptitle())))
    if words:
        figure.suptitle(words, wrap=True)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix in settings.formats:
        dpi = settings.dpi if suffix == "png" else _VECTOR_DPI
        save = partial(figure.savefig, format=suffix, dpi=dpi, metadata=_NO_METADATA[suffix])
        paths.append(folder / f"{name}.{suffix}")
        # Matplotlib writes as it draws: an interrupt would leave half a picture.
        write_atomically(paths[-1], save)
    return paths
