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
from jaxtyping import Bool, Float

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

_USUAL: Mapping[CellOperation, Callable[..., np.ndarray]] = {
    CellOperation.TANH: np.tanh,
    CellOperation.SIGMOID: lambda x: 1 / (1 + np.exp(-x)),
    CellOperation.LEAKY_RELU: lambda x: np.where(x > 0, x, LEAKY_SLOPE * x),
    CellOperation.PRODUCT: np.multiply,
    CellOperation.SUM: np.add,
    CellOperation.BLEND: lambda a, b, c: a * b + (1 - a) * c,
}
_LINEAR = {
    **_USUAL,
    CellOperation.TANH: lambda x: x,
    CellOperation.SIGMOID: lambda x: 0.5 + x / 4,
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
                if operation in _FLAT:
                    flat += int((np.abs(operands[0]) > _FLAT[operation]).sum())
                    evaluations += operands[0].size
                registers.append(functions[operation](*operands))
            values[time] = registers[cell.outputs[0]]
            states = [registers[place] for place in cell.outputs]
    return values.ravel(), flat / evaluations if evaluations else np.nan


def answers(arena: Arena, *, rng: np.random.Generator) -> dict[str, Any]:
    """Return what part 3 of the protocol asks for, of NAS-Bench-NLP with one task."""
    space = build_option("search_space", arena.name).space
    tokens = build_option("dataset", "random_tokens")
    drawn = tokens.draw(batch_size=NUM_SAMPLES, rng=np.random.default_rng(SEED)).inputs
    row_sums = drawn.sum(axis=2, dtype=np.float64)
    frame = with_results(pd.DataFrame({"architecture_id": sample(arena)}), arena)
    (task,) = arena.tasks
    plans = [lower_recurrent(space.program(id_, num_outputs=1)) for id_ in frame.architecture_id]
    kept = np.array([plan.connected for plan in plans]) & np.isfinite(frame[task].to_numpy())
    results = frame.loc[kept, task].to_numpy()
    plans = [plan for plan, is_kept in zip(plans, kept, strict=True) if is_kept]

    def run(weight: float, *, linear: bool = False) -> list[tuple[np.ndarray, float]]:
        return [outputs(plan, row_sums, weight=weight, linear=linear) for plan in plans]

    def scores(low: Sequence, high: Sequence) -> np.ndarray:
        return np.array([epsilon_score(a, b) for (a, _), (b, _) in zip(low, high, strict=True)])

    found = {weight: run(weight) for weight in sorted({*WEIGHTS, *np.ravel(FURTHER)})}
    saturation = {weight: np.array([share for _, share in of]) for weight, of in found.items()}
    usual = scores(*(found[weight] for weight in WEIGHTS))
    linear = scores(*(run(weight, linear=True) for weight in WEIGHTS))
    flat = np.nan_to_num(saturation[WEIGHTS[1]])
    little, defined = flat <= np.median(flat), np.isfinite(linear)
    pairs = {pair: scores(*(found[weight] for weight in pair)) for pair in (WEIGHTS, *FURTHER)}
    return {
        "n": len(plans),
        "saturation": {
            weight: {"median": np.nanmedian(share), "above_10_percent": np.mean(share > 0.1)}
            for weight, share in saturation.items()
        },
        "less_saturated_half": _difference(
            usual, usual, results, of=little, other=~little, rng=rng
        ),
        "linear": _difference(linear, usual, results, of=defined, other=defined, rng=rng),
        "pairs": {
            f"{low:g}, {high:g}": {
                "n": int(np.isfinite(one).sum()),
                "rho": spearman_rho(one[np.isfinite(one)], results[np.isfinite(one)]),
            }
            for (low, high), one in pairs.items()
        },
    }


def _difference(
    first: np.ndarray,
    second: np.ndarray,
    results: np.ndarray,
    *,
    of: Bool[np.ndarray, " rows"],
    other: Bool[np.ndarray, " rows"],
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
