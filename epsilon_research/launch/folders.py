"""Folders of runs: which may be written to, and none left by what never began."""

import shutil
from pathlib import Path

from epsilon_research.catalogue import CONF

RUN_AGAIN = "# Run again: python run.py"
"""First line of the settings of a run; a folder of options may have a file of that name, too."""

_OURS = "_target_: epsilon_research."
"""What is in the settings of each of our runs."""

_SIGNS = {"config.yaml": RUN_AGAIN, ".hydra/config.yaml": _OURS, "multirun.yaml": _OURS}
"""Files of a run or of a sweep, each with what ours hold; other programs have such files, too."""

_MOST_CHARACTERS = 1 << 20

_BEFORE_WORK = {".hydra", "config.yaml", "run.log", "multirun.yaml"}
"""What is in a run folder when its work begins."""

_new: dict[Path, Path] = {}
"""Folders that were not there, or empty, when this process began, each with what was there."""


def check_folder(folder: Path) -> None:
    """Refuse a folder that is neither empty nor a run's, or lies among the project's own files."""
    inside = folder.resolve()
    own = (CONF, Path(__file__).resolve().parents[1])
    taken = any(inside == home or home in inside.parents for home in own)
    if folder.is_dir():
        taken = taken or not (_is_beginning(folder) or _is_of_a_run(folder))
    if taken:
        raise ValueError(
            f"the run folder must be new, empty or a run's, got {folder}: choose another one with "
            "hydra.run.dir=PATH"
        )


def _is_beginning(folder: Path) -> bool:
    """Return whether it is empty, or a run that starts at this moment has written nothing yet."""
    if not {path.name for path in folder.iterdir()} <= {"run.log", ".hydra"}:
        return False
    files = (folder / "run.log", folder / ".hydra" / "config.yaml")
    return not any(path.exists() and path.stat().st_size for path in files)


def _is_of_a_run(folder: Path) -> bool:
    if (folder / "study.json").is_file() and (folder / "study.parquet").is_file():
        return True
    return any(_holds(folder / name, sign) for name, sign in _SIGNS.items())


def _holds(path: Path, sign: str) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return sign in file.read(_MOST_CHARACTERS)


def remember(folder: Path) -> None:
    """Note that a folder is about to be made, if it is."""
    inside = folder.resolve()
    if not inside.is_dir() or not any(inside.iterdir()):
        _new[inside] = next(one for one in (inside, *inside.parents) if one.is_dir())


def remove_unbegun(folder: Path) -> None:
    """Remove the folder of a run that ended before its work began, if it was made for that run.

    One that was there, or holds more than settings and a log, stays as it is.
    """
    inside = folder.resolve()
    home = next((one for one in (inside, inside.parent) if one in _new), None)  # of a job, a sweep
    if home is None or not inside.is_dir():
        return
    if any(path.name not in _BEFORE_WORK for path in inside.iterdir()):
        return
    shutil.rmtree(inside)
    above = inside.parent
    while home == inside and _new[home] in above.parents and not any(above.iterdir()):
        above.rmdir()
        above = above.parent
