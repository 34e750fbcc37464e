"""What a configuration may name, the project's own classes, and may not hold, secrets.

A configuration from elsewhere is data, but Hydra makes it code: `_target_` calls what it names, and
so do callbacks, launchers and logging (`foreign.py`). So a `_target_` must be a class of the
project. Who has classes elsewhere names their packages in the environment variable
`EPSILON_TRUSTED`, where no configuration can.
"""

import importlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

PROJECT = "epsilon_research"
VARIABLE = "EPSILON_TRUSTED"

_FUNCTIONS = (
    "epsilon_research.spaces.built.built_selection",
    "epsilon_research.store.open_store",
)
"""What a configuration may call besides classes, which it can only build."""

_BUILDERS = ("???", "epsilon_research.spaces.digits_networks:build")
"""What a setting `build` may hold: the project's own functions, or nothing yet, which whatever
builds the object asks for."""

_SECRET_PARTS = ("PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "_PWD")
_SECRET_WORDS = {"PAT", "AUTH", "PW"}
"""Parts, and whole words, of the names of environment variables that hold secrets."""

_SHORTEST_SECRET, _SHORTEST_WORD = 8, 3
"""Characters of a value that is looked for in texts, and of the longest that is no secret: shorter
values would be found in innocent places."""

_VARIABLE = re.compile(r"oc\.env: *['\"]?(\w+)")
_PASSWORD = re.compile(r"(?:^|[/\s='\"])[^/\s:@=]*:[^/\s:@][^/\s@]*@[\w\[]")
"""A password as in `user:password@host`, with or without a scheme before it."""

_PARAMETER = re.compile(r"[?&;]([\w-]+)=[^&;\s]")
"""A parameter of an address."""


def check_targets(settings: Any) -> None:
    """Refuse a configuration, as YAML holds it, that names code of others.

    Raises:
        ValueError: A `_target_` is not a class of a trusted package.
    """
    for place, target in _leaves(settings):
        if isinstance(target, str) and "${" in target:
            # What is resolved once more would be something else than what is checked here.
            raise ValueError(
                f"{place} must hold no reference once all are resolved, got {target!r}: leave out "
                "the backslash before ${"
            )
        if "_args_[" in place:  # a builder would not be known by it
            raise ValueError(f"{place} must have a name, got {target!r}: write NAME: VALUE")
        is_own = {"_target_": _is_own, "build": _is_own_builder}.get(place.split(".")[-1])
        if is_own is not None and not is_own(target):
            raise ValueError(
                f"{place} must name a class of the project, got {target!r}: if it is yours, trust "
                f"its package with {VARIABLE}=PACKAGE before the command"
            )


def check_secrets(settings: Any) -> None:
    """Refuse texts that would write a secret into a run's files.

    Settings are to be given as they are written and with references resolved, and so are folders of
    a run and the words that were typed.

    Raises:
        ValueError: A text refers to a variable such as `WANDB_API_KEY` or holds its value, or is an
            address with a password.
    """
    secrets = {name: value for name, value in os.environ.items() if _is_secret(name) and value}
    for place, leaf in _leaves(settings):
        text = f"{place} {leaf}"
        named = [name for name in _VARIABLE.findall(text) if _is_secret(name)]
        held = [name for name, value in secrets.items() if _holds(value, leaf, text)]
        found = [f"the value of {name}" for name in (*named, *held)]
        if _PASSWORD.search(text) or any(map(_is_secret, _PARAMETER.findall(text))):
            found.append("an address with a password")
        if found:
            # A key may be the secret itself.
            where = "a key" if any(value in place for value in secrets.values()) else place
            raise ValueError(
                f"settings must not hold secrets, got {found[0]} in {where}: leave it in the "
                "environment, where it is found"
            )


def _is_secret(name: str) -> bool:
    upper = name.upper()
    words = set(re.split(r"[_-]", upper))
    return any(part in upper for part in _SECRET_PARTS) or bool(words & _SECRET_WORDS)


def _holds(secret: str, leaf: object, text: str) -> bool:
    """Return whether a text gives a secret away; a short one only where it is the whole text."""
    if len(secret) >= _SHORTEST_SECRET:
        return secret in text
    return len(secret) > _SHORTEST_WORD and not secret.isalpha() and str(leaf) == secret


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
        return _is_trusted(package)
    if target in _FUNCTIONS:
        return True
    # Not as Hydra looks it up, who would follow `epsilon_research.some_module.os.system`.
    module, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError):
        return False
    return isinstance(found, type) and found.__module__.split(".")[0] == PROJECT


def _is_own_builder(name: Any) -> bool:
    return name in _BUILDERS or _is_trusted(str(name).partition(":")[0].partition(".")[0])


def _is_trusted(package: str) -> bool:
    return package in os.environ.get(VARIABLE, "").replace(",", " ").split()
