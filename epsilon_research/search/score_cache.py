"""Scores on demand, each computed once."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from epsilon_research.search.base import ScoreFunction


class ScoreCache:
    """Asks `compute` for scores that nobody has asked for before, in one call, and keeps all.

    Args:
        compute: Scores of architectures in their order; NaN where undefined.
    """

    def __init__(self, compute: ScoreFunction) -> None:
        self._compute = compute
        self._known: dict[str, float] = {}

    @property
    def num_computed(self) -> int:
        """How many different architectures have been asked for."""
        return len(self._known)

    def __call__(self, architecture_ids: Sequence[str]) -> Float[np.ndarray, " architectures"]:
        """Scores of `architecture_ids`, in their order.

        Raises:
            ValueError: `compute` did not give one score for each architecture.
        """
        known = self._known
        missing = [id_ for id_ in dict.fromkeys(architecture_ids) if id_ not in known]
        if missing:
            values = np.asarray(self._compute(missing), dtype=np.float64)
            if values.shape != (len(missing),):
                raise ValueError(
                    f"scores must be one number for each of {len(missing)} architectures, got an "
                    f"array of shape {values.shape}: return one float each, NaN where undefined"
                )
            known.update(zip(missing, values.tolist(), strict=True))
        return np.array([known[id_] for id_ in architecture_ids], dtype=np.float64)
