"""How far another minibatch, or another accuracy table, moves each statistic of epsilon.

    python -m experiments.minibatch_spread nb201 --images cifar10.npy --accuracies nb201.parquet
    python -m experiments.minibatch_spread nb101 --images cifar10.npy --accuracies nb101.parquet
    python -m experiments.minibatch_spread nbnlp --accuracies logs.zip

Prints one JSON object: the entry of the search space in `studies/spread.json`, of which the margin
of a comparison with a published number is made.

The images are split at random into two minibatches without a common image, ten minibatches in
all. Half the mean squared difference of a statistic between the two halves of a split is an
unbiased estimate of its variance over minibatches, also where the file has few images. Half the
mean squared difference between two accuracy tables on one minibatch is that over tables.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from epsilon_research.analysis import summarise_metric
from epsilon_research.analysis.statistics import STATISTICS
from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.benchmarks.nb201_analog import Nb201Analog
from epsilon_research.benchmarks.nbnlp_official import NbnlpOfficial
from epsilon_research.benchmarks.table import Table
from epsilon_research.data import Minibatch
from epsilon_research.data.normalisation import CIFAR10_MEAN, CIFAR10_STD, normalise
from epsilon_research.data.npy import map_npy
from epsilon_research.data.random_tokens import RandomTokens
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.reporting.typed_json import as_float
from epsilon_research.scoring import Scoring
from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbnlp import NasBenchNlp

BATCH_SIZE = 256
"""Batch size of the published tables."""

SPLITS = 5
SEED = 0
PUBLISHED_SIZE = 5000
SIZE_DEPENDENT = "top64_in_top5"
"""The 64 best of another number of architectures are another statistic: it is left out then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A search space, the constants of which each pair is one score, and its `paper_filter`."""

    space: SearchSpace
    weights: tuple[float, ...]
    paper_filter: str


SETTINGS = {
    "nb201": Setting(space=NasBench201(), weights=(1e-7, 1e-3, 1), paper_filter="finite"),
    "nb101": Setting(space=NasBench101(), weights=(1e-4, 1, 10), paper_filter="positive"),
    "nbnlp": Setting(space=NasBenchNlp(), weights=(1e-5, 1e-3, 1e-1), paper_filter="nonzero"),
}


def main(arguments: Sequence[str]) -> None:
    """Measure one search space and print its entry."""
    parser = argparse.ArgumentParser(prog="python -m experiments.minibatch_spread")
    parser.add_argument("space", choices=SETTINGS)
    parser.add_argument("--accuracies", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--images", type=Path, metavar="FILE", help="a .npy file of CIFAR-10 images"
    )
    parser.add_argument("--architectures", type=int, default=PUBLISHED_SIZE, metavar="N")
    options = parser.parse_args(arguments)
    setting = SETTINGS[options.space]
    tables = [_table(path, setting.space) for path in options.accuracies]
    if options.space == "nb201":
        tables.append(Nb201Analog().load())
    rng = np.random.default_rng(SEED)
    batches = [_halves(options.images, rng) for _ in range(SPLITS)]
    entry = measure(setting, tables, batches, count=options.architectures)
    sys.stdout.write(json.dumps(entry, indent=2) + "\n")


def measure(
    setting: Setting,
    tables: Sequence[AccuracyTable],
    splits: Sequence[Sequence[Minibatch]],
    *,
    count: int,
) -> dict[str, Any]:
    """Return the spread of each statistic over minibatches and over accuracy tables.

    Args:
        setting: Architectures and weights.
        tables: One or more; architectures are the first `count` of the first.
        splits: Pairs of minibatches without a common image.
        count: Number of architectures.

    Returns:
        The entry of the search space: for each statistic under protocol `paper` the standard
        deviation over `minibatches` and, with several tables, over `tables`: root mean square
        over the pairs of weights.
    """
    ids = list(tables[0].rows["architecture_id"][:count])
    # (splits, halves, tables, pairs of weights, statistics)
    found = np.array(
        [[_statistics(setting, tables, ids, half) for half in split] for split in splits]
    )
    entry: dict[str, Any] = {
        "architectures": len(ids),
        "batch_size": BATCH_SIZE,
        "weights": list(setting.weights),
        "minibatches": 2 * len(splits),
        "accuracy_tables": [table.name for table in tables],
        "std_over_minibatches": _std(found[:, 0] - found[:, 1], count=len(ids)),
    }
    if len(tables) > 1:
        pairs = combinations(range(len(tables)), 2)
        between = np.concatenate([found[:, :, a] - found[:, :, b] for a, b in pairs])
        entry["std_over_tables"] = _std(between, count=len(ids))
    return entry


def _std(differences: np.ndarray, *, count: int) -> dict[str, float]:
    """Half the mean square of differences of two equal draws is their variance."""
    rows = differences.reshape(-1, len(STATISTICS)).T
    return {
        name: float(f"{np.sqrt(np.nanmean(row**2) / 2):.3g}")
        for name, row in zip(STATISTICS, rows, strict=True)
        if name != SIZE_DEPENDENT or count == PUBLISHED_SIZE
    }


def _statistics(
    setting: Setting, tables: Sequence[AccuracyTable], ids: Sequence[str], batch: Minibatch
) -> list[list[list[float]]]:
    """The statistics under each table and pair of weights."""
    metrics = {
        f"epsilon_{place}": Epsilon(weights=pair, engine=CollapsedEngine())
        for place, pair in enumerate(combinations(setting.weights, 2))
    }
    scoring = Scoring(
        space=setting.space, metrics=metrics, minibatch=batch, executor=SerialExecutor()
    )
    frame = scoring.score(ids, scoring.describe(ids)).frame
    found = []
    for table in tables:
        target = table.lookup(list(frame["architecture_id"]))[table.target]
        rated = frame.assign(target=target.to_numpy(np.float64))
        summaries = [
            summarise_metric(
                rated, metric=metric, target="target", higher_is_better=table.higher_is_better,
                rng=np.random.default_rng(SEED), num_resamples=1,
                paper_filter=setting.paper_filter,
            )["paper"]
            for metric in metrics
        ]  # fmt: skip
        found.append([[as_float(one[name]) for name in STATISTICS] for one in summaries])
    return found


def _table(path: Path, space: SearchSpace) -> AccuracyTable:
    reader = NbnlpOfficial if path.suffix == ".zip" else Table
    table = reader(path=str(path)).load()
    assert table is not None
    return table.renamed(space.canonical_ids(list(table.rows["architecture_id"])))


def _halves(images: Path | None, rng: np.random.Generator) -> list[Minibatch]:
    """Two minibatches without a common image; of random tokens without a file of images."""
    if images is None:
        return [RandomTokens().draw(batch_size=BATCH_SIZE, rng=rng) for _ in range(2)]
    content = map_npy(images)
    rows = rng.permutation(len(content))[: 2 * BATCH_SIZE].reshape(2, BATCH_SIZE)
    drawn = [normalise(np.array(content[i]), mean=CIFAR10_MEAN, std=CIFAR10_STD) for i in rows]
    return [Minibatch(inputs=one, kind="images", dataset="images") for one in drawn]


if __name__ == "__main__":
    main(sys.argv[1:])
