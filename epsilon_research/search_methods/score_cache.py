"""Scores on demand, each computed once."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from epsilon_research.search_methods.base import ScoreFunction


class ScoreCache:
    """Scores that are kept: known ones, and others that are computed when first asked for.

    Args:
        compute: Scores of architectures in their order, NaN where undefined; None: architectures
            that are not known have no score.
    """

    def __init__(self, compute: ScoreFunction | None = None) -> None:
        self._compute = compute
        self._known: dict[str, float] = {}

    def add(self, architecture_ids: Sequence[str | None], scores: np.ndarray) -> None:
        """Keep scores; of what is None, no architecture of the space, there are none.

        Args:
            architecture_ids: Architectures, in any order.
            scores: Their scores in the same order, NaN where undefined.

        Raises:
            ValueError: There is not one score for each architecture.
        """
        values = np.asarray(scores, dtype=np.float64)
        if values.shape != (len(architecture_ids),):
            raise ValueError(
                f"scores must be one number for each of {len(architecture_ids)} architectures, got "
                f"an array of shape {values.shape}: return one float each, NaN where undefined"
            )
        pairs = zip(architecture_ids, values.tolist(), strict=True)
        self._known.update((id_, value) for id_, value in pairs if id_ is not None)

    def __call__(self, architecture_ids: Sequence[str]) -> Float[np.ndarray, " architectures"]:
        """Return the scores of `architecture_ids`, in their order.

        Raises:
            ValueError: `compute` did not give one score for each architecture.
        """
        known = self._known
        missing = [id_ for id_ in dict.fromkeys(architecture_ids) if id_ not in known]
        if missing and self._compute is not None:
            self.add(missing, self._compute(missing))
        return np.array([known.get(id_, np.nan) for id_ in architecture_ids], dtype=np.float64)
