"""All targets, one after another, each in a process of its own with its share of the time."""

import logging
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.one_target import INPUT_SECONDS, INPUTS
from tests.fuzz.targets import MODULE_OF

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = re.compile(rf"^(?:{INPUTS}|stat::number_of_executed_units: +)(\d+)$", re.MULTILINE)
_START_SECONDS = 600
"""For imports, on a busy machine."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one target.

    Args:
        target: Its name.
        inputs: How many were tried; of a target that failed only those that it told of.
        failure: Why it failed: the last lines of its output; None if every answer was right.
        found: The failing inputs.
    """

    target: str
    inputs: int
    failure: str | None = None
    found: tuple[Path, ...] = ()


def campaign(names: Sequence[str], *, seconds: float, folder: Path) -> list[Outcome]:
    """Tries each target for its share of `seconds`.

    Args:
        names: Of targets.
        seconds: For all of them together.
        folder: Where failing inputs go.
    """
    outcomes = []
    for name in names:
        outcome = _try(name, seconds / len(names), folder)
        logger.info("%-18s %10s inputs  %s", name, f"{outcome.inputs:,}", outcome.failure or "ok")
        outcomes.append(outcome)
    return outcomes


def _try(name: str, seconds: float, folder: Path) -> Outcome:
    command = [sys.executable, "-m", "tests.fuzz.one_target"]
    command += [MODULE_OF[name], name, str(seconds), str(folder)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + INPUT_SECONDS + _START_SECONDS,
        )
        output, status = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = str(expired), -1
    numbers = _NUMBERS.findall(output)
    inputs = int(numbers[-1]) if numbers else 0
    found = tuple(path for path in sorted(folder.glob(f"{name}.*")) if path.is_file())
    if status == 0 and not found and inputs:
        return Outcome(target=name, inputs=inputs)
    report = folder / f"{name}.log"
    report.write_text(output, encoding="utf-8")
    reason = f"exit status {status}, see {report}"
    return Outcome(target=name, inputs=inputs, failure=reason, found=found)
