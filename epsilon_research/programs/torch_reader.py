"""Reads a program as an ordinary `torch.nn.Module`: the reference for every number."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from epsilon_research.programs.operations import (
    Activation,
    AdaptiveMaxPool,
    Add,
    Affine,
    AveragePool,
    BatchNorm,
    Broadcast,
    ChannelMaximum,
    ChannelMean,
    ChannelNorm,
    Concatenate,
    Convolution,
    Divide,
    GlobalMean,
    GroupNorm,
    Input,
    Linear,
    LocalResponseNorm,
    Maximum,
    MaxPool,
    Multiply,
    Operation,
    Pad,
    PReLU,
    Rearrange,
    ReLU,
    ShuffleChannels,
    Softmax,
    SpatialLinear,
    TransposedConvolution,
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


def _numbers(numbers: float | Sequence[float] | Sequence[Sequence[float]]) -> torch.Tensor:
    """Numbers of an operation in float64, also while a network is built on no device."""
    return torch.tensor(numbers, dtype=torch.float64, device="cpu")


class _ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of a map."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input.movedim(1, -1)).movedim(-1, 1)


class _Affine(nn.Module):
    """`Affine`, with the constant weight as a parameter where a power of it is read."""

    weight: torch.Tensor

    def __init__(self, op: Affine) -> None:
        super().__init__()
        self._power, self._offset_power = op.power, op.offset_power
        # No buffers: the state of a network holds parameters as trained ones have them.
        self._factor, self._offset = (
            _numbers(numbers).reshape(-1, 1, 1) for numbers in (op.factor, op.offset)
        )
        if op.reads_weight:
            self.weight = nn.Parameter(torch.ones(()))

    def reset_parameters(self) -> None:
        """Set initial parameters as PyTorch's layers do, after a build without numbers."""
        nn.init.ones_(self.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        factor, offset = self._factor.to(x), self._offset.to(x)
        if self._power:
            factor = factor * self.weight**self._power
        if self._offset_power:
            offset = offset * self.weight**self._offset_power
        return x * factor + offset


def _spatial_linear(op: SpatialLinear) -> nn.Module:
    rows, columns = _numbers(op.rows), _numbers(op.columns)
    return _Function(lambda x: rows.to(x) @ x @ columns.to(x).T)


def _rearrange(op: Rearrange) -> nn.Module:
    index = torch.from_numpy(op.index.astype("int64")).flatten()
    return _Function(lambda x: x.flatten(1)[:, index.to(x.device)].unflatten(1, op.output))


def _softmax(op: Softmax) -> nn.Module:
    function = functional.log_softmax if op.log else functional.softmax

    def forward(x: torch.Tensor) -> torch.Tensor:
        return function(x.unflatten(1, (op.groups, -1)), dim=2).flatten(1, 2)

    return _Function(forward)


_ACTIVATIONS: dict[str, Callable[..., torch.Tensor]] = {
    "abs": torch.abs,
    "celu": functional.celu,
    "clamp": torch.clamp,
    "elu": functional.elu,
    "exp": torch.exp,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "hardsigmoid": functional.hardsigmoid,
    "hardswish": functional.hardswish,
    "leaky_relu": functional.leaky_relu,
    "log": torch.log,
    "mish": functional.mish,
    "power": torch.pow,
    "selu": functional.selu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "tanh": torch.tanh,
}


def _activation(op: Activation) -> nn.Module:
    function = _ACTIVATIONS[op.kind]
    return _Function(lambda x: function(x, *op.parameters))


_MODULES: dict[type[Operation], Callable[[Any, int], nn.Module]] = {
    Input: lambda op, channels: nn.Identity(),
    # A product with zero, not fresh zeros: infinities become NaN as in the published networks.
    Zero: lambda op, channels: _Function(lambda x: x.mul(0.0)),
    Convolution: lambda op, channels: nn.Conv2d(
        channels,
        op.channels,
        op.kernel_size,
        op.stride,
        op.padding,
        op.dilation,
        op.groups,
        bias=op.bias,
    ),
    TransposedConvolution: lambda op, channels: nn.ConvTranspose2d(
        channels,
        op.channels,
        op.kernel_size,
        op.stride,
        op.padding,
        op.output_padding,
        op.groups,
        bias=op.bias,
        dilation=op.dilation,
    ),
    BatchNorm: lambda op, channels: nn.BatchNorm2d(
        channels, eps=op.eps, affine=op.affine, track_running_stats=False
    ),
    GroupNorm: lambda op, channels: nn.GroupNorm(op.groups, channels, eps=op.eps, affine=op.affine),
    ChannelNorm: lambda op, channels: _ChannelNorm(
        channels, eps=op.eps, elementwise_affine=op.affine
    ),
    LocalResponseNorm: lambda op, channels: nn.LocalResponseNorm(op.size, op.alpha, op.beta, op.k),
    Softmax: lambda op, channels: _softmax(op),
    ReLU: lambda op, channels: nn.ReLU(),
    PReLU: lambda op, channels: nn.PReLU(op.num_parameters),
    Activation: lambda op, channels: _activation(op),
    Affine: lambda op, channels: _Affine(op),
    AveragePool: lambda op, channels: nn.AvgPool2d(
        op.kernel_size, op.stride, op.padding, op.ceil_mode, op.count_include_pad
    ),
    MaxPool: lambda op, channels: nn.MaxPool2d(
        op.kernel_size, op.stride, op.padding, op.dilation, ceil_mode=op.ceil_mode
    ),
    AdaptiveMaxPool: lambda op, channels: nn.AdaptiveMaxPool2d(op.size),
    SpatialLinear: lambda op, channels: _spatial_linear(op),
    Pad: lambda op, channels: nn.ZeroPad2d((op.left, op.right, op.top, op.bottom)),
    Add: lambda op, channels: _Function(_sum),
    Multiply: lambda op, channels: _Function(torch.mul),
    Divide: lambda op, channels: _Function(torch.div),
    Maximum: lambda op, channels: _Function(torch.maximum),
    Concatenate: lambda op, channels: _Function(lambda *x: torch.cat(x, dim=1)),
    Truncate: lambda op, channels: _Function(lambda x: x[:, : op.channels]),
    ShuffleChannels: lambda op, channels: nn.ChannelShuffle(op.groups),
    Rearrange: lambda op, channels: _rearrange(op),
    Broadcast: lambda op, channels: _Function(lambda x, like: x.expand_as(like)),
    ChannelMean: lambda op, channels: _Function(lambda x: x.mean(dim=1, keepdim=True)),
    ChannelMaximum: lambda op, channels: _Function(lambda x: x.amax(dim=1, keepdim=True)),
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
