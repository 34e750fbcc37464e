"""The collapse in 80-bit arithmetic as an engine: a second opinion on the last digits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.checks import check_integer
from epsilon_research.collapse import check_extended, lower, open_workspace, run, run_extended
from epsilon_research.engines.base import Engine, EngineSession, Inputs, Outputs
from epsilon_research.programs import AnyProgram

_EXTENDED_OVER_FLOAT64 = 2.0**-11
"""Unit roundoff of 64 significant bits over that of 53."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedEngine(Engine):
    """Runs plans with NumPy in `numpy.longdouble`, some hundred times slower than the collapse.

    Args:
        auto_num_architectures: Size of the seeded sample that a run scores by default.
    """

    auto_num_architectures: int | None = 20
    name: str = "extended"
    dtype: str = "extended"

    def __post_init__(self) -> None:
        size = "engine.auto_num_architectures"
        check_integer(size, self.auto_num_architectures, at_least=1, example=200, or_null=True)

    @property
    def kept_dtype(self) -> str:
        """See `Engine`."""
        return "float64"

    @property
    def identity(self) -> Mapping[str, Any]:
        """See `Engine`."""
        return {"name": self.name, "numpy": np.__version__}

    @property
    def code(self) -> Sequence[str]:
        """See `Engine`."""
        return (__name__, "epsilon_research.collapse", "epsilon_research.programs")

    def prepare(self) -> None:
        """Refuse a machine without extended precision before any work."""
        check_extended()

    def open(self, inputs: Inputs) -> "ExtendedSession":
        """See `Engine`."""
        return ExtendedSession(inputs)


class ExtendedSession(EngineSession):
    """Hold a minibatch for passes in 80-bit arithmetic."""

    def __init__(self, inputs: np.ndarray) -> None:
        self._inputs = inputs
        self._workspace = open_workspace(inputs, dtype=np.float64)

    def outputs(self, program: AnyProgram, weights: Sequence[float]) -> list[Outputs]:
        """See `EngineSession`; the float64 collapse says what float32 would have kept."""
        collapsed = run(program, self._workspace, weights=weights)
        height, width = self._inputs.shape[-2:]
        plan = lower(program, height=height, width=width)
        if not plan.connected:
            return [Outputs(*output) for output in collapsed]
        return [
            Outputs(
                run_extended(plan, self._inputs, weight=weight),
                output.rounding * _EXTENDED_OVER_FLOAT64,
                output.float32_defined,
                output.exact_ties,
            )
            for weight, output in zip(weights, collapsed, strict=True)
        ]
