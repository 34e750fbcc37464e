"""Runs one search: asks, evaluates within a budget, tells."""

from collections.abc import Callable

import numpy as np

from epsilon_research.search_methods.base import SearchAlgorithm
from epsilon_research.search_methods.trials import Trajectory, Trial

ASKS_PER_TRAINING = 100
"""A search that asks so often for each new architecture has run dry and is ended: what it may reach
is trained already."""


def run_search(
    algorithm: SearchAlgorithm,
    evaluate: Callable[[str], float],
    *,
    budget: int,
    counts_repeats: bool,
    rng: np.random.Generator,
) -> Trajectory:
    """The trials of one search.

    A repeated architecture is answered from memory: `evaluate` is called once for each.

    Args:
        algorithm: A search that has not asked yet.
        evaluate: Fitness of an architecture, higher is better, NaN where it has none.
        budget: Architectures that may count as trained, at least 1.
        counts_repeats: Whether a repeated architecture counts again.
        rng: For the algorithm; nothing else is random here.

    Returns:
        A trajectory with `budget` trained architectures, or fewer if the search ran dry.

    Raises:
        ValueError: `budget` is below 1.
    """
    if budget < 1:
        raise ValueError(f"budget must be at least 1, got {budget}")
    memory: dict[str, float] = {}
    trials: list[Trial] = []
    num_trained = 0
    while num_trained < budget and len(trials) < ASKS_PER_TRAINING * budget:
        architecture_id = algorithm.ask(rng)
        repeated = architecture_id in memory
        if not repeated:
            memory[architecture_id] = float(evaluate(architecture_id))
        fitness = memory[architecture_id]
        algorithm.tell(architecture_id, fitness)
        trials.append(Trial(architecture_id, fitness, repeated))
        num_trained += counts_repeats or not repeated
    return Trajectory(trials=trials, counts_repeats=counts_repeats)
