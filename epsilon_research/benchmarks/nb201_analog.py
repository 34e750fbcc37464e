"""AnalogNAS-Bench's own trainings of all NAS-Bench-201 cells, from inside a package on PyPI."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.converted_table import cache_path, keep, read_kept
from epsilon_research.restricted_pickle import load_pickle

PACKAGE = "analog-nasbench"
_VERSION = "0.1.3"
_REQUIREMENT = f"{PACKAGE}=={_VERSION}"
_FILE = "analognasbench/data.anb"
_SHA256 = "85f3435b877aa2d36268d55ce07f6ff6d73643d17a840f1941745da5eb80db32"

_CACHE_FORMAT = 1
"""Version of the conversion: increase it with a change."""

_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
"""The package's own numbering of the operations."""


class _Record:
    """Stands for the package's classes: holds what the pickle says, does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nb201Analog(Benchmark):
    """CIFAR-10 test accuracies of the 15,625 cells of NAS-Bench-201, after one full training.

    These are the values of AnalogNAS-Bench, its authors' own training runs, not those of the
    NAS-Bench-201 files; the two agree to a Spearman correlation of 0.98. The 341 disconnected
    cells have exactly 0.1.

    References:
        The package analog-nasbench 0.1.3, file data.anb, field `baseline_accuracy`; read as data,
        never imported.
    """

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        content = _checked_content(_locate())
        # Records of drifted accuracies fill the file: to read it takes half as long as to start.
        cached = cache_path("nb201_analog", {"format": _CACHE_FORMAT, "file": _SHA256})
        rows = read_kept(cached)
        if rows is None:
            rows = _convert(content)
            keep(rows, cached)
        return AccuracyTable(
            name="nb201_analog",
            rows=rows,
            target="test_accuracy",
            higher_is_better=True,
            source="AnalogNAS-Bench (authors' own full training), CIFAR-10 test accuracy, package "
            f"{PACKAGE} {_VERSION}",
            label="CIFAR-10 test accuracy",
        )


def is_installed() -> bool:
    """Return whether the package that holds the accuracies is installed, in whatever version."""
    try:
        version(PACKAGE)
    except PackageNotFoundError:
        return False
    return True


def _architecture_id(key: tuple[int, ...]) -> str:
    """The official string of a cell whose edges come in the order 01, 02, 03, 12, 13, 23."""
    e01, e02, e03, e12, e13, e23 = (_OPERATIONS[code] for code in key)
    return f"|{e01}~0|+|{e02}~0|{e12}~1|+|{e03}~0|{e13}~1|{e23}~2|"


def _locate() -> Path:
    """The data file, found by the installer's own list: importing the package would fail."""
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError as error:
        raise FileNotFoundError(
            f"benchmark=nb201_analog must find the package {PACKAGE} {_VERSION}, got none "
            f"installed: pip install {_REQUIREMENT}, or pass another benchmark"
        ) from error
    for entry in listed:
        if entry.as_posix() == _FILE and (path := Path(str(entry.locate()))).is_file():
            return path
    raise FileNotFoundError(
        f"the package {PACKAGE} must contain {_FILE}, got an installation without it: "
        f"pip install --force-reinstall {_REQUIREMENT}"
    )


def _checked_content(path: Path) -> bytes:
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256:
        raise ValueError(
            f"{path} must be the file of {PACKAGE} {_VERSION} (SHA-256 {_SHA256}), got SHA-256 "
            f"{found}: pip install --force-reinstall {_REQUIREMENT}"
        )
    return content


def _convert(content: bytes) -> pd.DataFrame:
    allowed = {
        ("analognasbench.data", "Architecture"): _Record,
        ("analognasbench.data", "DriftMeasurement"): _Record,
    }
    records = load_pickle(content, allowed=allowed, what=_FILE)
    return pd.DataFrame(
        {
            "architecture_id": [_architecture_id(key) for key in records],
            "validation_accuracy": np.full(len(records), np.nan),
            "test_accuracy": [record.baseline_accuracy / 100 for record in records.values()],
        }
    )
