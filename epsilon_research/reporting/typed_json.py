"""Values of JSON as the dataclasses that describe them, by their annotations; null is undefined."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from math import isfinite, nan
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from epsilon_research.checks import is_number

Json = Mapping[str, Any]
"""An object as JSON has it, in which null stands for what is undefined."""

Interval = tuple[float, float]

Record = TypeVar("Record")


def as_float(value: Any) -> float:
    """Return a finite number as a float, and NaN for null and everything else."""
    return float(value) if is_number(value) else nan


def as_interval(value: Any) -> Interval | None:
    """Return both ends of an interval, or None where one of them is undefined."""
    low, high = map(as_float, value) if isinstance(value, list | tuple) else (nan, nan)
    return (low, high) if isfinite(low) and isfinite(high) else None


def read_record(cls: type[Record], record: Json) -> Record:
    """Make a dataclass of the values that have the names of its fields.

    A number, an optional value, a list or a mapping may be absent and is then undefined or empty.

    Raises:
        KeyError: Another field that has no default is absent.
    """
    kinds = get_type_hints(cls)
    found = {}
    for one in fields(cls):  # type: ignore[arg-type]
        if one.name in record:
            found[one.name] = _read(kinds[one.name], record[one.name])
        elif one.default is MISSING:
            if kinds[one.name] in (str, int, bool, Any):
                raise KeyError(one.name)
            found[one.name] = _read(kinds[one.name], None)
    return cls(**found)


def _read(kind: Any, value: Any) -> Any:
    origin, parts = get_origin(kind) or kind, get_args(kind)
    if origin is UnionType:
        return None if value is None else _read(parts[0], value)
    if origin is Mapping:
        return {name: _read(parts[1], part) for name, part in (value or {}).items()}
    if origin is Sequence:
        return [_read(parts[0], part) for part in value or ()]
    if hasattr(origin, "from_json"):
        return origin.from_json(value)
    if is_dataclass(origin):
        return read_record(origin, value or {})  # type: ignore[arg-type]
    if origin is tuple:
        return as_interval(value)
    if origin is float:
        return as_float(value)
    return "" if origin is str and value is None else value
