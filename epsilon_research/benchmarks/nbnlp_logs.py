"""NAS-Bench-NLP's archives: one JSON log per training run, read as rows."""

import json
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from epsilon_research.bounded_zip import BoundedZip, Limits, open_zip

LAST = "last"
BEST = "best"

_LIMITS = Limits(num_members=100_000, member_bytes=256 * 1024, total_bytes=512 * 1024**2)
"""An official log has about 5 kB, an official archive at most 14,322 of them."""

_KEYS = ("recepie", "val_losses", "test_losses", "status")
"""What a log must have; the benchmark's own spelling."""

_LARGEST = sys.float_info.max

_OUR_NUMBERS = {"nan": "NaN", "inf": "Infinity", "infinity": "Infinity"}
"""Python's names of numbers, in lists that were written as text, and JSON's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training run as its log has it.

    Attributes:
        architecture_id: The recipe as JSON, keys sorted, without spaces.
        recipe_id: The benchmark's number of the recipe; None if the log has none.
        corpus: Last part of the folder of the text, e.g. "ptb"; "" if the log does not say.
        status: "OK", or in the log's own words why the run ended early.
        planned_epochs: None if the log does not say.
        num_epochs: Epochs that were recorded.
        validation_loss: Cross-entropy in nats per token; NaN where there is none.
        test_loss: Likewise, of the same epoch.
    """

    architecture_id: str
    recipe_id: int | None
    corpus: str
    status: str
    planned_epochs: int | None
    num_epochs: int
    validation_loss: float
    test_loss: float


def read_runs(path: Path, *, epoch: str, setting: str = "benchmark.path") -> pd.DataFrame:
    """Return one row per log of an archive, in the archive's order.

    Logs are the members whose name ends in .json, in whatever folder. They are read one at a time;
    memory grows with the rows only.

    Args:
        path: A zip archive.
        epoch: See `losses_at`.
        setting: What set the path, for error messages.

    Returns:
        The fields of `Run` as columns.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not a zip archive or exceeds what such an archive may hold, or a log
            is not what it must be.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{setting} must be an existing zip archive of NAS-Bench-NLP logs, got {str(path)!r}, "
            "which is not a file: check the path"
        )
    with open_zip(path, choose=_is_log, limits=_LIMITS, setting=setting) as archive:
        if not archive.members:
            raise ValueError(
                f"{setting} must hold logs that end in .json, got {path} without one: pass the "
                "archive logs.zip of NAS-Bench-NLP"
            )
        runs = _read_members(archive, path, epoch)
    return pd.DataFrame({name: [getattr(run, name) for run in runs] for name in Run.__slots__})


def _is_log(path: PurePosixPath) -> bool:
    # Archives made on a Mac hold a shadow of each file.
    return path.suffix == ".json" and "__MACOSX" not in path.parts


def _read_members(archive: BoundedZip, path: Path, epoch: str) -> list[Run]:
    from rich.console import Console
    from rich.progress import track

    runs = []
    for member in track(
        archive.members,
        description="reading NAS-Bench-NLP",
        console=Console(stderr=True),
        transient=True,
    ):
        with archive.open(member) as handle:
            content = handle.read()
        runs.append(parse_log(content, epoch=epoch, what=f"{member.filename[-80:]} in {path}"))
    return runs


def parse_log(content: bytes, *, epoch: str, what: str) -> Run:
    """Return what a log says.

    Args:
        content: The JSON text.
        epoch: See `losses_at`.
        what: What the log is, for error messages.

    Raises:
        ValueError: It is not a JSON object, lacks a key, or a value is not what it must be.
    """
    log = _object(content, what=what)
    missing = [key for key in _KEYS if key not in log]
    if missing:
        raise ValueError(
            f"{what} must have the keys {', '.join(_KEYS)}, got none called {', '.join(missing)}: "
            "pass logs of NAS-Bench-NLP"
        )
    validation, test = (_losses(log[key], what=f"{key} of {what}") for key in _KEYS[1:3])
    if len(validation) != len(test):
        raise ValueError(
            f"{what} must list as many val_losses as test_losses, got {len(validation)} and "
            f"{len(test)}: leave it out"
        )
    validation_loss, test_loss = losses_at(validation, test, epoch=epoch)
    return Run(
        architecture_id=canonical_recipe(log["recepie"], what=what),
        recipe_id=_whole(log.get("recepie_id")),
        corpus=PurePosixPath(str(log.get("data", ""))[:200]).name,
        status=str(log["status"])[:200],
        planned_epochs=_whole(log.get("epochs")),
        num_epochs=len(test),
        validation_loss=validation_loss,
        test_loss=test_loss,
    )


def losses_at(validation: list[float], test: list[float], *, epoch: str) -> tuple[float, float]:
    """Validation and test loss of one epoch of a run.

    Args:
        validation: After each recorded epoch, NaN where it is not a finite number.
        test: Likewise.
        epoch: "last" (the last recorded epoch, also of a run that ended early, and NaN if that is
            what it recorded: the epsilon paper's choice) or "best" (the first of those with the
            smallest validation loss; its test loss, not the smallest one).

    Returns:
        Both NaN if nothing was recorded or, for "best", no validation loss is a number.
    """
    if epoch == LAST:
        return (validation[-1], test[-1]) if validation else (math.nan, math.nan)
    known = [index for index, loss in enumerate(validation) if not math.isnan(loss)]
    if not known:
        return math.nan, math.nan
    best = min(known, key=validation.__getitem__)
    return validation[best], test[best]


def canonical_recipe(recipe: object, *, what: str) -> str:
    """Return the architecture id of a recipe: its JSON with sorted keys and without spaces.

    Args:
        recipe: JSON text, as in the logs, or what it says.
        what: What the log is, for error messages.

    Raises:
        ValueError: It is not a JSON object.
    """
    found = _object(recipe, what=f"recepie of {what}") if isinstance(recipe, str) else recipe
    if not isinstance(found, dict):
        raise ValueError(
            f"recepie of {what} must be a JSON object, got {_shown(found)}: pass logs of "
            "NAS-Bench-NLP"
        )
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def _object(text: str | bytes, *, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    # Brackets in brackets are read by recursion.
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{what} must be a JSON object, got text that is none ({reason}): it is damaged or "
            "another file, leave it out"
        ) from error
    if not isinstance(found, dict):
        raise ValueError(
            f"{what} must be a JSON object, got {_shown(found)}: it is another file, leave it out"
        )
    return found


def _losses(value: object, *, what: str) -> list[float]:
    """A list of losses; NaN for what is not a finite number."""
    if isinstance(value, str):
        value = _list_in_text(value, what=what)
    if not isinstance(value, list):
        raise ValueError(
            f"{what} must be a list of numbers, got {_shown(value)}: pass logs of NAS-Bench-NLP"
        )
    return [_loss(item, what=what) for item in value]


def _list_in_text(text: str, *, what: str) -> object:
    def ours(match: re.Match[str]) -> str:
        return _OUR_NUMBERS[match[0].lower()]

    try:
        return json.loads(re.sub(r"\b(nan|inf|infinity)\b", ours, text, flags=re.IGNORECASE))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{what} must be a list of numbers, got the text {text[:40]!r}: write it as JSON"
        ) from error


def _loss(value: object, *, what: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(
            f"{what} must be a list of numbers, got {_shown(value)} in it: correct it, null or NaN "
            "where a loss is unknown"
        )
    # A loss beyond all bounds is a run that diverged, as one that is NaN. (An integer may be
    # too large for a float.)
    return float(value) if -_LARGEST <= value <= _LARGEST else math.nan


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shown(value: object) -> str:
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
