"""Values of the wrong kind: a setting is of the type that the constructor it goes to declares."""

import inspect
import re
from collections.abc import Mapping
from functools import cache, reduce
from operator import getitem
from typing import Any, get_type_hints

from hydra.utils import get_object

from epsilon_research.catalogue import main_configuration
from epsilon_research.checks import check_kind
from epsilon_research.launch.options import unknown_setting

_PLAIN: Mapping[str, Any] = {
    "name": str,
    "page": bool,
    "gather": bool | str,
    "report": Mapping[str, Any] | None,
    "files": Mapping[str, str | None],
}
"""Settings that go to no constructor."""

_REFERENCE = re.compile(r"\$\{([\w.]+)\}")
_MISSING = "???"

_Place = tuple[str | int, ...]
"""Keys from the top of a configuration to a setting."""


def check_kinds(written: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse a value of the wrong kind, or a setting that a constructor does not have.

    Args:
        written: A configuration with its references as they are written, so that a wrong value is
            reported under the name by which it is set: `batch_size`, not `pipeline.batch_size`.
        found: The same with references resolved.
    """
    for name, kind in _PLAIN.items():
        if name in found:
            check_kind(name, found[name], kind)
    for name in found.get("files", ()):
        if name not in main_configuration()["files"]:
            raise ValueError(unknown_setting(f"files.{name}"))
    # Late, so that `--help` does not import what runs need.
    from epsilon_research.pipeline import Pipeline
    from epsilon_research.tracking import Tracker

    # What a run builds; every other setting is referred to from there.
    for name, kind in (("pipeline", Pipeline), ("tracker", Tracker)):
        if name in found:
            check_kind(name, _Walk(written, found).value((name,)), kind)


class _Walk:
    """A walk through what a configuration builds, from each setting to where it is written."""

    def __init__(self, written: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self._written = written
        self._found = found

    def value(self, place: _Place) -> Any:
        """Check everything below a place; return what stands there, objects as their classes."""
        place = self._origin(place)
        found = _at(self._found, place)
        if isinstance(found, list):
            return [self.value((*place, number)) for number in range(len(found))]
        if not isinstance(found, dict):
            return found
        built = {name: self.value((*place, name)) for name in found if name != "_target_"}
        if "_target_" not in found:
            return built
        names = {name: _as_typed(self._origin((*place, name))) for name in built}
        return _check_call(_as_typed(place), found["_target_"], built, names)

    def _origin(self, place: _Place) -> _Place:
        """Follow references to other settings; what only a resolver knows stays where it is."""
        origin: _Place = ()
        for key in place:
            origin = (*origin, key)
            try:
                written = _at(self._written, origin)
                _at(self._found, origin)
            except (KeyError, IndexError, TypeError):
                return place
            reference = _REFERENCE.fullmatch(written) if isinstance(written, str) else None
            if reference is not None:
                origin = self._origin(tuple(reference[1].split(".")))
        return origin


def _at(settings: Any, place: _Place) -> Any:
    return reduce(getitem, place, settings)


def _as_typed(place: _Place) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)[1:]


def _check_call(place: str, target: str, built: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """Check the values that a constructor gets; return the class of what it makes."""
    constructor = get_object(target)
    hints, parameters = _signature(constructor)
    if not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        for name in built:
            if name not in parameters:
                raise ValueError(unknown_setting(f"{place}.{name}"))
    for name, value in built.items():
        one = parameters.get(name)
        default = None if one is None or one.default is one.empty else one.default
        if value != _MISSING:
            check_kind(names[name], value, hints.get(name, object), example=default)
    return constructor if isinstance(constructor, type) else hints.get("return", object)


@cache
def _signature(constructor: Any) -> tuple[Mapping[str, Any], Mapping[str, inspect.Parameter]]:
    """Annotations and parameters of a class or function; of another's, perhaps without any."""
    called = constructor.__init__ if isinstance(constructor, type) else constructor
    try:
        return get_type_hints(called), inspect.signature(constructor).parameters
    except (NameError, TypeError, ValueError):
        anything = inspect.Parameter("settings", inspect.Parameter.VAR_KEYWORD)
        return {}, {"settings": anything}
