"""What a page was made with, in one line."""

import os
import platform
from datetime import datetime
from pathlib import Path

from epsilon_research.tracking import git_commit, versions

ROOT = Path(__file__).resolve().parents[1]


def provenance(module: str) -> str:
    """Return date, command, machine, commit and versions of a page that `python -m module` made."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = " ".join(word for word in (platform.machine(), platform.system()) if word)
    date = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    known = ", ".join(f"{name} {number}" for name, number in versions().items())
    return (
        f"Made {date} by python -m {module} on {cores} core{'' if cores == 1 else 's'}, {system}. "
        f"Commit {git_commit(ROOT) or 'unknown'}. Versions: {known}."
    )
