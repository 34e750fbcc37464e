"""The groups and options of `conf/`: where they are and what each is for."""

import difflib
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

_PACKAGE = Path(__file__).resolve().parents[1]

CHECKOUT = _PACKAGE.parent
"""The folder that holds the package: the checkout, unless it is installed from a wheel."""

# A wheel has the package `epsilon_research.conf` inside; a checkout has `conf/` at its top, and
# must not take the configuration of another one that happens to be installed.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else CHECKOUT / "conf"


@cache
def main_configuration() -> dict[str, Any]:
    """Return `conf/config.yaml` as it is written, with its references unresolved."""
    return cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml")))


def default_options() -> dict[str, Any]:
    """Return what `conf/config.yaml` chooses in each group: an option, or a list of them."""
    chosen: dict[str, Any] = {}
    for entry in main_configuration()["defaults"]:
        chosen |= {} if entry == "_self_" else entry
    return chosen


def known_settings() -> set[str]:
    """Return the groups and plain values of `conf/config.yaml`."""
    return main_configuration().keys() - {"defaults", "hydra"} | default_options().keys()


def unknown_setting(key: str) -> str:
    """Return the sentence about a setting that the chosen options do not have.

    Args:
        key: The setting as it is typed, such as `search_space.frist`.
    """
    group, _, name = key.partition(".")
    homes = {
        f"{group}.{setting}": path.stem
        for path in sorted((CONF / group).glob("*.yaml"))
        for setting in OmegaConf.load(path)
    }
    if key in homes:
        advice = f"{group}={homes[key]} has it"
    else:
        advice = suggestion(key, homes if name else known_settings())
    return f"settings must be among those that the chosen options have, got {key}: {advice}"


def suggestion(word: str, known: Collection[str]) -> str:
    """Return what to do about a `word` that is none of the `known` ones."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else "see python run.py --help"


def options_help() -> str:
    """Return a table of all groups and options with the purpose of each, for `--help`.

    Groups that a user adds with `--config-dir` are included.
    """
    folders = [
        Path(source.path)
        for source in HydraConfig.get().runtime.config_sources
        if source.schema == "file"
    ]
    files = [path for folder in folders for path in folder.glob("*/*.yaml")]
    files.sort(key=lambda path: (path.parent.name, path.stem))
    width = max((len(path.stem) for path in files), default=0)
    text = "\n".join(_help_lines(files, width=width))
    return text.replace("$", "$$")  # Hydra substitutes `$NAME` in it


def _help_lines(files: Collection[Path], *, width: int) -> Iterator[str]:
    group = ""
    for path in files:
        if path.parent.name != group:
            group = path.parent.name
            yield group
        yield f"  {path.stem:{width}}  {_purpose(path)}".rstrip()


def _purpose(path: Path) -> str:
    """Return the first line of comment in an option's file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = (line for line in lines if line.startswith("# ") and "@package" not in line)
    return next(comments, "").removeprefix("# ")
