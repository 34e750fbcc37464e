"""Configurations of others: what Hydra composes of them is compared with the project's own.

A file that `--config-path` or `--config-name` leads to is data, and may become neither code nor a
connection nor a file elsewhere. So it is composed, with nothing started, and refused where

* Hydra's own settings differ from the project's: callbacks, launchers and logging call what they
  name, and folders may lie anywhere;
* a `_target_` is not a class of the project;
* a setting connects, downloads or names a folder to write to (`connects` of its class).

What the user types counts as the user's: a typed setting is never refused here.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from epsilon_research.catalogue import CONF
from epsilon_research.launch.job import check_settings
from epsilon_research.launch.trust import VARIABLE, check_targets

_OWN_NAME = "config"
_NO_SEARCH_PATH = "hydra.searchpath=[]"

_DEEPEST = 40
"""Levels of a configuration; ours have eight."""

_MADE_BY_HYDRA = ("overrides", "runtime", "help", "hydra_help", "mode", "verbose", "searchpath")
"""Parts of the section `hydra` that say how it was composed, or that only print."""

_FUNCTIONS: Mapping[Any, Mapping[str, Callable[[Any], bool]]] = {
    "epsilon_research.store.open_store": {
        "path": lambda path: path not in (None, "none", "auto", os.environ.get("EPSILON_STORE"))
    }
}
"""As `connects` of a class."""


class _Parser(ArgumentParser):
    """Hydra's parser, which takes no abbreviated flags and answers in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print with its own usage."""
        raise ValueError(
            f"flags must be among those of --help, got another ({message}): write it out"
        )


def own_parser() -> ArgumentParser:
    """Return Hydra's parser without abbreviations: `--config-d` would be another flag."""
    parser = get_args_parser()
    parser.allow_abbrev = False
    parser.__class__ = _Parser
    return parser


def check_origin(arguments: Namespace) -> None:
    """Refuse a configuration of somebody else that does more than choose settings.

    Args:
        arguments: The command line as Hydra's parser reads it; a search path in a file is turned
            off in it.

    Raises:
        ValueError: There is such a file, and the user has not set `EPSILON_TRUSTED`.
    """
    if os.environ.get(VARIABLE):
        return
    for flag in ("config_dir", "experimental_rerun"):
        if getattr(arguments, flag) is not None:
            raise ValueError(
                f"--{flag.replace('_', '-')} must not be used without trust, since what it names "
                f"can run any code, got {getattr(arguments, flag)}: set {VARIABLE}=PACKAGE before "
                "the command if the files are yours"
            )
    if arguments.config_path is None and arguments.config_name in (None, _OWN_NAME):
        return
    _check_file(Path(arguments.config_path or CONF), arguments.config_name or _OWN_NAME)
    typed = _Typed(arguments.overrides)
    if "hydra.searchpath" not in typed.keys:
        arguments.overrides.append(_NO_SEARCH_PATH)
    _check_composed(arguments, typed)


def _check_file(folder: Path, name: str) -> None:
    """Refuse a file that is no plain YAML, before Hydra reads it."""
    path = folder / f"{name.removesuffix('.yaml')}.yaml"
    if not path.is_file():
        return  # Hydra says what there is instead
    try:
        settings = _read(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} must be a YAML file of settings, got something else ({reason}): take the "
            "config.yaml of a run folder"
        ) from error
    if "defaults" in settings:
        raise ValueError(
            f"defaults must not be in a configuration of somebody else, got such a list in {path}: "
            f"set {VARIABLE}=PACKAGE before the command if you trust the file"
        )


