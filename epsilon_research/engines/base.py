"""The contract of an engine: what a network with one constant weight outputs on a minibatch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from epsilon_research.programs import AnyProgram

Inputs = (
    Float32[np.ndarray, "batch channels height width"] | Float[np.ndarray, "time batch embedding"]
)
"""Images, or embedded tokens."""


class Outputs(NamedTuple):
    """A network's outputs for one constant weight."""

    values: np.ndarray
    """float64 or longdouble [values]: the outputs, up to a positive factor that epsilon's
    normalisation drops.

    Of a recurrent network the first unit of the last layer, [time · batch], time first.
    """
    rounding: float
    """Estimated standard deviation of the rounding errors of `values`, over their spread."""
    float32_defined: bool
    """True if the published float32 network has an output here, neither constant nor infinite."""
    exact_ties: bool = True
    """True if equal outputs are equal in exact arithmetic, too, as those of dead ReLUs are."""


class EngineSession(ABC):
    """An engine with a minibatch in its own form; the only mutable part, one per process."""

    @abstractmethod
    def outputs(self, program: AnyProgram, weights: Sequence[float]) -> list[Outputs]:
        """Return the network's outputs for each constant in `weights`.

        Raises:
            ValueError: The engine cannot run this program on this minibatch, or a weight is not
                positive and finite.
        """


class Engine(ABC):
    """A way to run constant-weight networks."""

    name: str
    dtype: str
    """Precision of the maps; "auto" where `precisions` are several."""
    auto_num_architectures: int | None
    """Number of architectures that a run scores by default; None: the whole space."""

    @property
    def precisions(self) -> Sequence["Engine"]:
        """Engines of one precision each, coarse to fine, tried until a score is resolved."""
        return (self,)

    @property
    def kept_dtype(self) -> str:
        """Type in which normalised outputs are kept, "float32" or "float64"."""
        return self.dtype

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """What outputs depend on beside program, minibatch, weight and code, as for JSON."""

    @property
    @abstractmethod
    def code(self) -> Sequence[str]:
        """Modules whose code makes the outputs."""

    def prepare(self) -> None:
        """Does once, before work is spread, what every process would otherwise do for itself."""
        return

    @abstractmethod
    def open(self, inputs: Inputs) -> EngineSession:
        """Return a session that runs networks on `inputs`; their number of axes says which kind."""
