"""Random streams of a run: every purpose draws from a generator of its own, which has a name."""

from hashlib import blake2b

import numpy as np

_SPAWNED = ("sample", "bootstrap", "agreement", "search", "repeats", "weight_rule")
"""Streams that were once the children of the run's seed, by position; their draws stay."""


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return a generator for one purpose of a run.

    No stream depends on which others exist, so that a new one changes no number of a run.

    Args:
        seed: Seed of the run.
        name: Purpose; a stage from elsewhere takes its own name.
    """
    if name in _SPAWNED:
        key = (_SPAWNED.index(name),)
    else:
        digest = blake2b(name.encode(), digest_size=16).digest()
        key = tuple(np.frombuffer(digest, dtype="<u4").tolist())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
