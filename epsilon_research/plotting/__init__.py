"""Plotting: score frames and statistics become figures."""
from epsilon_research.plotting.figures import save_agreement_panels as save_agreement_panels
from epsilon_research.plotting.figures import save_run_figures as save_run_figures
from epsilon_research.plotting.points import AgreementPanel as AgreementPanel
from epsilon_research.plotting.points import ScorePoints as ScorePoints
from epsilon_research.plotting.points import Target as Target
from epsilon_research.plotting.points import read_points as read_points
from epsilon_research.plotting.settings import FigureSettings as FigureSettings
