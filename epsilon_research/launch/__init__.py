"""Launch: from a command line to a finished run folder. The only room that imports Hydra.

    cli.py      parses the command line, runs what it asks for, returns the exit status
    job.py      one configuration: check, save, build, track, run, show
    sweep.py    the folder of a sweep; its jobs are gathered by a step of its own
    declared.py the studies of `conf/`, as Hydra composes them
    options.py  where `conf/` is, and what each of its options is for
    errors.py   a user's mistake as one sentence
    trust.py    which code a configuration may name

A job gets plain objects, built by Hydra from `_target_`; nothing below this room has heard of
configuration files. An error in `USER_ERRORS` ends in one sentence and exit status 1, anything else
is a bug and shows its traceback; `HYDRA_FULL_ERROR=1` shows all of them.

May import: every other room.
"""

from epsilon_research.launch.cli import launch as launch
from epsilon_research.launch.sweep import SweepFolder as SweepFolder
