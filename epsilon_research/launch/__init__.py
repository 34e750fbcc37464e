"""Launch: from a command line to a finished run folder. The only room that imports Hydra.

    entry.py    the first that a program runs: hears signals, then imports the rest
    cli.py      parses the command line, runs what it asks for, returns the exit status
    job.py      one configuration: check, save, build, track, run, show
    sweep.py    the folder of a sweep; its jobs are gathered by a step of its own
    declared.py the studies of `conf/`, as Hydra composes them
    kinds.py    values of the wrong kind, by the types that constructors declare
    options.py  what is known on the command line, and what each option is for
    listing.py  `GROUP=list`: the options of a group, the questions of the studies
    score.py    `epsilon score MODULE:NAME`: one network of one's own
    signals.py  Ctrl-C, SIGTERM and SIGHUP, heard once
    errors.py   a user's mistake as one sentence
    folders.py  folders of runs, and none of what never began
    jobs.py     how many jobs a sweep has, and whether all make one mistake
    before.py   what is checked before Hydra makes a folder
    trust.py    which code a configuration may name, and no secrets in it
    foreign.py  what a configuration of somebody else may change

A job gets plain objects, built by Hydra from `_target_`; nothing below this room has heard of
configuration files. An error in `USER_ERRORS` ends in one sentence and exit status 1, anything else
is a bug and shows its traceback; `HYDRA_FULL_ERROR=1` shows all of them.

May import: every other room.
"""

from epsilon_research.launch.entry import launch as launch
