"""The computations of `PROTOCOL.md`: what the limits measure, and a better constant-weight metric.

    python -m experiments.leaderboard.constant_weights

Prints one JSON object. Features of each space are kept in `outputs/constant_weights/`.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from epsilon_research.analysis import aggregate_ranks, compare_dependent_rhos, holm, spearman_rho
from epsilon_research.analysis.ranks_last import dense_ranks
from epsilon_research.catalogue import build_option
from epsilon_research.engines.base import EngineSession
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics.epsilon_formula import ABSOLUTE, normalise_outputs, normalised_score
from epsilon_research.programs import Program
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    Linear,
    Operation,
    Zero,
    pair,
)
from epsilon_research.tracking import write_table
from epsilon_research.tracking.record import to_plain
from experiments.leaderboard.board import QUICK, Arena, of_metrics, read_board
from experiments.leaderboard.results import mean_ranks, rhos_of
from experiments.leaderboard.scores import SEED, sample, scored, with_results

OUTPUT = Path(__file__).parents[2] / "outputs" / "constant_weights"

MOST_ROWS = 1500
NUM_IMAGES = 64
LIMITS = (1e-30, 1e30)
UNIT_WEIGHT = 1.0
"""Of the network whose norms have no scale."""

SELECTION = ("nb201", "nbmacro", "tnb101_micro")
FURTHER = ("tnb101_macro", "darts")
BESIDE = ("num_parameters", "flops", "epsilon")

_BINS = 16
_ALIKE = 1e-6
"""Scores up to here are of outputs that are alike at both limits."""

_LEVEL = 0.05

_OF_ONE: Mapping[str, Callable[[np.ndarray], float]] = {
    "std": lambda p: float(np.nanstd(p)),
    "mean": lambda p: float(np.nanmean(p)),
    "cv": lambda p: float(np.nanstd(p) / np.nanmean(p)),
    "entropy": lambda p: _entropy(p),
}
_OF_TWO: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "epsilon": normalised_score,
    "absolute": partial(normalised_score, dispersion=ABSOLUTE),
    "decorrelation": lambda p, q: 1 - _pearson(p, q),
}
_PASSES: Sequence[str] = ("0", "inf", "unit")
_PAIRS: Sequence[tuple[str, str]] = (("0", "inf"), ("0", "unit"), ("inf", "unit"))
GRAPH = ("exponent_0", "depth_0", "depth_inf", "depth_difference", "size_0", "size_inf")
_WITH_FLOPS = (
    "epsilon_0_inf", "epsilon_0_unit", "std_inf", "entropy_inf", "entropy_unit", "depth_inf",
    "size_inf", "depth_difference",
)  # fmt: skip
_TOGETHER = (
    ("epsilon_0_inf", "size_inf"), ("entropy_unit", "size_inf"), ("entropy_inf", "depth_inf"),
    ("epsilon_0_unit", "depth_inf"), ("depth_inf", "size_inf"),
)  # fmt: skip


def candidates() -> dict[str, tuple[str, ...]]:
    """Return the parts of each candidate, by its name: one feature, or two that are ranked."""
    single = [f"{name}_{one}" for one in _PASSES for name in _OF_ONE]
    single += [f"{name}_{'_'.join(both)}" for both in _PAIRS for name in _OF_TWO]
    pairs = [*((name, "flops") for name in _WITH_FLOPS), *_TOGETHER]
    return {name: (name,) for name in (*single, *GRAPH)} | {" + ".join(two): two for two in pairs}


def features(program: Program, session: EngineSession) -> dict[str, float]:
    """Return what the candidates are made of, of a network with one output; NaN where undefined."""
    passes = [*session.outputs(program, LIMITS)]
    passes += session.outputs(without_scales(program), [UNIT_WEIGHT])
    vectors = [normalise_outputs(one.values) for one in passes]
    named = dict(zip(_PASSES, vectors, strict=True))
    defined = {name: not np.isnan(values).all() for name, values in named.items()}
    found = {
        f"{name}_{one}": statistic(named[one]) if defined[one] else np.nan
        for one in _PASSES
        for name, statistic in _OF_ONE.items()
    }
    found |= {
        f"{name}_{one}_{two}": compare(named[one], named[two])
        if defined[one] and defined[two]
        else np.nan
        for one, two in _PAIRS
        for name, compare in _OF_TWO.items()
    }
    paths = limit_paths(program)
    if paths is None:
        return found | dict.fromkeys(GRAPH, np.nan)
    low, high = paths
    difference = high.depth - low.depth
    values = (float(low.exponent), low.depth, high.depth, difference, low.size, high.size)
    return found | dict(zip(GRAPH, values, strict=True))


def without_scales(program: Program) -> Program:
    """Return the network whose batch norms do not multiply by the weight."""
    return Program(
        tuple(
            layer._replace(operation=replace(layer.operation, affine=False))
            if isinstance(layer.operation, BatchNorm)
            else layer
            for layer in program.layers
        )
    )


def table_of(arena: Arena) -> pd.DataFrame:
    """Return features and trained results of a space, from `OUTPUT` if they are there."""
    path = OUTPUT / f"{arena.name}.parquet"
    if path.exists():
        return pd.read_parquet(path)
    board = of_metrics(read_board(size=QUICK), BESIDE)
    few = replace(board, batch_size=NUM_IMAGES, constant_batch_size=NUM_IMAGES)
    frame = with_results(scored(arena, few, sample(arena)), arena)
    space = build_option("search_space", arena.name).space
    photos = build_option("dataset", "photos")
    images = photos.draw(batch_size=NUM_IMAGES, rng=np.random.default_rng(SEED)).inputs
    session = CollapsedEngine(dtype="float64").open(images)
    rows = [features(space.program(id_, num_outputs=1), session) for id_ in frame.architecture_id]
    kept_columns = ["architecture_id", "canonical_hash", "connected", *BESIDE, *arena.tasks]
    table = pd.concat([frame[kept_columns], pd.DataFrame(rows)], axis=1)
    for name, parts in candidates().items():
        if len(parts) > 1:
            table[name] = aggregate_ranks(_ranks(table, parts), aggregate="log_rank")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    write_table(table, path)
    return table


def is_even(table: pd.DataFrame) -> np.ndarray:
    """Return which rows are of the half that chooses; equal functions are in one half."""
    digests = [blake2b(str(one).encode(), digest_size=1).digest() for one in table.canonical_hash]
    return np.array([digest[0] % 2 == 0 for digest in digests])


def rhos(table: pd.DataFrame, columns: Sequence[str], tasks: Sequence[str]) -> np.ndarray:
    """Return ρ of each column on each task, undefined scores ranked last."""
    return rhos_of(_ranks(table, columns), table[list(tasks)].to_numpy(dtype=np.float64))


def choose(tables: Mapping[str, pd.DataFrame], arenas: Mapping[str, Arena]) -> dict[str, Any]:
    """Return the mean ranks of the candidates on the even halves, the best first."""
    names = list(candidates())
    by_space = {
        space: rhos(tables[space].loc[is_even(tables[space])], names, list(arenas[space].tasks))
        for space in SELECTION
    }
    means = {space: found.mean(axis=1) for space, found in by_space.items()}
    found = pd.DataFrame({"mean_rank": mean_ranks([*by_space.values()]), **means}, index=names)
    return found.sort_values("mean_rank", kind="stable").to_dict("index")


def confirm(
    chosen: str, tables: Mapping[str, pd.DataFrame], arenas: Mapping[str, Arena]
) -> dict[str, Any]:
    """Return ρ of the chosen candidate and of what it is compared with, where it was not chosen."""
    columns, found, tests = [chosen, *BESIDE], {}, []
    for space in (*SELECTION, *FURTHER):
        table = tables[space]
        rows = table.loc[~is_even(table)] if space in SELECTION else table
        tasks = list(arenas[space].tasks)
        values = rhos(rows, columns, tasks)
        means = dict(zip(columns, values.mean(axis=1).tolist(), strict=True))
        found[space] = {"n": len(rows), "rho": means}
        for task, (rho, *_, flops, _epsilon) in zip(tasks, values.T, strict=True):
            rated = rows.loc[np.isfinite(rows[task].to_numpy(dtype=np.float64))]
            between = spearman_rho(*_ranks(rated, [chosen, "flops"]).T)
            test = compare_dependent_rhos(rho, flops, between, num_rows=len(rated))
            tests.append({"space": space, "task": task, "rho": rho, "flops": flops, "p": test.p})
    adjusted = holm(np.array([test["p"] for test in tests]))
    tests = [test | {"p_holm": p} for test, p in zip(tests, adjusted.tolist(), strict=True)]
    better = sum(one["rho"][chosen] > one["rho"]["flops"] for one in found.values())
    worse = sum(test["p_holm"] < _LEVEL and test["rho"] < test["flops"] for test in tests)
    return {
        "chosen": chosen, "spaces": found, "against_flops": tests, "spaces_above_flops": better,
        "tasks_certainly_below_flops": worse, "better": better >= 4 and worse == 0,
    }  # fmt: skip


def explain(tables: Mapping[str, pd.DataFrame], arenas: Mapping[str, Arena]) -> dict[str, Any]:
    """Return how well the graph predicts the score, and what both say about trained results."""
    found: dict[str, Any] = {}
    for space, table in tables.items():
        rows = table.loc[table["connected"] & table["epsilon_0_inf"].notna()]
        columns = ["epsilon_0_inf", "depth_difference", "depth_0", "depth_inf"]
        score, prediction, *_ = rows[columns].to_numpy().T
        alike = score <= _ALIKE
        results = rhos(rows, columns, list(arenas[space].tasks)).mean(axis=1)
        found[space] = {
            "n": len(rows),
            "distinct_predictions": len(np.unique(prediction.round(9))),
            "rho": spearman_rho(prediction, score),
            "alike": int(alike.sum()),
            "predicted_alike": _share(prediction[alike] == 0),
            "predicted_alike_of_others": _share(prediction[~alike] == 0),
            "rho_with_results": dict(zip(columns, results.tolist(), strict=True)),
        }
    return found


def main() -> None:
    """Compute the features, and print what the protocol asks for."""
    board = read_board(size=QUICK, counts={"": MOST_ROWS})
    arenas = {arena.name: arena for arena in board.arenas}
    tables = {space: table_of(arenas[space]) for space in (*SELECTION, *FURTHER)}
    ranked = choose(tables, arenas)
    found = {
        "limits": explain(tables, arenas),
        "candidates": ranked,
        "confirmation": confirm(next(iter(ranked)), tables, arenas),
    }
    sys.stdout.write(json.dumps(to_plain(found), indent=2, ensure_ascii=False) + "\n")


def _ranks(table: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Ranks by each column, undefined values last: [rows, columns]."""
    values = table[list(columns)].to_numpy(dtype=np.float64)
    values = np.where(np.isfinite(values), values, -np.inf)
    return np.column_stack([dense_ranks(column) for column in values.T])


