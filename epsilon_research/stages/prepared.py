"""What a run works on, between the reading of its files and its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.scoring import Scoring
from epsilon_research.spaces import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Architectures, minibatch, accuracies and metrics of a run, read and checked.

    Args:
        selection: Search space, and which of its architectures are scored.
        ids: Architectures that are scored.
        dataset: Source of the minibatch.
        batch_size: Samples in the minibatch.
        minibatch_seed: Seed of the minibatch's draw.
        scoring: Space, metrics, minibatch, executor and store.
        table: Trained accuracies of the whole space, or None.
        accuracies: Rows of `table` for `ids`, in that order; None without a table.
        seed: Seed of the run, see `random_stream`.
        seconds: Time that reading and drawing took.
    """

    selection: Selection
    ids: Sequence[str]
    dataset: Dataset
    batch_size: int
    minibatch_seed: int
    scoring: Scoring
    table: AccuracyTable | None
    accuracies: pd.DataFrame | None
    seed: int
    seconds: float

    @property
    def title(self) -> str:
        """Search space and minibatch in one line, for figures and tables."""
        return f"{self.scoring.space.title}, {self.scoring.minibatch.description}"

    @property
    def weights(self) -> dict[str, Sequence[float]]:
        """Constants of each metric that initialises its networks with constants."""
        settings = {name: metric.settings for name, metric in self.scoring.metrics.items()}
        return {name: found["weights"] for name, found in settings.items() if "weights" in found}

    def draw_minibatch(self, step: int) -> Minibatch:
        """Return the minibatch of the seed that is `step` further on than the run's."""
        return self.dataset.draw(
            batch_size=self.batch_size, rng=np.random.default_rng(self.minibatch_seed + step)
        )
