"""Checks of values: each refuses a wrong one in one sentence that names a right one.

The one home of what counts as an integer, a number or a boolean. Two kinds of check share it:
`check_integer` and the others, which constructors call for the range of a setting, and `fits`,
which compares a value with an annotated type before anything is built.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, Literal, TypeGuard, Union, get_args, get_origin

LARGEST_INTEGER = 2**63 - 1
"""Largest integer that a setting may have, so that it fits numpy's and PyTorch's int64."""

_FLOAT_BITS = 1024
"""Bits of the smallest integers that are beyond every float."""

_MOST_SHOWN = 60
"""Characters of a refused value that a sentence shows."""


def is_integer(value: object) -> TypeGuard[int]:
    """Return whether a value is an integer; booleans are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a finite real number; booleans, NaN and infinity are none."""
    if is_integer(value):
        return value.bit_length() < _FLOAT_BITS
    return isinstance(value, float) and math.isfinite(value)


def check_integer(
    setting: str,
    value: object,
    *,
    at_least: int,
    example: int,
    at_most: int = LARGEST_INTEGER,
    or_null: bool = False,
) -> None:
    """Refuse what is not an integer, or is out of range; booleans are not integers.

    Args:
        setting: The setting as it is typed, e.g. `search.budget`.
        value: Its value.
        at_least: The smallest value that it may have.
        example: A value that makes sense.
        at_most: The largest value that it may have.
        or_null: Whether None is a value, too.

    Raises:
        ValueError: The message has the setting, its value and the example.
    """
    if (value is None and or_null) or (is_integer(value) and at_least <= value <= at_most):
        return
    above = is_integer(value) and value > at_most
    bounded = above or at_most < LARGEST_INTEGER
    interval = f"from {at_least} to {at_most}" if bounded else f"of {at_least} or more"
    null = ", or null" if or_null else ""
    raise _refusal(setting, f"an integer {interval}{null}", value, example)


def check_number(
    setting: str,
    value: object,
    *,
    example: float,
    above: float = -math.inf,
    at_least: float = -math.inf,
    at_most: float = math.inf,
    below: float = math.inf,
) -> None:
    """Refuse what is not a finite number, or is out of range; booleans are not numbers.

    Args:
        setting: The setting as it is typed.
        value: Its value.
        example: A value that makes sense.
        above: What it must be greater than.
        at_least: The smallest value that it may have.
        at_most: The largest value that it may have.
        below: What it must be less than.

    Raises:
        ValueError: The message has the setting, its value and the example.
    """
    if is_number(value) and above < value < below and at_least <= value <= at_most:
        return
    limits = [
        f"{words} {limit:g}"
        for words, limit in (
            ("above", above), ("of at least", at_least), ("up to", at_most), ("below", below),
        )
        if math.isfinite(limit)
    ]  # fmt: skip
    raise _refusal(
        setting, " ".join(["a finite number", " and ".join(limits)]).strip(), value, example
    )


def check_choice(setting: str, value: object, options: Collection[str | int]) -> None:
    """Refuse what is none of the options, which a boolean never is.

    Raises:
        ValueError: The message has the setting, its value and the options.
    """
    if not any(type(value) is type(option) and value == option for option in options):
        raise ValueError(
            f"{setting} must be one of {', '.join(map(str, options))}, got {shown(value)}: choose "
            "one of them"
        )


def check_boolean(setting: str, value: object) -> None:
    """Refuse what is neither true nor false, such as the text "true".

    Raises:
        ValueError: The message has the setting and its value.
    """
    if not isinstance(value, bool):
        raise _refusal(setting, "true or false", value, "false")


def check_text(setting: str, value: object, *, what: str, example: str) -> str:
    """Return a text; refuse what is none, or is empty.

    Args:
        setting: The setting as it is typed.
        value: Its value.
        what: What the text stands for, e.g. "the path of a csv file".
        example: A value that makes sense.

    Raises:
        ValueError: The message has the setting, its value and the example.
    """
    if not isinstance(value, str) or not value.strip():
        raise _refusal(setting, what, value, example)
    return value


def check_kind(setting: str, value: object, kind: Any, *, example: object = None) -> None:
    """Refuse a value that is not of an annotated type, see `fits`.

    Args:
        setting: The setting as it is typed.
        value: Its value; a class stands for an object of it.
        kind: The annotation.
        example: A value that makes sense, if one is known.

    Raises:
        ValueError: The message has the setting, its value and what it must be.
    """
    if fits(value, kind):
        return
    given = value.__name__ if isinstance(value, type) else shown(value)
    known = isinstance(example, str | int | float)
    written = str(example).lower() if isinstance(example, bool) else example
    unknown = f"pass {setting}=..., see --help" if value is None else "see --help"
    advice = f"pass e.g. {setting}={written}" if known else unknown
    raise ValueError(f"{setting} must be {in_words(kind)}, got {given}: {advice}")


def shown(value: object) -> str:
    """Return a refused value as an error message shows it: in one short line."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integers of more than 4,300 digits
        text = f"a {type(value).__name__} of too many digits"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def fits(value: object, kind: Any) -> bool:
    """Return whether a value of a configuration is of an annotated type.

    Args:
        value: A plain value, a list or a mapping of such; a class stands for an object of it.
        kind: The annotation. A kind that no setting can write, such as a callable, fits all
            objects.
    """
    origin, parts = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if origin in _PLAIN:
        return _PLAIN[origin][1](value)
    if not isinstance(origin, type) or origin is object:
        return True
    if isinstance(value, type):
        return issubclass(value, origin)
    return _fits_container(value, origin, parts)


def _fits_container(value: object, origin: type, parts: tuple[Any, ...]) -> bool:
    if issubclass(origin, Mapping):
        inner = parts[1] if parts else object
        return isinstance(value, Mapping) and all(fits(part, inner) for part in value.values())
    if issubclass(Sequence, origin) or issubclass(origin, list | tuple):
        inner = parts[0] if parts else object
        return isinstance(value, list | tuple) and all(fits(part, inner) for part in value)
    return isinstance(value, origin) or (issubclass(origin, PurePath) and isinstance(value, str))


def in_words(kind: Any, *, several: bool = False) -> str:
    """Return an annotated type in words, such as "an integer or null"."""
    origin, parts = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(in_words(part, several=several) for part in parts))
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin in _PLAIN:
        return _PLAIN[origin][2 if several else 0]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a mapping to {in_words(parts[1], several=True)}" if parts else "a mapping"
    if origin in (Sequence, list, tuple):
        return f"a list of {in_words(parts[0], several=True)}" if parts else "a list"
    name = getattr(origin, "__name__", str(origin))
    return f"{name} objects" if several else f"a {name}"


def _refusal(setting: str, wanted: str, value: object, example: object) -> ValueError:
    return ValueError(
        f"{setting} must be {wanted}, got {shown(value)}: pass e.g. {setting}={example}"
    )


_PLAIN: Mapping[Any, Any] = {
    int: (
        "an integer",
        lambda value: is_integer(value) and value.bit_length() <= 63,
        "integers",
    ),
    float: ("a finite number", is_number, "finite numbers"),
    bool: ("true or false", lambda value: isinstance(value, bool), "booleans"),
    str: ("text", lambda value: isinstance(value, str), "texts"),
    NoneType: ("null", lambda value: value is None, "null"),
    Any: ("anything", lambda value: True, "anything"),
}
"""Plain types: in words, what fits, and several of them in words."""
