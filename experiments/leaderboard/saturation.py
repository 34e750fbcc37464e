"""Part 3 of `PROTOCOL.md`: is epsilon weaker on recurrent cells because they saturate?

    python -m experiments.leaderboard.saturation nbnlp_logs.zip

Prints one JSON object. A plain reading of the cells, in NumPy, counts what saturates, and can do
without: with tanh and sigmoid made linear.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis import spearman_rho
from epsilon_research.analysis.bootstrap import percentile_interval
from epsilon_research.catalogue import build_option
from epsilon_research.collapse.recurrent import RecurrentPlan, lower_recurrent
from epsilon_research.metrics.epsilon_formula import epsilon_score
from epsilon_research.programs.recurrent import LEAKY_SLOPE, CellOperation
from epsilon_research.tracking.record import to_plain
from experiments.leaderboard.board import FULL, Arena, read_board
from experiments.leaderboard.scores import SEED, sample, with_results

WEIGHTS = (1e-5, 1e-3)
FURTHER = ((1e-9, 1e-7), (1e-7, 1e-5), (1e-4, 1e-2), (1e-2, 1.0))
NUM_SAMPLES = 256

_FLAT = {CellOperation.TANH: 2.9932, CellOperation.SIGMOID: 5.2933}
"""|x| beyond which the derivative is below 1 % of its largest."""

_LINEAR: Mapping[CellOperation, Callable[[np.ndarray], np.ndarray]] = {
    CellOperation.TANH: lambda x: x,
    CellOperation.SIGMOID: lambda x: 0.5 + x / 4,
}
_USUAL: Mapping[CellOperation, Callable[[np.ndarray], np.ndarray]] = {
    CellOperation.TANH: np.tanh,
    CellOperation.SIGMOID: lambda x: 1 / (1 + np.exp(-x)),
}


# Cells that grow without bound have no score then.
@np.errstate(over="ignore", invalid="ignore")
def outputs(
    plan: RecurrentPlan,
    row_sums: Float[np.ndarray, "time batch"],
    *,
    weight: float,
    linear: bool = False,
) -> tuple[Float[np.ndarray, " values"], float]:
    """Return the outputs of a cell with one constant for all parameters, and its saturation.

    Args:
        plan: The cell, without what its output does not depend on.
        row_sums: Sum of each embedded token over the embedding.
        weight: The constant.
        linear: Whether tanh and sigmoid are replaced by their tangents at 0.

    Returns:
        Outputs (time · batch), and the share of saturated evaluations; NaN where there are none.
    """
    functions, cell, values = _LINEAR if linear else _USUAL, plan.cell, row_sums.copy()
    flat, evaluations = 0, 0
    for layer, (input_size, hidden_size) in enumerate(plan.layer_sizes):
        sizes = [input_size if layer else 1] + [hidden_size] * (cell.num_hidden + len(cell.nodes))
        states = [np.full(values.shape[1], weight) for _ in range(cell.num_hidden)]
        for time in range(len(values)):
            registers = [values[time], *states]
            for operation, inputs in cell.nodes:
                operands = [registers[place] for place in inputs]
                if operation is CellOperation.LINEAR:
                    terms = [registers[place] * sizes[place] for place in inputs]
                    registers.append(weight * (np.sum(terms, axis=0) + 1))
                    continue
                if operation in functions:
                    flat += int((np.abs(operands[0]) > _FLAT[operation]).sum())
                    evaluations += operands[0].size
                registers.append(_result(operation, operands, functions))
            values[time] = registers[cell.outputs[0]]
            states = [registers[place] for place in cell.outputs]
    return values.ravel(), flat / evaluations if evaluations else np.nan


def _result(
    operation: CellOperation,
    operands: Sequence[np.ndarray],
    functions: Mapping[CellOperation, Callable[[np.ndarray], np.ndarray]],
) -> np.ndarray:
    first, *others = operands
    if operation in functions:
        return functions[operation](first)
    if operation is CellOperation.LEAKY_RELU:
        return np.where(first > 0, first, LEAKY_SLOPE * first)
    if operation is CellOperation.PRODUCT:
        return first * others[0]
    if operation is CellOperation.SUM:
        return first + others[0]
    return first * others[0] + (1 - first) * others[1]


def answers(arena: Arena, *, rng: np.random.Generator) -> dict[str, Any]:
    """Return what part 3 of the protocol asks for.

    Args:
        arena: NAS-Bench-NLP with one task.
        rng: Source of the resamples.
    """
    space = build_option("search_space", arena.name).space
    tokens = build_option("dataset", "random_tokens")
    drawn = tokens.draw(batch_size=NUM_SAMPLES, rng=np.random.default_rng(SEED)).inputs
    row_sums = drawn.sum(axis=2, dtype=np.float64)
    ids = sample(arena)
    (results,) = with_results(pd.DataFrame({"architecture_id": ids}), arena)[
        [*arena.tasks]
    ].T.values
    plans = [lower_recurrent(space.program(id_, num_outputs=1)) for id_ in ids]
    rows = [row for row, plan in enumerate(plans) if plan.connected and np.isfinite(results[row])]
    results = results[rows]
    found = {
        (linear, weight): [
            outputs(plans[row], row_sums, weight=weight, linear=linear) for row in rows
        ]
        for linear, weight in [
            *((False, weight) for weight in sorted({*WEIGHTS, *np.ravel(FURTHER)})),
            *((True, weight) for weight in WEIGHTS),
        ]
    }

    def scores(weights: Sequence[float], *, linear: bool = False) -> np.ndarray:
        low, high = (found[linear, weight] for weight in weights)
        return np.array([epsilon_score(a, b) for (a, _), (b, _) in zip(low, high, strict=True)])

    def saturation(weight: float) -> np.ndarray:
        return np.array([share for _, share in found[False, weight]])

    usual, linear = scores(WEIGHTS), scores(WEIGHTS, linear=True)
    flat = np.nan_to_num(saturation(WEIGHTS[1]))
    return {
        "n": len(rows),
        "saturation": {
            weight: {"median": np.nanmedian(share), "above_10_percent": np.mean(share > 0.1)}
            for weight in sorted({weight for _, weight in found})
            for share in [saturation(weight)]
        },
        "less_saturated_half": _difference(
            usual, usual, results, of=flat <= np.median(flat), other=flat > np.median(flat), rng=rng
        ),
        "linear": _difference(
            linear, usual, results, of=np.isfinite(linear), other=np.isfinite(linear), rng=rng
        ),
        "pairs": {
            f"{low:g}, {high:g}": {"n": int(np.isfinite(one).sum()), "rho": _rho(one, results)}
            for low, high in (WEIGHTS, *FURTHER)
            for one in [scores((low, high))]
        },
    }


def _rho(scores: np.ndarray, results: np.ndarray) -> float:
    known = np.isfinite(scores)
    return spearman_rho(scores[known], results[known])


def _difference(
    first: np.ndarray,
    second: np.ndarray,
    results: np.ndarray,
    *,
    of: np.ndarray,
    other: np.ndarray,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """ρ of the first scores on some rows, of the second on others, interval of the difference."""
    known = np.isfinite(first) & np.isfinite(second)
    of, other = of & known, other & known

    def rhos(drawn: np.ndarray) -> tuple[float, float]:
        a, b = drawn[of[drawn]], drawn[other[drawn]]
        return spearman_rho(first[a], results[a]), spearman_rho(second[b], results[b])

    places = np.arange(len(results))
    resampled = [rhos(rng.choice(places, size=len(places))) for _ in range(1000)]
    rho, compared = rhos(places)
    return {
        "n": int(of.sum()),
        "other_n": int(other.sum()),
        "rho": rho,
        "other_rho": compared,
        "interval": percentile_interval(np.array([a - b for a, b in resampled])),
    }


def main(path: str) -> None:
    """Print the answers for an archive of logs."""
    board = read_board(size=FULL, accuracies={"nbnlp/loss": Path(path)})
    found = answers(board.arenas[-1], rng=np.random.default_rng(SEED))
    sys.stdout.write(json.dumps(to_plain(found), indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
