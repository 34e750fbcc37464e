"""All targets by name."""

from collections.abc import Mapping

from tests.fuzz import archives, arrays, configs, hostile, parts, pickles, records, tables, texts
from tests.fuzz.target import Target

_MODULES = (records, pickles, arrays, tables, texts, archives, parts, configs, hostile)

TARGETS: Mapping[str, Target] = {
    target.name: target for module in _MODULES for target in module.TARGETS
}

MODULE_OF: Mapping[str, str] = {
    target.name: module.__name__ for module in _MODULES for target in module.TARGETS
}
"""Where each is, so that a process can import one module instead of all."""
