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
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

import epsilon_research as er
from epsilon_research.analysis import summarise_metrics
from epsilon_research.analysis.statistics import STATISTICS
from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.benchmarks.nb201_analog import Nb201Analog
from epsilon_research.benchmarks.nbnlp_official import NbnlpOfficial
from epsilon_research.benchmarks.table import Table
from epsilon_research.catalogue import build_option
from epsilon_research.data import Minibatch
from epsilon_research.data.normalisation import CIFAR10_MEAN, CIFAR10_STD, normalise
from epsilon_research.data.npy import map_npy
from epsilon_research.data.random_tokens import RandomTokens
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Epsilon
from epsilon_research.reporting.typed_json import as_float

WEIGHTS = {"nb201": (1e-7, 1e-3, 1), "nb101": (1e-4, 1, 10), "nbnlp": (1e-5, 1e-3, 1e-1)}
"""Constants by search space; each pair of them is one score."""

BATCH_SIZE = 256
"""Batch size of the published tables."""

SPLITS = 5
SEED = 0
PUBLISHED_SIZE = 5000
SIZE_DEPENDENT = "top64_in_top5"
"""The 64 best of another number of architectures are another statistic: it is left out then."""


def main(arguments: Sequence[str]) -> None:
    """Measure one search space and print its entry."""
    parser = argparse.ArgumentParser(prog="python -m experiments.minibatch_spread")
    parser.add_argument("space", choices=WEIGHTS)
    parser.add_argument("--accuracies", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--images", type=Path, metavar="FILE", help="a .npy file of CIFAR-10 images"
    )
    parser.add_argument("--architectures", type=int, default=PUBLISHED_SIZE, metavar="N")
    options = parser.parse_args(arguments)
    tables = [_table(path, space=options.space) for path in options.accuracies]
    if options.space == "nb201":
        tables.append(Nb201Analog().load())
    rng = np.random.default_rng(SEED)
    batches = [_halves(options.images, rng) for _ in range(SPLITS)]
    entry = measure(
        options.space, tables, batches, count=options.architectures, weights=WEIGHTS[options.space]
    )
    sys.stdout.write(json.dumps(entry, indent=2) + "\n")


def measure(
    space: str,
    tables: Sequence[AccuracyTable],
    splits: Sequence[Sequence[Minibatch]],
    *,
    count: int,
    weights: Sequence[float],
) -> dict[str, Any]:
    """Return the spread of each statistic over minibatches and over accuracy tables.

    Args:
        space: An option of `conf/search_space`.
        tables: One or more; architectures are the first `count` of the first.
        splits: Pairs of minibatches without a common image.
        count: Number of architectures.
        weights: Constants; each pair of them is one score.

    Returns:
        The entry of the search space: for each statistic under protocol `paper` the standard
        deviation over `minibatches` and, with several tables, over `tables`: root mean square
        over the pairs of weights.
    """
    ids = list(tables[0].rows["architecture_id"][:count])
    # (splits, halves, tables, pairs of weights, statistics)
    found = np.array(
        [
            [_statistics(space, tables, ids, half, weights=weights) for half in split]
            for split in splits
        ]
    )
    entry: dict[str, Any] = {
        "architectures": len(ids),
        "batch_size": BATCH_SIZE,
        "weights": list(weights),
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
    space: str,
    tables: Sequence[AccuracyTable],
    ids: Sequence[str],
    batch: Minibatch,
    *,
    weights: Sequence[float],
) -> list[list[list[float]]]:
    """The statistics under each table and pair of weights."""
    metrics = {
        f"epsilon_{place}": Epsilon(weights=pair, engine=CollapsedEngine())
        for place, pair in enumerate(combinations(weights, 2))
    }
    frame = er.score(
        space, ids=ids, metrics=metrics, images=batch, benchmark=None, store=None, progress=False
    )
    found = []
    for table in tables:
        target = table.lookup(list(frame["architecture_id"]))[table.target]
        summaries = summarise_metrics(
            frame.assign(target=target.to_numpy(np.float64)), metrics=list(metrics),
            target="target", higher_is_better=table.higher_is_better,
            rng=np.random.default_rng(SEED), num_resamples=1,
            paper_filter=frame.attrs["paper_filter"],
        )  # fmt: skip
        papers = [one["paper"] for one in summaries.values()]
        found.append([[as_float(paper[name]) for name in STATISTICS] for paper in papers])
    return found


def _table(path: Path, *, space: str) -> AccuracyTable:
    reader = NbnlpOfficial if path.suffix == ".zip" else Table
    table = reader(path=str(path)).load()
    assert table is not None
    names = list(table.rows["architecture_id"])
    return table.renamed(build_option("search_space", space).space.canonical_ids(names))


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
