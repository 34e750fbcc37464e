"""Plotting: score frames and statistics become figures.

The contract: a score frame (one row per architecture), statistics that were computed elsewhere, or
the record of a study come in, files come out. No row is hidden: a score that is undefined is shown
as one more architecture under its reason, never as a value.

Importing this room does not import matplotlib: the functions of `figures.py` do, when they draw.

May import: numpy, pandas, matplotlib (object-oriented, never pyplot), `analysis` and, for typed
records and numbers as text, `reporting`.

To add a figure: a function that returns a `Figure`, made of `style.new_panels` with `scales.py`;
its name in `figures.py`, which saves it. Then look at the picture.
"""

from epsilon_research.plotting.figures import STUDY_FIGURES as STUDY_FIGURES
from epsilon_research.plotting.figures import RunFigures as RunFigures
from epsilon_research.plotting.figures import save_study_figure as save_study_figure
from epsilon_research.plotting.points import ScorePoints as ScorePoints
from epsilon_research.plotting.points import Target as Target
from epsilon_research.plotting.points import read_points as read_points
from epsilon_research.plotting.settings import FigureSettings as FigureSettings
