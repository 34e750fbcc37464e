"""TransNAS-Bench-101's own results on seven tasks, from its official file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.accuracy_table import ACCURACIES, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.converted_table import cache_path, keep, read_kept
from epsilon_research.benchmarks.tnb101_tasks import TASKS
from epsilon_research.benchmarks.torch_file import load_torch_file
from epsilon_research.checks import check_choice

_FILE = "transnas-bench_v10141024.pth"
_EPOCHS = {"best": "the epoch of the best validation result", "last": "the last epoch"}
_SPLITS = ("valid", "test")
"""What the file calls the images of `ACCURACIES`, in that order."""

_CACHE_FORMAT = 1
"""Version of the conversion: raise it with a change; older files in caches are left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransNasOfficial(Benchmark):
    """Results of TransNAS-Bench-101 on one of seven tasks, one training seed; both levels.

    The official file is read once, without PyTorch, and kept as a small parquet file in the user's
    cache.

    Args:
        path: The file transnas-bench_v10141024.pth.
        task: One of `TASKS`; room_layout is a loss, lower is better.
        target: "test_accuracy" or "validation_accuracy".
        epoch: "best", that of the best validation result, or "last".

    References:
        Duan et al., "TransNAS-Bench-101", CVPR 2021.
    """

    path: str
    task: str = "class_object"
    target: str = "test_accuracy"
    epoch: str = "best"

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise ValueError(
                "benchmark.path must be the path of TransNAS-Bench-101's official file, got "
                f"{self.path!r}: give it as text"
            )
        check_choice("benchmark.task", self.task, TASKS)
        check_choice("benchmark.target", self.target, ACCURACIES)
        check_choice("benchmark.epoch", self.epoch, _EPOCHS)

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        path = Path(self.path)
        if not path.is_file():
            raise FileNotFoundError(
                f"benchmark.path must be the file {_FILE} of TransNAS-Bench-101, got "
                f"{str(path)!r}, which is not a file: see https://github.com/yawen-d/TransNASBench"
            )
        cached = self._cache_path(path)
        converted = read_kept(cached)
        if converted is None:
            converted = _convert(path, epoch=self.epoch)
            keep(converted, cached)
        task = TASKS[self.task]
        rows = converted[["architecture_id"]].assign(
            **{name: converted[f"{self.task}_{name}"] * task.factor for name in ACCURACIES}
        )
        split = self.target.removesuffix("_accuracy")
        return AccuracyTable(
            name="tnb101_official",
            rows=rows,
            target=self.target,
            higher_is_better=task.factor > 0,
            source=f"TransNAS-Bench-101's own file, {self.task}: {split} {task.measure} at "
            f"{_EPOCHS[self.epoch]} of one training, {len(rows):,} architectures",
            label=f"{self.task} {split} {task.measure}",
        )

    def _cache_path(self, path: Path) -> Path:
        """A name that changes with everything that the converted table depends on."""
        stat = path.stat()
        facts = {
            "format": _CACHE_FORMAT,
            "file": [str(path.resolve()), stat.st_size, stat.st_mtime_ns],
            "epoch": self.epoch,
        }
        return cache_path("tnb101", facts)


def _convert(path: Path, *, epoch: str) -> pd.DataFrame:
    """Return columns `architecture_id` and, in the file's units, `<task>_<accuracy>`."""
    content = load_torch_file(path, setting="benchmark.path")
    try:
        rows = [
            _row(architecture, results, epoch=epoch)
            for level in content["data"].values()
            for architecture, results in level.items()
        ]
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise ValueError(
            f"benchmark.path {path} must hold results in TransNAS-Bench-101's format, got "
            f"{reason!r}: pass {_FILE}"
        ) from error
    columns = [f"{task}_{name}" for task in TASKS for name in ACCURACIES]
    return pd.DataFrame(rows, columns=["architecture_id", *columns])


def _row(architecture: Any, results: Any, *, epoch: str) -> tuple:
    # To write out a value that nests others could take for ever.
    if type(architecture) is not str:
        raise TypeError("an architecture that is not text")
    numbers: list[float] = []
    for name, task in TASKS.items():
        if name not in results:
            numbers += [np.nan, np.nan]
            continue
        metrics = results[name]["metrics"]
        curves = [_curve(metrics[f"{split}_{task.metric}"]) for split in _SPLITS]
        place = _best(curves[0]) if epoch == "best" else -1
        numbers += [float(curve[place]) for curve in curves]
    return (architecture, *numbers)


def _curve(values: Any) -> np.ndarray:
    """float64 [epochs]: what a list of numbers holds."""
    if not isinstance(values, list):
        raise TypeError("results of the epochs that are not a list")
    if not all(isinstance(value, int | float | np.integer | np.floating) for value in values):
        raise TypeError("a result that is not a number")
    return np.array(values, np.float64)


def _best(curve: np.ndarray) -> int:
    """The epoch of the largest number; all measures of the file are better when larger."""
    return int(np.nanargmax(curve)) if np.isfinite(curve).any() else -1
