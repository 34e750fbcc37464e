"""The contract of an engine: what a network with one constant weight outputs on a minibatch."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from epsilon_research.programs import Program


class Outputs(NamedTuple):
    """A network's outputs for one constant weight."""

    values: np.ndarray
    """float64 [values]: the outputs, up to a positive factor that epsilon's normalisation drops."""
    float32_defined: bool
    """Whether the published float32 network has an output here, neither constant nor infinite."""


class EngineSession(ABC):
    """An engine with a minibatch in its own form; the only mutable part, one per process."""

    @abstractmethod
    def outputs(self, program: Program, weights: Sequence[float]) -> list[Outputs]:
        """The network's outputs for each constant in `weights`.

        Raises:
            ValueError: The engine cannot run this program, or a weight is not positive and finite.
        """


class Engine(ABC):
    """A way to run constant-weight networks."""

    name: str
    auto_num_architectures: int | None
    """How many architectures a run scores unless told otherwise; None: the whole space."""

    def prepare(self) -> None:
        """Does once, before work is spread, what every process would otherwise do for itself."""
        return

    @abstractmethod
    def open(self, images: Float32[np.ndarray, "batch channels height width"]) -> EngineSession:
        """A session that runs networks on `images`."""
