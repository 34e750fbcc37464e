"""Launch: from a command line to a finished run folder. The only room that imports Hydra.

    entry.py    the first that a program runs: hears signals (signals.py), then imports the rest
    cli.py      parses the command line, runs what it asks for, returns the exit status
    before.py   checks before Hydra makes a folder: trust.py, foreign.py, kinds.py, folders.py
    job.py      one configuration: check, save, build, track, run, show
    sweep.py    the jobs of a sweep, which are gathered by a step of its own
    score.py    `epsilon score MODULE:NAME`: one network of one's own
    options.py  what is known on the command line, and what each option is for
    declared.py what Hydra composes, with nothing started
    errors.py   a user's mistake as one sentence

A job gets plain objects, built by Hydra from `_target_`; nothing below this room has heard of
configuration files. An error in `USER_ERRORS` ends in one sentence and exit status 1, anything else
is a bug and shows its traceback; `HYDRA_FULL_ERROR=1` shows all of them.

May import: every other room.
"""

from epsilon_research.launch.entry import launch as launch
