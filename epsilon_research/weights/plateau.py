"""From where on outputs no longer change when the weight moves on: arithmetic without networks."""

import numpy as np
from jaxtyping import Float

CONFIRMATIONS = 3
"""Weights further out that a limit is compared with at least."""


def output_changes(
    first: Float[np.ndarray, "architectures values"],
    second: Float[np.ndarray, "architectures values"],
) -> Float[np.ndarray, " architectures"]:
    """Return how far each architecture's normalised outputs are apart at two weights, in [0, 1].

    Epsilon leaves exact zeros out, so two things make a score: the values, and which of them are
    kept. The change is the larger of the largest difference of a value (one that is left out
    counts as the 0 it is) and the share of values kept at one weight only. With a change of c and
    the same values kept, a score s with any third weight moves by at most about
    c · (1 + s) / (mean of the outputs). Infinite where all of either are left out: no score.

    Args:
        first: What `normalise_outputs` gave at one weight, NaN where left out.
        second: The same at the other weight.
    """
    one, two = np.isnan(first), np.isnan(second)
    values = np.abs(np.where(one, 0, first) - np.where(two, 0, second)).max(axis=1)
    kept = (one != two).mean(axis=1)
    undefined = one.all(axis=1) | two.all(axis=1)
    return np.where(undefined, np.inf, np.maximum(values, kept)).astype(np.float64)


def pairwise_changes(
    outputs: Float[np.ndarray, "architectures weights values"],
) -> Float[np.ndarray, "weights weights architectures"]:
    """`output_changes` between every two weights; 0 on the diagonal."""
    count = outputs.shape[1]
    changes = np.zeros((count, count, len(outputs)))
    for one in range(count):
        for two in range(one + 1, count):
            change = output_changes(outputs[:, one], outputs[:, two])
            changes[one, two] = changes[two, one] = change
    return changes


def limit_place(
    changes: Float[np.ndarray, "weights weights"],
    *,
    tolerance: float,
    confirmations: int = CONFIRMATIONS,
) -> int | None:
    """Return the first place from which on nothing changes by more than `tolerance` any more.

    It is compared with every place after it, not with its neighbour only: on a plateau in the
    middle neighbours agree, but what comes after the plateau does not, and slow drift adds up.

    Args:
        changes: Change between any two weights, in the order in which they move outwards.
        tolerance: The largest change that counts as none.
        confirmations: How many places must at least come after it.

    Returns:
        None if there is no such place.
    """
    count = len(changes)
    for place in range(count - confirmations):
        if (changes[place, place + 1 :] <= tolerance).all():
            return place
    return None
