"""The exact collapse as an engine: one map per channel group, with a carried exponent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from epsilon_research.collapse import Workspace, lower
from epsilon_research.engines.base import Engine, EngineSession, Outputs
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import Convolution, GlobalMean

_DTYPES = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollapsedEngine(Engine):
    """Runs the plan of a program instead of its network.

    Args:
        dtype: Precision of the maps; statistics are summed in float64 either way. "float32" agrees
            with the reference in float64 to about six digits.
        auto_num_architectures: How many architectures a run scores by default; null: all.
    """

    dtype: str = "float32"
    auto_num_architectures: int | None = None
    name: str = "collapsed"

    def __post_init__(self) -> None:
        if self.dtype not in _DTYPES:
            raise ValueError(f"engine.dtype must be one of {', '.join(_DTYPES)}, got {self.dtype}")

    def prepare(self) -> None:
        """Compiles the kernels, which takes some ten seconds the first time, and caches them."""
        builder = ProgramBuilder(input_channels=1)
        builder.append(GlobalMean(), builder.append(Convolution(1, 3, padding=1), builder.input))
        images = np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2)
        self.open(images).outputs(builder.build(), [1.0])

    def open(
        self, images: Float32[np.ndarray, "batch channels height width"]
    ) -> "CollapsedSession":
        """See `Engine`."""
        return CollapsedSession(Workspace(images, dtype=_DTYPES[self.dtype]))


class CollapsedSession(EngineSession):
    """A minibatch in the executor's layout."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def outputs(self, program: Program, weights: Sequence[float]) -> list[Outputs]:
        """See `EngineSession`; a disconnected network outputs zeros."""
        workspace = self._workspace
        plan = lower(program, height=workspace.height, width=workspace.width)
        if not plan.connected:
            zeros = np.zeros(workspace.batch_size)
            return [Outputs(values=zeros, float32_defined=False) for _ in weights]
        return [Outputs(*output) for output in workspace.run(plan, weights=weights)]