def _read(text: str) -> dict[str, Any]:
    """Parse settings without aliases, which can multiply, and without deep nesting."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("it has aliases")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"it nests more than {_DEEPEST} levels")
    settings = yaml.safe_load(text)
    if not isinstance(settings, dict):
        raise yaml.YAMLError(f"it holds a {type(settings).__name__}")
    return settings


class _Typed:
    """The settings of a command line."""

    def __init__(self, words: Sequence[str]) -> None:
        parsed = OverridesParser.create().parse_overrides(list(words))
        self.keys = {one.key_or_group for one in parsed}
        # Who types a group types its name, and not what a file of somebody else has under it.
        self._sections = [one.key_or_group for one in parsed if isinstance(one.value(), dict)]
        # What is swept is typed, too, and has no single value.
        self.constant = [
            word for word, one in zip(words, parsed, strict=True) if not one.is_sweep_override()
        ]
        self.of_hydra = [word for word in self.constant if word.lstrip("+~").startswith("hydra")]

    def has(self, place: str) -> bool:
        """Whether a setting, or a mapping that holds it, was typed."""
        return place in self.keys or any(place.startswith(f"{key}.") for key in self._sections)


def _check_composed(arguments: Namespace, typed: _Typed) -> None:
    where = f"{arguments.config_path or CONF}, {arguments.config_name or _OWN_NAME}"
    theirs = _composed(
        arguments.config_path or str(CONF),
        arguments.config_name or _OWN_NAME,
        [*typed.constant, *([] if "hydra.searchpath" in typed.keys else [_NO_SEARCH_PATH])],
    )
    ours = _composed(str(CONF), _OWN_NAME, typed.of_hydra)
    for place in _different(_hydra_of(theirs), _hydra_of(ours)):
        raise ValueError(
            f"hydra.{place} must be the project's own in a configuration of somebody else, got "
            f"another in {where}: type it, or set {VARIABLE}=PACKAGE before the command if you "
            "trust the file"
        )
    HydraConfig.instance().set_config(theirs.copy())
    settings = theirs.copy()
    with read_write(settings), open_dict(settings):
        del settings["hydra"]
    found = cast("dict[str, Any]", OmegaConf.to_container(settings, resolve=True))
    check_targets(found)
    # The parts of the pipeline refer to sections by whose names they are typed.
    free = [(place, value) for place, value in _connections(found) if typed.has(place)]
    for place, value in _connections(found):
        if (place, value) not in free and (place.removeprefix("pipeline."), value) not in free:
            raise ValueError(
                f"{place} must be typed where a configuration of somebody else connects or writes "
                f"elsewhere, got {value!r} in {where}: type it, or set {VARIABLE}=PACKAGE before "
                "the command if you trust the file"
            )
    check_settings(settings)


def _composed(folder: str, name: str, overrides: Sequence[str]) -> DictConfig:
    with initialize_config_dir(folder, version_base="1.3"):
        return compose(name, list(overrides), return_hydra_config=True)


def _hydra_of(config: DictConfig) -> dict[str, Any]:
    section = cast("dict[str, Any]", OmegaConf.to_container(config.hydra))
    kept = {name: part for name, part in section.items() if name not in _MADE_BY_HYDRA}
    # What Hydra notes about the command line itself.
    for name in ("config_name", "override_dirname", "id", "num"):
        kept["job"].pop(name, None)
    return kept


def _different(theirs: Any, ours: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the settings that one of two sections does not have, or has otherwise."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        for key in dict.fromkeys([*theirs, *ours]):
            yield from _different(theirs.get(key), ours.get(key), (*path, str(key)))
    elif theirs != ours:
        yield ".".join(path)


def _connections(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every setting that connects or writes elsewhere, with its value."""
    if isinstance(node, list):
        for number, part in enumerate(node):
            yield from _connections(part, f"{place}[{number}]")
    if not isinstance(node, dict):
        return
    for key, part in node.items():
        yield from _connections(part, f"{place}.{key}".removeprefix("."))
    target = node.get("_target_")
    rules = _FUNCTIONS.get(target) or (
        getattr(get_object(target), "connects", {}) if target else {}
    )
    for name, connects in rules.items():
        if connects(node.get(name)):
            yield f"{place}.{name}", node.get(name)
