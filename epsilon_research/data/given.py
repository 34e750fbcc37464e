"""A minibatch that a user of Python brings, as a dataset that always draws it."""

from dataclasses import dataclass, field

import numpy as np

from epsilon_research.data.base import Dataset, Minibatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Dataset):
    """The minibatch that was given, whole, whatever the generator."""

    minibatch: Minibatch
    name: str = field(init=False)
    kind: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.minibatch.dataset)
        object.__setattr__(self, "kind", self.minibatch.kind)

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`."""
        return self.minibatch
