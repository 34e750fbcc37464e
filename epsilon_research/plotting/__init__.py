"""Plotting: tables of scores become figures, a summary becomes a table in the terminal.

The contract: a score frame (one row per architecture, columns as in ARCHITECTURE.md) and statistics
that were computed elsewhere come in, files come out. Nothing here computes a statistic but the mean
and the spread of a study's draws, and no row is hidden: a score that is undefined is shown as one
more architecture under its reason, never as a value.

May import: numpy, pandas, matplotlib (object-oriented, never pyplot), rich. No other room.

To add a figure: a file here with one function that takes `ScorePoints` and `Labels` and returns a
`Figure`, one line in `figures.py`, and look at the picture.
"""

from epsilon_research.plotting.comparison_figures import (
    save_comparison_figures as save_comparison_figures,
)
from epsilon_research.plotting.comparison_table import comparison_table as comparison_table
from epsilon_research.plotting.figures import save_figures as save_figures
from epsilon_research.plotting.points import Labels as Labels
from epsilon_research.plotting.points import ScorePoints as ScorePoints
from epsilon_research.plotting.points import read_points as read_points
from epsilon_research.plotting.study_figures import save_study_figures as save_study_figures
from epsilon_research.plotting.study_table import study_table as study_table
from epsilon_research.plotting.terminal import results_table as results_table
