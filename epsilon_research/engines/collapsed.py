"""The exact collapse as an engine: one map per channel group, with a carried exponent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from epsilon_research.checks import check_choice, check_integer
from epsilon_research.collapse import RecurrentWorkspace, Workspace, open_workspace, run
from epsilon_research.collapse.execute import execute
from epsilon_research.collapse.recurrent_kernels import run_layers
from epsilon_research.compiled import is_kept
from epsilon_research.engines.base import Engine, EngineSession, Inputs, Outputs
from epsilon_research.programs import AnyProgram, ProgramBuilder
from epsilon_research.programs.operations import Convolution, GlobalMean
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation, RecurrentProgram

AUTO = "auto"
_DTYPES = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True, slots=True, kw_only=True)
class CollapsedEngine(Engine):
    """Runs the plan of a program instead of its network.

    Args:
        dtype: Precision of the maps; statistics are summed in float64 either way. "auto" tries
            float32 and computes again in float64 what float32 does not resolve. Recurrent networks
            always run in float64, since their float32 scores are often rounding noise; of them
            the dtype is that in which outputs are kept.
        auto_num_architectures: How many architectures a run scores by default; null: all.
    """

    dtype: str = AUTO
    auto_num_architectures: int | None = None
    name: str = "collapsed"

    def __post_init__(self) -> None:
        check_choice("engine.dtype", self.dtype, (AUTO, *_DTYPES))
        size = "engine.auto_num_architectures"
        check_integer(size, self.auto_num_architectures, at_least=1, example=200, or_null=True)

    @property
    def precisions(self) -> Sequence[Engine]:
        """See `Engine`."""
        if self.dtype != AUTO:
            return (self,)
        return tuple(replace(self, dtype=dtype) for dtype in _DTYPES)

    @property
    def identity(self) -> Mapping[str, Any]:
        """See `Engine`."""
        return {"name": self.name, "dtype": self.dtype}

    @property
    def code(self) -> Sequence[str]:
        """See `Engine`."""
        return (__name__, "epsilon_research.collapse", "epsilon_research.programs")

    def prepare(self) -> None:
        """Compile the kernels, which takes half a minute the first time, for all later processes.

        If they are on disk, nothing is loaded: a run that finds its scores needs no kernels.
        """
        if is_kept(execute, num_forms=len(_DTYPES)) and is_kept(run_layers, num_forms=2):
            return
        builder = ProgramBuilder(input_channels=1)
        builder.append(GlobalMean(), builder.append(Convolution(1, 3, padding=1), builder.input))
        images = np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2)
        for engine in self.precisions:
            engine.open(images).outputs(builder.build(), [1.0])
        node = CellNode(CellOperation.TANH, (1,))
        recurrent = RecurrentProgram(Cell(1, (node,), (2,)), 1, (1,), 1)
        self.open(np.ones((1, 1, 1))).outputs(recurrent, [1.0])

    def open(self, inputs: Inputs) -> "CollapsedSession":
        """See `Engine`; the first of `precisions` where there are several."""
        dtype = self.precisions[0].dtype
        return CollapsedSession(open_workspace(inputs, dtype=_DTYPES[dtype]))


class CollapsedSession(EngineSession):
    """A minibatch in the executor's layout."""

    def __init__(self, workspace: Workspace | RecurrentWorkspace) -> None:
        self._workspace = workspace

    def outputs(self, program: AnyProgram, weights: Sequence[float]) -> list[Outputs]:
        """See `EngineSession`; a disconnected image network outputs zeros."""
        return [Outputs(*output) for output in run(program, self._workspace, weights=weights)]
