"""Tracking: what a run leaves behind.

Files in the run folder are the truth (`write_table` and `write_json` write aside and rename, so a
file is whole or absent); a tracker is a copy of them for a dashboard. A tracker raises what goes
wrong; `FaultTolerantTracker` around it logs that once and lets the run go on, which then ends with
exit status 1. No connection is opened unless `mode=online` is set.

The library of a tracker is imported in its own file only, late.
"""

from epsilon_research.tracking.base import Tracker as Tracker
from epsilon_research.tracking.fault_tolerant import FaultTolerantTracker as FaultTolerantTracker
from epsilon_research.tracking.none import NoTracker as NoTracker
from epsilon_research.tracking.provenance import config_hash as config_hash
from epsilon_research.tracking.provenance import git_commit as git_commit
from epsilon_research.tracking.provenance import versions as versions
from epsilon_research.tracking.record import write_json as write_json
from epsilon_research.tracking.record import write_table as write_table
from epsilon_research.tracking.wandb import WandbTracker as WandbTracker
