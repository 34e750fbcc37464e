"""Reads a program as an ordinary `torch.nn.Module`: the reference for every number."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import torch
from torch import nn

from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Input,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Truncate,
    Zero,
)
from epsilon_research.programs.program import Program


class _Function(nn.Module):
    """A stateless layer around a plain function of tensors."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self._function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self._function(*inputs)


def _sum(*inputs: torch.Tensor) -> torch.Tensor:
    # From left to right, as the published networks add, so that float32 rounds alike.
    return reduce(torch.add, inputs)


def _linear(op: Linear, input_channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(input_channels * op.pixels, op.features, bias=op.bias),
        nn.Unflatten(1, (op.features, 1, 1)),
    )


_MODULES: dict[type[Operation], Callable[[Any, int], nn.Module]] = {
    Input: lambda op, channels: nn.Identity(),
    # A product with zero, not fresh zeros: infinities become NaN as in the published networks.
    Zero: lambda op, channels: _Function(lambda x: x.mul(0.0)),
    Convolution: lambda op, channels: nn.Conv2d(
        channels, op.channels, op.kernel_size, op.stride, op.padding, bias=op.bias
    ),
    BatchNorm: lambda op, channels: nn.BatchNorm2d(channels, eps=op.eps, track_running_stats=False),
    ReLU: lambda op, channels: nn.ReLU(),
    AveragePool: lambda op, channels: nn.AvgPool2d(
        op.kernel_size, op.stride, op.padding, count_include_pad=op.count_include_pad
    ),
    MaxPool: lambda op, channels: nn.MaxPool2d(op.kernel_size, op.stride, op.padding),
    Add: lambda op, channels: _Function(_sum),
    Concatenate: lambda op, channels: _Function(lambda *x: torch.cat(x, dim=1)),
    Truncate: lambda op, channels: _Function(lambda x: x[:, : op.channels]),
    GlobalMean: lambda op, channels: nn.AdaptiveAvgPool2d(1),
    Linear: _linear,
}


class Network(nn.Module):
    """The network that a program describes, one module per layer, in the program's order."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program
        self._last_uses = program.last_uses
        self.layers = nn.ModuleList(
            _MODULES[type(layer.operation)](
                layer.operation,
                program.layers[layer.inputs[0]].channels if layer.inputs else layer.channels,
            )
            for layer in program.layers
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The last layer's value, (batch, channels, height, width), for images of that form."""
        values: dict[int, torch.Tensor] = {}
        for position, (layer, module) in enumerate(
            zip(self._program.layers, self.layers, strict=True)
        ):
            arguments = [values[source] for source in layer.inputs] or [images]
            values[position] = module(*arguments)
            for source in set(layer.inputs):
                if self._last_uses[source] == position:
                    del values[source]
        return values[len(self.layers) - 1]


def to_torch(program: Program) -> Network:
    """The ordinary PyTorch network of `program`, with PyTorch's own default initialisation."""
    return Network(program)
