"""Studies: what a question declares, its gathered jobs, and the published numbers beside them.

The tables of `paper.json` are put beside jobs with margins that come from `spread.json`.
"""

from epsilon_research.studies.gather import gather as gather
from epsilon_research.studies.report import Report as Report
