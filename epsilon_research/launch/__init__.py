"""Launch: from a command line to a finished run folder. The only room that imports Hydra.

`entry.py` is the first that a program runs: it hears signals, then imports `cli.py`, which parses
the command line and runs what it asks for. Before Hydra makes a folder, `before.py` checks secrets
and code of others (`trust.py`, `foreign.py`), kinds of values (`kinds.py`) and the folder
(`folders.py`). `job.py` checks, saves, builds, tracks and runs one configuration; the jobs of a
sweep (`sweep.py`) are gathered by a step of its own.

A job gets plain objects, built by Hydra from `_target_`; nothing below this room has heard of
configuration files. An error in `USER_ERRORS` ends in one sentence and exit status 1, anything else
is a bug and shows its traceback; `HYDRA_FULL_ERROR=1` shows all of them. May import: every other
room.
"""

from epsilon_research.launch.entry import launch as launch
