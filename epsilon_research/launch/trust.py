"""What a configuration may name: the project's own classes, and Hydra's settings as they are here.

A configuration from elsewhere is data, but Hydra makes it code: `_target_` calls what it names, and
so do callbacks, launchers and logging. So a `_target_` must be a class of the project, and a file
given with `--config-path` may not bring a `hydra` section of its own. Who has classes elsewhere
names their packages in the environment variable `EPSILON_TRUSTED`, where no configuration can.
"""

import importlib
import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT = "epsilon_research"
VARIABLE = "EPSILON_TRUSTED"

_FUNCTIONS = ("epsilon_research.store.open_store",)
"""What a configuration may call besides classes, which it can only build."""

_SECRET_SUFFIXES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
"""Suffixes of the names of environment variables that hold secrets."""

_SHORTEST_SECRET = 16
"""Characters; shorter values would be found in innocent places."""

_DEEPEST = 40
"""Levels of a configuration; ours have eight."""

_FREE = (("run", "dir"), ("sweep", "dir"), ("sweep", "subdir"))
"""Hydra's folders: a saved configuration may have its own values of these settings."""


def check_targets(settings: Any) -> None:
    """Refuse a configuration that names code of others.

    Args:
        settings: Mappings, lists and plain values, as YAML holds them.

    Raises:
        ValueError: A `_target_` is not a class of a trusted package.
    """
    for place, target in _leaves(settings):
        if place.split(".")[-1] == "_target_" and not _is_own(target):
            raise ValueError(
                f"{place} must name a class of the project, got {target!r}: if it is yours, trust "
                f"its package with {VARIABLE}=PACKAGE before the command"
            )


def check_secrets(settings: Any) -> None:
    """Refuse a configuration that would write a secret of the environment into a run's files.

    Args:
        settings: Mappings, lists and plain values, with all references resolved.

    Raises:
        ValueError: A text holds the value of a variable such as `WANDB_API_KEY`.
    """
    secrets = {
        value: name
        for name, value in os.environ.items()
        if name.upper().endswith(_SECRET_SUFFIXES) and len(value) >= _SHORTEST_SECRET
    }
    for place, leaf in _leaves(settings):
        for value, name in secrets.items():
            if value in f"{place} {leaf}":
                raise ValueError(
                    f"settings must not hold secrets, got the value of {name} in {place}: leave "
                    "it in the environment, where it is found"
                )


def check_origin(arguments: Namespace, *, own: Mapping[str, Any]) -> None:
    """Refuse configurations from elsewhere that would change how Hydra itself works.

    Args:
        arguments: The command line as Hydra's parser reads it.
        own: The `hydra` section of the project's main configuration.

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
    if arguments.config_path is not None:
        name = (arguments.config_name or "config").removesuffix(".yaml")
        path = Path(arguments.config_path) / f"{name}.yaml"
        if path.is_file():
            _check_file(path, own=own)


def _check_file(path: Path, *, own: Mapping[str, Any]) -> None:
    try:
        settings = _read(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"{path} must be a YAML file of settings, got something else ({reason}): take the "
            "config.yaml of a run folder"
        ) from error
    foreign = ["defaults"] if "defaults" in settings else []
    foreign += [f"hydra.{name}" for name in _foreign(settings.get("hydra", {}), own)]
    if foreign:
        raise ValueError(
            f"{path} must leave Hydra's own settings as the project has them, got another "
            f"{foreign[0]}: if you trust the file, set {VARIABLE}={PROJECT} before the command"
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


def _foreign(theirs: Any, ours: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the names of settings that the project does not have, or has otherwise."""
    if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
        for key, value in theirs.items():
            yield from _foreign(value, ours.get(key), (*path, str(key)))
    elif theirs != ours and not (path in _FREE and isinstance(theirs, str)):
        yield ".".join(path) or "section"


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every plain value with its place, such as `metric.epsilon._target_`."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}".removeprefix("."))
    elif isinstance(node, list | tuple):
        for number, value in enumerate(node):
            yield from _leaves(value, f"{path}[{number}]")
    else:
        yield path, node


def _is_own(target: Any) -> bool:
    """Return whether `target` names a class that a trusted package defines, not one it imports."""
    package = str(target).partition(".")[0]
    if package != PROJECT:
        return package in os.environ.get(VARIABLE, "").replace(",", " ").split()
    if target in _FUNCTIONS:
        return True
    # Not as Hydra looks it up, who would follow `epsilon_research.some_module.os.system`.
    module, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return False
    return isinstance(found, type) and found.__module__.split(".")[0] == PROJECT
