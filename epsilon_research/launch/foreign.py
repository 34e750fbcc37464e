"""Configurations of others: what Hydra composes of them is compared with the project's own.

A file that `--config-path` or `--config-name` leads to is data, and may become neither code nor a
connection nor a file elsewhere. So it is composed, with nothing started, and refused where Hydra's
own settings differ from the project's (callbacks, launchers and logging call what they name, and
folders may lie anywhere), a `_target_` is not a class of the project, or a setting connects,
downloads or names a folder to write to (`connects` of its class).

What the user types counts as the user's: a typed setting is never refused here. A folder of options
that is typed (`--config-dir`, `hydra.searchpath`) is more than a setting, and needs trust.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from epsilon_research.bounded_yaml import read_settings
from epsilon_research.catalogue import CONF
from epsilon_research.launch.declared import composed, settings_of
from epsilon_research.launch.job import check_settings
from epsilon_research.launch.trust import VARIABLE, check_secrets, check_targets

_OWN_NAME = "config"
_SEARCH_PATH = "hydra.searchpath"
_NO_SEARCH_PATH = f"{_SEARCH_PATH}=[]"

_MADE_BY_HYDRA: Mapping[str, Collection[str]] = {
    "": ("overrides", "help", "hydra_help", "mode", "verbose", "searchpath"),
    "runtime": ("choices", "config_sources"),
    "job": ("config_name", "override_dirname"),
}
"""Parts of the section `hydra` that say how it was composed, or that only print."""

_FUNCTIONS: Mapping[Any, Mapping[str, Callable[[Any], bool]]] = {
    "epsilon_research.store.open_store": {
        "path": lambda path: path not in (None, "none", "auto", os.environ.get("EPSILON_STORE"))
    }
}
"""Functions and their settings that reach out of the program, as `connects` of a class."""


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


def check_origin(arguments: Namespace) -> Callable[[DictConfig], None]:
    """Refuse a configuration of somebody else that does more than choose settings.

    A search path in a file is turned off in `arguments`.

    Returns:
        A check of what a job of it is composed to: a reference may choose by what is swept.

    Raises:
        ValueError: There is such a file, and the user has not set `EPSILON_TRUSTED`.
    """
    if os.environ.get(VARIABLE):
        return lambda config: None
    for flag in ("config_dir", "experimental_rerun"):
        _check_options(f"--{flag.replace('_', '-')}", getattr(arguments, flag))
    if any("searchpath" in word for word in arguments.overrides):
        _check_options(_SEARCH_PATH, _Typed(arguments.overrides).values.get(_SEARCH_PATH))
    if arguments.config_path is None and arguments.config_name in (None, _OWN_NAME):
        return lambda config: None
    folder, name = Path(arguments.config_path or CONF), arguments.config_name or _OWN_NAME
    _check_file(folder, name)
    if _NO_SEARCH_PATH not in arguments.overrides:
        arguments.overrides.append(_NO_SEARCH_PATH)
    typed, where = _Typed(arguments.overrides), f"{folder}, {name}"
    _check_composed(folder, name, typed=typed, where=where)
    return lambda config: _check_connections(config, typed=typed.values, where=where)


def _check_options(name: str, folder: object) -> None:
    if folder:
        raise ValueError(
            f"{name} must not be used without trust, since what it names can run any code, got "
            f"{folder}: set {VARIABLE}=PACKAGE before the command if the files are yours"
        )


def _check_file(folder: Path, name: str) -> None:
    """Refuse a file that is not plain YAML, before Hydra reads it."""
    path = folder / f"{name.removesuffix('.yaml')}.yaml"
    if not path.exists():
        return  # Hydra says what there is instead
    try:
        settings = read_settings(path)
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


class _Typed:
    """The settings of a command line."""

    def __init__(self, words: Sequence[str]) -> None:
        parsed = OverridesParser.create().parse_overrides(list(words))
        self.values = dict(_spelled_out({one.key_or_group: one.value() for one in parsed}))
        # What is swept is typed, too, and has no single value.
        self.constant = [
            word for word, one in zip(words, parsed, strict=True) if not one.is_sweep_override()
        ]
        self.of_hydra = [word for word in self.constant if word.lstrip("+~").startswith("hydra")]
        self.swept = [one.key_or_group for one in parsed if one.is_sweep_override()]


def _spelled_out(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every value with its place: who types a mapping types what is in it, and no more."""
    for place, value in values.items():
        if isinstance(value, dict):
            yield from _spelled_out({f"{place}.{key}": part for key, part in value.items()})
        else:
            yield place, value


def _check_composed(folder: Path, name: str, *, typed: _Typed, where: str) -> None:
    theirs, ours = composed(typed.constant, folder=folder, name=name), composed(typed.of_hydra)
    noted = theirs.hydra.overrides
    changed = [*_different(_hydra_of(theirs), _hydra_of(ours))]
    # Jobs of a sweep are composed with what stands here.
    if sorted([*noted.hydra, *noted.task]) != sorted(typed.constant):
        changed.append("overrides")
    if changed:
        raise ValueError(
            f"hydra.{changed[0]} must be the project's own in a configuration of somebody else, "
            f"got another in {where}: type it, or set {VARIABLE}=PACKAGE before the command if you "
            "trust the file"
        )
    # Only jobs of a sweep would be composed with such options.
    swept = [group for group in typed.swept if folder != CONF and (folder / group).is_dir()]
    if swept:
        raise ValueError(
            f"options of somebody else must be chosen one at a time, got a sweep of {swept[0]} "
            f"in {where}: start one run for each, or set {VARIABLE}=PACKAGE before the command "
            "if you trust the files"
        )
    settings = settings_of(theirs)
    check_secrets(OmegaConf.to_container(settings, resolve=True))
    _check_connections(settings, typed=typed.values, where=where)
    check_settings(settings)


def _check_connections(config: DictConfig, *, typed: Collection[str], where: str) -> None:
    """Refuse settings that connect or write elsewhere, and that nobody has typed."""
    found = OmegaConf.to_container(config, resolve=True)
    check_targets(found)
    # The parts of the pipeline refer to sections by whose names they are typed.
    connections = [*_connections(found)]
    free = [(place, value) for place, value in connections if place in typed]
    for place, value in connections:
        if (place, value) not in free and (place.removeprefix("pipeline."), value) not in free:
            raise ValueError(
                f"{place} must be typed where a configuration of somebody else connects or writes "
                f"elsewhere, got {value!r} in {where}: type it, or set {VARIABLE}=PACKAGE before "
                "the command if you trust the file"
            )


def _hydra_of(config: DictConfig) -> dict[str, Any]:
    section = cast("dict[str, Any]", OmegaConf.to_container(config.hydra))
    for place, names in _MADE_BY_HYDRA.items():
        part = section[place] if place else section
        for name in names:
            part.pop(name, None)
    return section


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
