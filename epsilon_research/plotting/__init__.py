"""Plotting: score frames and statistics become figures.

The contract: a score frame (one row per architecture) and statistics that were computed elsewhere
come in, files come out. No row is hidden: a score that is undefined is shown as one more
architecture under its reason, never as a value.

Importing this room does not import matplotlib: the functions of `figures.py` do, when they draw.

May import: numpy, pandas, matplotlib (object-oriented, never pyplot), `analysis` and, for the typed
records of studies, `reporting`.

To add a figure: a function that takes arrays and returns a `Figure`, made of `style.new_panels` and
what `clouds.py`, `dots.py` and `lines.py` draw into a panel; one function in `figures.py` that
saves it. Then look at the picture.
"""

from epsilon_research.plotting.figures import STUDY_FIGURES as STUDY_FIGURES
from epsilon_research.plotting.figures import save_agreement_panels as save_agreement_panels
from epsilon_research.plotting.figures import save_run_figures as save_run_figures
from epsilon_research.plotting.figures import save_search_curves as save_search_curves
from epsilon_research.plotting.figures import save_study_figure as save_study_figure
from epsilon_research.plotting.notes import weights_in_words as weights_in_words
from epsilon_research.plotting.points import AgreementPanel as AgreementPanel
from epsilon_research.plotting.points import ScorePoints as ScorePoints
from epsilon_research.plotting.points import Target as Target
from epsilon_research.plotting.points import read_points as read_points
from epsilon_research.plotting.settings import FigureSettings as FigureSettings
