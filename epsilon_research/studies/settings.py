"""The settings in which the jobs of a study differ: a difference of their configurations."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from epsilon_research.bounded_yaml import read_settings
from epsilon_research.checks import is_number

_NO_SETTINGS = (
    "hydra", "study", "gather", "store", "executor", "tracker", "figures", "name", "report",
    "pipeline", "files",
)  # fmt: skip
"""Sections of a configuration that change no number, or only repeat others."""


Configuration = Mapping[str, Any]
"""What a job ran with: the option of each group, then every resolved setting by its dotted name,
from the top of the configuration down; lists are values."""


def read_configuration(folder: Path) -> Configuration:
    """Read what the job in a folder ran with.

    Raises:
        FileNotFoundError: The folder holds no configuration.
    """
    resolved = folder / "config.yaml"
    if not resolved.is_file():
        raise FileNotFoundError(
            f"{folder} must hold the configuration of its run, config.yaml, got none: run the "
            "study again"
        )
    composed = folder / ".hydra" / "hydra.yaml"
    hydra = read_settings(composed)["hydra"] if composed.is_file() else {"runtime": {"choices": {}}}
    chosen = {
        name: option
        for name, option in hydra["runtime"]["choices"].items()
        if not name.startswith("hydra/") and name not in _NO_SETTINGS
    }
    values = sorted(_flatten(read_settings(resolved)), key=lambda item: item[0].count("."))
    return chosen | {name: value for name, value in values if name not in chosen}


def _flatten(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        name = f"{prefix}{key}"
        if prefix or key not in _NO_SETTINGS:
            if isinstance(value, Mapping):
                yield from _flatten(value, f"{name}.")
            else:
                yield name, value


def varied_settings(
    configurations: Sequence[Configuration], *, first: Sequence[str] = ()
) -> list[str]:
    """Return the names of settings that distinguish all different jobs, and no others explain.

    A setting whose value follows from those before it is left out: what a task chooses for its
    jobs, or a copy by interpolation. Names in `first`, such as those that were typed, come first.
    """
    names = dict.fromkeys([*first, *(name for one in configurations for name in one)])
    kept: list[str] = []
    known: list[tuple[str, ...]] = [() for _ in configurations]
    for name in names:
        values = [_key(one.get(name)) for one in configurations]
        finer = [(*before, value) for before, value in zip(known, values, strict=True)]
        if len(set(finer)) > len(set(known)):
            kept.append(name)
            known = finer
    return kept


def _key(value: Any) -> str:
    """Equal for equal values: 1 and 1.0 are one number."""
    if isinstance(value, list):
        return f"[{','.join(map(_key, value))}]"
    return repr(float(value) if is_number(value) else value)
