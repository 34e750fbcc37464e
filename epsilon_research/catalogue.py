"""The options of `conf/` as objects, by name and without Hydra: what users of Python name."""

import difflib
import importlib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent

CHECKOUT = _PACKAGE.parent
"""The folder that holds the package: the checkout, unless it is installed from a wheel."""

# A wheel has the package `epsilon_research.conf` inside; a checkout has `conf/` at its top, and
# must not take the configuration of another one that happens to be installed.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else CHECKOUT / "conf"

_DEFAULTS = "defaults"
"""Key of an option's list of what it chooses in other groups."""

_MISSING = "???"
"""Value of a setting that a user must give."""


@cache
def main_configuration() -> dict[str, Any]:
    """Return `conf/config.yaml` as it is written, with its references unresolved."""
    return _load(CONF / "config.yaml")


def default_options() -> dict[str, Any]:
    """Return what `conf/config.yaml` chooses in each group: an option, or a list of them."""
    chosen: dict[str, Any] = {}
    for entry in main_configuration()[_DEFAULTS]:
        chosen |= {} if entry == "_self_" else entry
    return chosen


def option_names(group: str) -> list[str]:
    """Return the names of a group's options, in alphabetical order."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def build_option(group: str, name: object, **settings: Any) -> Any:
    """Return the object that an option describes, or its values where it describes none.

    Args:
        group: Folder of `conf/`.
        name: File of that folder, without its suffix.
        settings: What the option's references, such as `${weights}`, stand for.

    Raises:
        ValueError: There is no such option, or it has settings without a value (`???`).
    """
    option = _read(group, name)
    option.pop(_DEFAULTS, None)
    missing = [place for place, value in _leaves(option) if value == _MISSING]
    if missing:
        raise ValueError(
            f"{group} must be an object where its option needs settings, got {name!r}, which needs "
            f"{', '.join(missing)}: build it from its class"
        )
    return _built(option, {f"${{{key}}}": value for key, value in settings.items()})


def option_beside(group: str, name: object, *, other: str) -> str:
    """Return the default option of one group in a run that chooses an option of another.

    Args:
        group: Group of the option, such as `search_space`.
        name: Its name.
        other: The other group, such as `benchmark`.

    Raises:
        ValueError: There is no such option.
    """
    for entry in _read(group, name).get(_DEFAULTS) or ():
        for key, option in entry.items() if isinstance(entry, dict) else ():
            if key.split()[-1].partition("@")[0] == f"/{other}":
                return option
    return default_options()[other]


def suggestion(word: str, known: Collection[str]) -> str | None:
    """Return the question whether a `word` that is unknown means one of the `known` ones."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else None


def _read(group: str, name: object) -> dict[str, Any]:
    names = option_names(group)
    if name not in names:
        advice = suggestion(str(name), names) or "choose one of them"
        raise ValueError(f"{group} must be one of {', '.join(names)}, got {name!r}: {advice}")
    return _load(CONF / group / f"{name}.yaml")


def _load(path: Path) -> dict[str, Any]:
    from omegaconf import OmegaConf

    found: Any = OmegaConf.to_container(OmegaConf.load(path))
    return found


def _leaves(node: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each plain value under a node, with the key that it stands under."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, key)
    else:
        yield name, node


def _built(node: Any, references: Mapping[str, Any]) -> Any:
    """What a `_target_` makes of its settings; other values as they are."""
    if isinstance(node, str):
        return references.get(node, node)
    if not isinstance(node, dict):
        return node
    values = {key: _built(value, references) for key, value in node.items()}
    target = values.pop("_target_", None)
    if target is None:
        return values
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)(**values)
