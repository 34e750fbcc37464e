"""How much memory there is, and a check of what needs it before any work."""

import math
import os
from pathlib import Path

_CONTROL_GROUP = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux keeps the limit of a container, in its two versions."""


def memory_bytes() -> float:
    """Bytes that this process may have: the least of the machine's and of the limits set to it."""
    return min(_of_machine(), _of_process(), _of_container())


def check_memory(setting: str, num_bytes: float, *, what: str) -> None:
    """Refuse what cannot fit into memory.

    Args:
        setting: What decides its size.
        num_bytes: Its size, temporary copies included.
        what: What it is, for the error message.

    Raises:
        ValueError: It is larger than all memory.
    """
    most = memory_bytes()
    if num_bytes > most:
        raise ValueError(
            f"{setting} must be such that {what} fits into the {most / 1e9:,.1f} GB of memory, got "
            f"one that needs {num_bytes / 1e9:,.1f} GB: lower it"
        )


def _of_machine() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_process() -> float:
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _of_container() -> float:
    for path in _CONTROL_GROUP:
        try:
            return float(path.read_text(encoding="ascii"))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return math.inf
