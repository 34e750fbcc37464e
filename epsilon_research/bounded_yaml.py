"""Reads YAML files from outside: plain values only, of bearable size and depth."""

from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 1 << 20
"""Largest size of a file of settings; ours have ten thousand."""

_DEEPEST = 40
"""Levels of a configuration; ours have eight."""


def read_settings(path: Path) -> dict[str, Any]:
    """Return the mapping in a file.

    Raises:
        YAMLError: It is not YAML, or has more than settings need: aliases, which can multiply, deep
            nesting, or a large size.
        UnicodeDecodeError: It is not text.
        OSError: It cannot be read.
    """
    if not path.is_file():
        raise yaml.YAMLError("it is not a file")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise yaml.YAMLError(f"it has more than {_MOST_BYTES:,} bytes")
    text = content.decode("utf-8")
    _check_form(text)
    settings = yaml.safe_load(text)
    if not isinstance(settings, dict):
        raise yaml.YAMLError(f"it holds a {type(settings).__name__}")
    return settings


def _check_form(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("it has aliases")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"it nests more than {_DEEPEST} levels")
