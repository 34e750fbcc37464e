"""Studies: what a question declares, its gathered jobs, and the published numbers beside them.

`report.py` is the block of a study's file, `gather.py` reads the folders of its jobs, `settings.py`
finds in which settings their configurations differ, `published.py` puts the tables of `paper.json`
beside them, with the margins of `margins.py`, which come from `spread.json`.
"""

from epsilon_research.studies.gather import gather as gather
from epsilon_research.studies.report import Report as Report
