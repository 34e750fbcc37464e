"""`GROUP=list`: what the options of a group are for, and which questions the studies ask."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf

from epsilon_research.catalogue import CONF, default_options
from epsilon_research.launch.options import purpose
from epsilon_research.reporting import Table, show

_LIST = "list"


def listed_group(settings: Sequence[str]) -> str | None:
    """Return the group whose options a command line asks for, if it does.

    Args:
        settings: The words of the command line that are not flags.
    """
    asked = [word.removesuffix(f"={_LIST}") for word in settings if word.endswith(f"={_LIST}")]
    return next((group for group in asked if group in default_options()), None)


def show_options(group: str, *, further: Path | None = None) -> None:
    """Print each option of a group with its purpose; of a study, also what it reports.

    Args:
        group: A folder of `conf/`.
        further: A folder of options that the user adds with `--config-dir`.
    """
    folders = [CONF, *([] if further is None else [further])]
    files = [path for folder in folders for path in sorted((folder / group).glob("*.yaml"))]
    rows = [[path.stem, _about(path)] for path in files if path.stem != "none"]
    program = f"{group}=NAME chooses one; --cfg job shows its settings without a run."
    show(Table(title="", head=[group, ""], rows=rows, note=program, align="ll"))


def _about(path: Path) -> str:
    report = OmegaConf.select(OmegaConf.load(path), "report")
    question = "" if report is None else str(report.question)
    first = purpose(path)
    return first if question in ("", first) else f"{first}\n{question}"