def _entropy(values: np.ndarray) -> float:
    counts, _ = np.histogram(values[~np.isnan(values)], bins=_BINS, range=(0, 1))
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    both = ~np.isnan(first) & ~np.isnan(second)
    if both.sum() < 2 or np.ptp(first[both]) == 0 or np.ptp(second[both]) == 0:
        return np.nan
    return float(np.corrcoef(first[both], second[both])[0, 1])


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if flags.size else np.nan


class Signal(NamedTuple):
    """A value of the network at a limit.

    Factors of w, the logarithm of what stands beside them, as if all signs were equal, and the mean
    number of convolutions on the paths that are left.
    """

    exponent: int = 0
    size: float = 0.0
    depth: float = 0.0


def limit_paths(program: Program) -> tuple[Signal, Signal] | None:
    """Return the output as w→0 and as w→∞; None if it does not depend on the network's input.

    Which paths the limits choose is read from the graph alone: a value of the network is
    represented by how many factors of w it has, how large it is beside them, and how many
    convolutions lie on the paths that make it.

    Raises:
        ValueError: A layer of several inputs is neither a sum nor a concatenation.
    """
    low, high = (_output(program, small=small) for small in (True, False))
    return None if low is None or high is None else (low, high)


def _output(program: Program, *, small: bool) -> Signal | None:
    signals: list[Signal | None] = []
    for layer in program.layers:
        operation, sources = layer.operation, list(layer.inputs)
        present = [found for source in sources if (found := signals[source]) is not None]
        if not sources:
            signals.append(Signal())
        elif isinstance(operation, Zero) or not present:
            signals.append(None)
        elif isinstance(operation, Add | Concatenate):
            # The smallest power of w wins as w→0, the largest as w→∞.
            exponents = [signal.exponent for signal in present]
            exponent = min(exponents) if small else max(exponents)
            signals.append(_sum([one for one in present if one.exponent == exponent]))
        elif len(sources) > 1:
            raise ValueError(
                f"layers of several inputs must be sums or concatenations, got {operation!r}: "
                "choose another search space"
            )
        else:
            fan_in = program.layers[sources[0]].channels
            signals.append(_through(operation, present[0], fan_in=fan_in, small=small))
    return signals[-1]


def _through(operation: Operation, signal: Signal, *, fan_in: int, small: bool) -> Signal:
    exponent, size, depth = signal
    if isinstance(operation, BatchNorm):
        if small:  # of a variance far below eps
            return Signal(exponent + operation.affine, size - math.log(operation.eps) / 2, depth)
        return Signal(int(operation.affine), 0.0, depth)
    if isinstance(operation, Convolution):
        height, width = pair(operation.kernel_size)
        size += math.log(fan_in) + math.log(height * width / operation.groups)
        return Signal(exponent + 1, size, depth + 1)
    if isinstance(operation, Linear):
        return Signal(exponent + 1, size + math.log(fan_in), depth)
    return signal


def _sum(signals: Sequence[Signal]) -> Signal:
    """The sum of terms with one exponent; their depths are averaged by their sizes."""
    largest = max(signal.size for signal in signals)
    shares = [math.exp(signal.size - largest) for signal in signals]
    depth = sum(share * signal.depth for share, signal in zip(shares, signals, strict=True))
    size = largest + math.log(sum(shares))
    return Signal(signals[0].exponent, size, depth / sum(shares))


if __name__ == "__main__":
    main()
