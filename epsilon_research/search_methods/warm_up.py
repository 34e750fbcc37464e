"""Warm-up: score a pool of random architectures, start the search from the best of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def draw_pool(
    universe: Sequence[str], *, size: int, with_replacement: bool, rng: np.random.Generator
) -> list[str]:
    """A pool of random architectures, in random order.

    Args:
        universe: What pools are drawn from, distinct.
        size: Architectures in the pool; without replacement at most all of `universe` are drawn.
        with_replacement: Whether one may be in the pool twice.
        rng: Source of the draw.
    """
    if not with_replacement:
        size = min(size, len(universe))
    places = rng.choice(len(universe), size=size, replace=with_replacement)
    return [universe[int(place)] for place in places]


def best_first(
    pool: Sequence[str], ranks: Float[np.ndarray, " pool"], *, count: int | None = None
) -> tuple[str, ...]:
    """The best of a pool, from the best down.

    Args:
        pool: Architectures.
        ranks: Their scores, higher is better, none of them NaN (see `Protocol.rank`). Equal ones
            keep the order of the pool, which is random.
        count: How many to keep; None: all.

    Raises:
        ValueError: A rank is NaN, or there is not one for each architecture.
    """
    if len(pool) != ranks.size or np.isnan(ranks).any():
        raise ValueError(
            f"ranks must be one number for each of {len(pool)} architectures, got {ranks.size} of "
            f"which {int(np.isnan(ranks).sum())} are NaN: rank undefined scores first"
        )
    order = np.argsort(-ranks, kind="stable")[:count]
    return tuple(pool[int(place)] for place in order)
