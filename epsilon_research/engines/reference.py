"""The ordinary PyTorch network: slow, and the reference for every number."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from epsilon_research.checks import check_choice, check_integer
from epsilon_research.collapse import (
    AnyWorkspace,
    CollapsedOutput,
    has_spread,
    open_workspace,
    over_spread,
    run,
)
from epsilon_research.engines.base import Engine, EngineSession, Inputs, Outputs
from epsilon_research.programs import AnyProgram, RecurrentProgram

if TYPE_CHECKING:
    import torch
    from torch import nn

    from epsilon_research.programs.recurrent_torch import RecurrentNetwork

_DTYPES = {"float32": np.float32, "float64": np.float64}

_ERROR_PER_CHANNEL = 0.05
"""Rounding error of a network over that of its collapse in the same precision, for each channel of
its widest layer: equal products that are added up err alike. Seen on networks of 64 channels
(NAS-Bench-201) and of 512 (NAS-Bench-101)."""


def network_outputs(network: "nn.Module", inputs: "torch.Tensor") -> np.ndarray:
    """All outputs of `network` on `inputs` as one flat array of the network's own precision."""
    import torch

    with torch.inference_mode():
        return network(inputs).flatten().cpu().numpy()


def recurrent_outputs(
    network: "RecurrentNetwork", inputs: "torch.Tensor", weight: float
) -> np.ndarray:
    """Return the last layer's first unit at every step and sample, flat, time first.

    Every weight, every bias and the initial state are `weight`, as the paper sets them.
    """
    import torch

    with torch.inference_mode():
        for parameter in network.parameters():
            parameter.fill_(weight)
        return network.eval()(inputs, initial_state=weight)[:, :, 0].flatten().cpu().numpy()


def is_defined(outputs: np.ndarray) -> bool:
    """Return whether outputs are finite and not all the same, as epsilon's normalisation needs."""
    return has_spread(outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceEngine(Engine):
    """Builds the `torch.nn.Module` of a program and runs it, one thread per process.

    Args:
        dtype: "float32" as published, or "float64".
        device: Any PyTorch device. Devices other than "cpu" are untested.
        auto_num_architectures: Size of the seeded sample that a run scores by default, since a
            network takes some seconds with 256 images.
    """

    dtype: str = "float32"
    device: str = "cpu"
    auto_num_architectures: int | None = 200
    name: str = "reference"

    def __post_init__(self) -> None:
        check_choice("engine.dtype", self.dtype, _DTYPES)
        size = "engine.auto_num_architectures"
        check_integer(size, self.auto_num_architectures, at_least=1, example=200, or_null=True)

    @property
    def identity(self) -> Mapping[str, Any]:
        """See `Engine`; PyTorch's kernels change between versions and devices."""
        made_by = {"device": self.device, "torch": version("torch")}
        return {"name": self.name, "dtype": self.dtype} | made_by

    @property
    def code(self) -> Sequence[str]:
        """See `Engine`; the collapse says what float32 would have kept."""
        return (__name__, "epsilon_research.collapse", "epsilon_research.programs")

    def prepare(self) -> None:
        """Fails before any work if the device does not exist here."""
        self.open(np.zeros((2, 1, 1, 1), np.float32))

    def open(self, inputs: Inputs) -> "ReferenceSession":
        """See `Engine`.

        Raises:
            ValueError: The device does not exist here.
        """
        return ReferenceSession(inputs, dtype=self.dtype, device=self.device)


class ReferenceSession(EngineSession):
    """A minibatch on a device."""

    def __init__(self, inputs: np.ndarray, *, dtype: str, device: str) -> None:
        import torch

        # One thread whatever the number of processes, so that sums are always rounded alike.
        torch.set_num_threads(1)
        self._dtype = getattr(torch, dtype)
        self._kind = _DTYPES[dtype]
        self._minibatch = inputs
        self._workspace: AnyWorkspace | None = None
        try:
            self._device = torch.device(device)
            self._inputs = torch.from_numpy(np.array(inputs)).to(self._device, self._dtype)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"engine.device must be a device that PyTorch finds here, got {device!r} "
                f"({reason}): use engine.device=cpu"
            ) from error

    def outputs(self, program: AnyProgram, weights: Sequence[float]) -> list[Outputs]:
        """See `EngineSession`.

        The collapse estimates rounding errors and, where the network runs in float64, whether
        float32 would have kept its outputs.
        """
        if isinstance(program, RecurrentProgram) != (self._minibatch.ndim == 3):
            raise ValueError(
                f"the minibatch must be of the kind that the network takes, got "
                f"{self._minibatch.ndim} axes for a {type(program).__name__}: choose a dataset "
                "that suits the search space"
            )
        run_network = self._reader(program)
        if self._workspace is None:
            self._workspace = open_workspace(self._minibatch, dtype=self._kind)
        collapsed = run(program, self._workspace, weights=weights)
        growth = max(_ERROR_PER_CHANNEL * _width(program), 1.0)
        return [
            self._with_facts(run_network(weight), output, growth)
            for weight, output in zip(weights, collapsed, strict=True)
        ]

    def _with_facts(self, values: np.ndarray, collapsed: CollapsedOutput, growth: float) -> Outputs:
        single = self._kind is np.float32
        defined = is_defined(values) if single else collapsed.float32_defined
        # Results below the normal numbers are rounded to the smallest subnormal one.
        least = over_spread(float(np.finfo(self._kind).smallest_subnormal), values)
        rounding = math.hypot(growth * collapsed.rounding, least)
        return Outputs(values.astype(np.float64), rounding, defined, collapsed.exact_ties)

    def _reader(self, program: AnyProgram) -> Callable[[float], np.ndarray]:
        """The network's flat outputs for a weight, in its own precision."""
        if isinstance(program, RecurrentProgram):
            from epsilon_research.programs import recurrent_torch

            recurrent = recurrent_torch.to_torch(program).to(self._device, self._dtype)
            return lambda weight: recurrent_outputs(recurrent, self._inputs, weight)
        from epsilon_research.programs.constant_weights import set_constants
        from epsilon_research.programs.torch_reader import to_torch

        network = to_torch(program).to(self._device, self._dtype)

        def outputs(weight: float) -> np.ndarray:
            set_constants(network, weight)
            return network_outputs(network, self._inputs)

        return outputs


def _width(program: AnyProgram) -> int:
    """Channels or units of the widest layer."""
    if isinstance(program, RecurrentProgram):
        return max(max(sizes) for sizes in program.layer_sizes)
    return max(layer.channels for layer in program.layers)
