"""The `search` and `selection` parts of a summary as a small run leaves them."""

from typing import Any

import numpy as np

BUDGET = 40


def entry(number: int = 0, **changes: Any) -> dict[str, Any]:
    median = 0.93 + 0.005 * number - 0.02 / np.arange(1, BUDGET + 1)
    found = {
        "algorithm": "ageing_evolution",
        "protocol": "sound",
        "budget": BUDGET,
        "repeats": 7,
        "warmup_pool": 0,
        "warmup_metric": None,
        "move": "fitness",
        "move_metric": None,
        "selected_on": "validation",
        "reported": "test_accuracy",
        "higher_is_better": True,
        "repeat_share": 0.25,
        "median_curve": median.tolist(),
        "low_curve": (median - 0.002).tolist(),
        "high_curve": (median + 0.001).tolist(),
        "targets": {"0.93": {"accuracy": 0.93, "median_models": 12.0, "reached_share": 0.75}},
    }
    return found | changes


ENTRIES = {
    "ageing_evolution": entry(),
    "ageing_evolution+warmup_epsilon": entry(1, warmup_metric="epsilon"),
    "ageing_evolution+warmup_epsilon+move_score_epsilon": entry(
        2, warmup_metric="epsilon", move="score", move_metric="epsilon"
    ),
    "random_search": entry(-1, algorithm="random_search", move=None),
    "random_search+warmup_epsilon": entry(
        0, algorithm="random_search", move=None, warmup_metric="epsilon"
    ),
}


def choice(mean: float, rank: float) -> dict[str, Any]:
    return {
        "test_accuracy": {"mean": mean, "std": 0.01},
        "validation_accuracy": {"mean": None, "std": None},
        "mean_rank": rank,
    }


SELECTION = {
    "1000": {
        "metric": "epsilon",
        "runs": 500,
        "higher_is_better": True,
        **choice(0.9386, 20.0),
        "random": choice(0.87, 500.5),
        "optimum": choice(0.942, 1.0),
        "best_known": 0.9437,
        "others": {"num_parameters": choice(0.93, 50.25)},
    }
}
