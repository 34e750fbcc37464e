"""One architecture without any training: the best-scored of a random sample."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int


def select_one(
    ranks: Mapping[str, Float[np.ndarray, " architectures"]],
    accuracies: Mapping[str, Float[np.ndarray, " architectures"]],
    *,
    judged_by: str,
    higher_is_better: bool,
    sample_sizes: Sequence[int],
    num_runs: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """How good is the best-scored architecture of a sample? Table 3 of the epsilon paper.

    Each run draws a sample without replacement; all metrics choose from the same one. Equal ranks
    are decided by the random order of the sample.

    Args:
        ranks: {metric: scores, higher is better, none NaN (see `Protocol.rank`)}; the first metric
            is the one that the run is about.
        accuracies: {name: values}, NaN where unknown; `judged_by` has no NaN.
        judged_by: Which of them says how good an architecture is.
        higher_is_better: False for losses.
        sample_sizes: Sizes; those above the number of architectures are left out.
        num_runs: Samples of each size.
        rng: Source of the samples.

    Returns:
        {sample size as text: {"metric", "runs", "higher_is_better", "mean_rank", "<accuracy>":
        {"mean", "std"}, "random": {"mean_rank", ...}, "optimum": {...}, "best_known",
        "others": {metric: {...}}}}. `mean_rank` is the place of the chosen one in its sample by
        `judged_by`, 1 is best, equal ones share the best place. `random` is one architecture of
        each sample, `optimum` the best of each; `best_known` is the best of all.

    References:
        arXiv 2302.04406, table 3.
    """
    judge = accuracies[judged_by] * (1.0 if higher_is_better else -1.0)
    found = {}
    for size in sample_sizes:
        if size > judge.size:
            continue
        samples = np.stack([rng.choice(judge.size, size, replace=False) for _ in range(num_runs)])
        chosen = {name: _best(values, samples) for name, values in ranks.items()}
        entries = {
            name: _entry(picks, samples, judge=judge, accuracies=accuracies)
            for name, picks in (
                chosen | {"random": samples[:, 0], "optimum": _best(judge, samples)}
            ).items()
        }
        first, *others = ranks
        found[str(size)] = {
            "metric": first,
            "runs": num_runs,
            "higher_is_better": higher_is_better,
            **entries[first],
            "random": entries["random"],
            "optimum": entries["optimum"],
            "best_known": float(accuracies[judged_by][judge.argmax()]),
            "others": {name: entries[name] for name in others},
        }
    return found


def _best(
    values: Float[np.ndarray, " architectures"], samples: Int[np.ndarray, "runs size"]
) -> Int[np.ndarray, " runs"]:
    places = values[samples].argmax(axis=1)
    return samples[np.arange(len(samples)), places]


def _entry(
    picks: Int[np.ndarray, " runs"],
    samples: Int[np.ndarray, "runs size"],
    *,
    judge: Float[np.ndarray, " architectures"],
    accuracies: Mapping[str, Float[np.ndarray, " architectures"]],
) -> dict[str, Any]:
    places = 1 + (judge[samples] > judge[picks][:, None]).sum(axis=1)
    return {
        **{name: _mean_and_std(values[picks]) for name, values in accuracies.items()},
        "mean_rank": float(places.mean()),
    }


def _mean_and_std(values: Float[np.ndarray, " runs"]) -> dict[str, float]:
    return {"mean": float(values.mean()), "std": float(values.std())}
