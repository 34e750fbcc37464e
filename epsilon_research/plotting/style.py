"""The look of every figure: one set of matplotlib settings, one palette, one way to save."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from epsilon_research.atomic_file import write_atomically

# Widths in inches of one and of two columns of a two-column paper, and the height of one panel.
COLUMN_WIDTH = 3.5
PAGE_WIDTH = 7.16
PANEL_HEIGHT = 2.75

# Okabe and Ito's palette, made for all common kinds of colour vision.
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREY = "#B8B8B8"
DARK = "#333333"
# Perceptually uniform, readable in grey and by the colour-blind; dark is much.
COLOUR_MAP = "viridis_r"

_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    # The one family that ships with matplotlib itself: the same picture on every machine.
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "figure.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
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
    "figure.facecolor": "white",
    "image.cmap": COLOUR_MAP,
    # TrueType, embedded: text stays text in the PDF, and publishers refuse the default Type 3.
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
}

_PNG_DPI = 200
# Of the rasterised points inside a PDF.
_PDF_DPI = 300


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw and save inside this context: the settings are ours, whatever the user's are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def new_figure(*, width: float, height: float) -> Figure:
    """An empty figure of `width` by `height` inches that makes room for its own labels."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, *, folder: Path, name: str) -> list[Path]:
    """Write `name`.png and `name`.pdf, the same bytes whenever the figure is the same.

    Args:
        figure: A figure made inside `paper_style`.
        folder: Where to, exists.
        name: File name without its ending.

    Returns:
        The two paths, PNG first.
    """
    png, pdf = folder / f"{name}.png", folder / f"{name}.pdf"
    # No date and no version of the writer: equal figures are equal files.
    of_pdf = {"Creator": None, "Producer": None, "CreationDate": None}
    for path, dpi, metadata in ((png, _PNG_DPI, {"Software": None}), (pdf, _PDF_DPI, of_pdf)):
        # Matplotlib writes as it draws: an interrupt would leave half a picture.
        write_atomically(
            path, partial(figure.savefig, format=path.suffix[1:], dpi=dpi, metadata=metadata)
        )
    return [png, pdf]
