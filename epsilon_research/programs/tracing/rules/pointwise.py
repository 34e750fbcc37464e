"""Functions of one number at a time."""

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

import torch

from epsilon_research.programs.operations import (
    Activation,
    PReLU,
    ReLU,
)
from epsilon_research.programs.tracing.contents import Content, UnsupportedLayerError
from epsilon_research.programs.tracing.rules import arithmetic
from epsilon_research.programs.tracing.rules.arguments import activations
from epsilon_research.programs.tracing.weight_arithmetic import as_weights

if TYPE_CHECKING:
    from epsilon_research.programs.tracing.trace import Trace


def _function(kind: str, *parameters: float) -> Callable[..., Content]:
    def rule(trace: "Trace", input: Any, inplace: bool = False) -> Content:  # noqa: FBT001, FBT002
        return trace.pointwise(Activation(kind, parameters), activations(input))

    return rule


def relu(trace: "Trace", input: Any, inplace: bool = False) -> Content:  # noqa: FBT001, FBT002
    """Read `torch.nn.functional.relu`."""
    return trace.pointwise(ReLU(), activations(input))


def leaky_relu(
    trace: "Trace", input: Any, negative_slope: float = 0.01, inplace: bool = False  # noqa: FBT001, FBT002
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.leaky_relu`."""
    return trace.pointwise(Activation("leaky_relu", (float(negative_slope),)), activations(input))


def rrelu(
    trace: "Trace", input: Any, lower: float = 1 / 8, upper: float = 1 / 3,
    training: bool = False, inplace: bool = False,  # noqa: FBT001, FBT002
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.rrelu`."""
    _no_training(training=training)
    return leaky_relu(trace, input, (lower + upper) / 2)


def prelu(trace: "Trace", input: Any, weight: Any) -> Content:
    """Read `torch.nn.functional.prelu`, with the constant weight as the slope."""
    slope = as_weights(weight)
    x = activations(input)
    if slope.constant == 1 and slope.power == 1:
        # In order, so that channels of the tensor are channels of the value.
        place = trace.writer.append(PReLU(slope.numbers.numel()), trace.writer.in_order(x))
        return Content(place, x.shape)
    if slope.power == 0 and slope.constant is not None:
        return leaky_relu(trace, x, slope.constant)
    raise UnsupportedLayerError("slopes that differ between channels")


def _alpha(kind: str) -> Callable[..., Content]:
    def rule(
        trace: "Trace", input: Any, alpha: float = 1.0, inplace: bool = False  # noqa: FBT001, FBT002
    ) -> Content:  # fmt: skip
        return trace.pointwise(Activation(kind, (float(alpha),)), activations(input))

    return rule


def gelu(trace: "Trace", input: Any, approximate: str = "none") -> Content:
    """Read `torch.nn.functional.gelu`."""
    kind = "gelu" if approximate == "none" else "gelu_tanh"
    return trace.pointwise(Activation(kind), activations(input))


def softplus(trace: "Trace", input: Any, beta: float = 1.0, threshold: float = 20.0) -> Content:
    """Read `torch.nn.functional.softplus`."""
    return trace.pointwise(Activation("softplus", (float(beta), float(threshold))),
                           activations(input))  # fmt: skip


def hardtanh(
    trace: "Trace", input: Any, min_val: float = -1.0, max_val: float = 1.0,
    inplace: bool = False,  # noqa: FBT001, FBT002
) -> Content:  # fmt: skip
    """Read `torch.nn.functional.hardtanh`."""
    return arithmetic.clamp(trace, input, min_val, max_val)


def relu6(trace: "Trace", input: Any, inplace: bool = False) -> Content:  # noqa: FBT001, FBT002
    """Read `torch.nn.functional.relu6`."""
    return arithmetic.clamp(trace, input, 0.0, 6.0)


def logsigmoid(trace: "Trace", input: Any) -> Content:
    """Read `torch.nn.functional.logsigmoid`: −softplus(−x)."""
    return arithmetic.negative(trace, softplus(trace, arithmetic.negative(trace, input), 1.0, inf))


def tanhshrink(trace: "Trace", input: Any) -> Content:
    """Read `torch.nn.functional.tanhshrink`: x − tanh x."""
    x = activations(input)
    return arithmetic.sub(trace, x, trace.pointwise(Activation("tanh"), x))


def softshrink(trace: "Trace", input: Any, lambd: float = 0.5) -> Content:
    """Read `torch.nn.functional.softshrink`: x less its part between −lambd and lambd."""
    x = activations(input)
    return arithmetic.sub(trace, x, arithmetic.clamp(trace, x, -lambd, lambd))


def _no_training(*, training: bool) -> None:
    if training:
        raise UnsupportedLayerError("it is random while training")


def dropout(
    trace: "Trace", input: Any, p: float = 0.5, training: bool = True,  # noqa: FBT001, FBT002
    inplace: bool = False,  # noqa: FBT001, FBT002
) -> Any:  # fmt: skip
    """Read `torch.nn.functional.dropout` in evaluation mode."""
    if p:
        _no_training(training=training)
    return input


def glu(trace: "Trace", input: Any, dim: int = -1) -> Content:
    """Read `torch.nn.functional.glu`: the first half times the sigmoid of the second."""
    x = activations(input)
    halves = trace.writer.order_of(x).chunk(2, dim)
    first, second = (Content(x.place, tuple(half.shape), half) for half in halves)
    return arithmetic.mul(trace, first, trace.pointwise(Activation("sigmoid"), second))


def identity(trace: "Trace", input: Any, *args: Any, **kwargs: Any) -> Any:
    """Functions that leave their input as it is."""
    return input


def _converted(kind: torch.dtype | None) -> Callable[..., Any]:
    def rule(trace: "Trace", input: Any, *args: Any, **kwargs: Any) -> Any:
        types = [value for value in (kind, *args, *kwargs.values()) if _is_type(value)]
        if any(value not in (torch.float32, torch.float64) for value in types):
            raise UnsupportedLayerError(f"conversion to {types[0]} rounds")
        copies = kwargs.get("copy") is True or any(value != input.dtype for value in types)
        # PyTorch returns the same tensor where there is nothing to convert.
        return activations(input) if copies else input

    return rule


def _is_type(value: Any) -> bool:
    return isinstance(value, torch.dtype)


RULES = {
    "abs": _function("abs"),
    "absolute": _function("abs"),
    "alpha_dropout": dropout,
    "celu": _alpha("celu"),
    "double": _converted(torch.float64),
    "dropout": dropout,
    "dropout1d": dropout,
    "dropout2d": dropout,
    "dropout3d": dropout,
    "elu": _alpha("elu"),
    "exp": _function("exp"),
    "feature_alpha_dropout": dropout,
    "float": _converted(torch.float32),
    "gelu": gelu,
    "glu": glu,
    "hardsigmoid": _function("hardsigmoid"),
    "hardswish": _function("hardswish"),
    "hardtanh": hardtanh,
    "leaky_relu": leaky_relu,
    "log": _function("log"),
    "log_sigmoid": logsigmoid,
    "logsigmoid": logsigmoid,
    "mish": _function("mish"),
    "positive": identity,
    "prelu": prelu,
    "relu": relu,
    "relu6": relu6,
    "rrelu": rrelu,
    "selu": _function("selu"),
    "sigmoid": _function("sigmoid"),
    "silu": _function("silu"),
    "softplus": softplus,
    "softshrink": softshrink,
    "softsign": _function("softsign"),
    "tanh": _function("tanh"),
    "tanhshrink": tanhshrink,
    "to": _converted(None),
    "type": _converted(None),
}
