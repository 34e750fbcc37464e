"""An example of a user's own objective: trains each network for a few steps on small digits.

Any callable from an architecture id to a number can take its place: name it as
`search.objective._target_`, with its arguments beside it, see `study=search_digits`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from epsilon_research.checks import check_integer, check_number
from epsilon_research.programs import Program
from epsilon_research.spaces import SearchSpace, Selection

if TYPE_CHECKING:
    import torch

_NUM_TRAINED = 1000
"""Digits of the 1,797 that networks are trained on; the others judge them."""
_LARGEST = 16.0
"""Grey values of the digits run from 0 to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitsAccuracy:
    """Validation accuracy on digits after a few steps of training by Adam.

    The same architecture always has the same fitness: initialisation and minibatches come from
    `seed`, whatever was computed before. Of a selection, its space gives the networks.
    """

    space: SearchSpace | Selection
    steps: int = 30
    batch_size: int = 64
    learning_rate: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        check_integer("search.objective.steps", self.steps, at_least=1, example=30)
        size = "search.objective.batch_size"
        check_integer(size, self.batch_size, at_least=2, at_most=_NUM_TRAINED, example=64)
        rate = "search.objective.learning_rate"
        check_number(rate, self.learning_rate, above=0, example=0.01)
        check_integer("search.objective.seed", self.seed, at_least=0, example=0)

    def __call__(self, architecture_id: str) -> float:
        """Return the share of the 797 other digits that the network recognises, in [0, 1]."""
        with _on_its_own(self.seed):
            return self._train_and_judge(architecture_id)

    def _train_and_judge(self, architecture_id: str) -> float:
        import torch

        from epsilon_research.programs.torch_reader import to_torch

        space = self.space.space if isinstance(self.space, Selection) else self.space
        program = space.program(architecture_id, num_outputs=10)
        if not isinstance(program, Program):
            raise ValueError(
                f"the space of search.objective must hold image networks, got {space.name}: "
                "pass another search_space"
            )
        images, classes = _load_digits()
        rng = np.random.default_rng(self.seed)
        network = to_torch(program)
        optimiser = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        for _ in range(self.steps):
            rows = torch.from_numpy(rng.choice(_NUM_TRAINED, self.batch_size, replace=False))
            optimiser.zero_grad()
            answers = network(images[rows]).flatten(1)
            torch.nn.functional.cross_entropy(answers, classes[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            answers = network(images[_NUM_TRAINED:]).flatten(1).argmax(dim=1)
        return float((answers == classes[_NUM_TRAINED:]).float().mean())


@cache
def _load_digits() -> "tuple[torch.Tensor, torch.Tensor]":
    """Return scikit-learn's digits in its order: (digits, 3, 8, 8) in [0, 1], and classes 0 to 9.

    References:
        Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
        Repository, 1998 (CC BY 4.0); the copy inside scikit-learn.
    """
    import torch
    from sklearn.datasets import load_digits

    values, classes = load_digits(return_X_y=True)
    grey = np.asarray(values, np.float32).reshape(-1, 1, 8, 8) / np.float32(_LARGEST)
    images = torch.from_numpy(np.repeat(grey, 3, axis=1))
    return images, torch.from_numpy(np.asarray(classes, np.int64))


@contextmanager
def _on_its_own(seed: int) -> Iterator[None]:
    """PyTorch's global generator seeded and its threads one, both put back afterwards.

    Networks are initialised from the global generator, and sums over threads round by how many
    there are; on networks this small several threads only wait for each other.
    """
    # PyTorch takes more than a second to import: only where a network is trained.
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
