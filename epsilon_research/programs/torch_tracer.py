"""Reads a user's `torch.nn.Module` as a program, where all of its layers have a meaning there."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import fx, nn
from torch.nn import functional

from epsilon_research.programs.counters import layer_sizes
from epsilon_research.programs.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Linear,
    MaxPool,
    Operation,
    ReLU,
)
from epsilon_research.programs.program import Program, ProgramBuilder


class UnsupportedLayerError(ValueError):
    """A network has a layer that no program can express; caught to fall back to PyTorch."""


def from_torch(network: nn.Module, *, channels: int, height: int, width: int) -> Program:
    """The program of `network` for images of the given size.

    Dropout counts as absent and batch norm uses the statistics of the minibatch, as epsilon
    evaluates networks.

    Raises:
        UnsupportedLayerError: Names the first layer that a program cannot express.
    """
    try:
        graph = fx.symbolic_trace(network).graph
    except Exception as error:
        # Whatever a user's forward raises when it meets fx's proxies: all mean the same here.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UnsupportedLayerError(
            f"the network must be traceable by torch.fx, got {type(network).__name__}: {reason}"
        ) from error
    reader = _Reader(network, channels=channels, height=height, width=width)
    for node in graph.nodes:
        reader.read(node)
    return reader.builder.build()


def _same(value: Any, what: str) -> int:
    """One number for both axes."""
    values = set(value) if isinstance(value, tuple | list) else {value}
    if len(values) != 1 or not isinstance(next(iter(values)), int):
        raise UnsupportedLayerError(f"{what} must be one number for both axes, got {value}")
    return next(iter(values))


def _require(*, holds: bool, what: str) -> None:
    if not holds:
        raise UnsupportedLayerError(what)


def _convolution(module: nn.Conv2d) -> Operation:
    _require(holds=module.groups == 1, what=f"groups must be 1, got {module.groups}")
    _require(holds=_same(module.dilation, "dilation") == 1, what="dilation must be 1")
    _require(holds=module.padding_mode == "zeros", what="padding_mode must be zeros")
    kernel_size = _same(module.kernel_size, "kernel_size")
    if module.padding == "same":
        _require(holds=kernel_size % 2 == 1, what="padding='same' needs an odd kernel")
        padding = kernel_size // 2
    else:
        padding = 0 if module.padding == "valid" else _same(module.padding, "padding")
    stride = _same(module.stride, "stride")
    bias = module.bias is not None
    return Convolution(module.out_channels, kernel_size, stride, padding, bias=bias)


def _batch_norm(module: nn.BatchNorm2d | nn.BatchNorm1d) -> Operation:
    _require(holds=module.affine, what="batch norm must have a scale (affine=True)")
    return BatchNorm(module.eps)


def _max_pool(module: nn.MaxPool2d) -> Operation:
    plain = not (module.ceil_mode or module.return_indices) and module.dilation in (1, (1, 1))
    _require(holds=plain, what="max pooling must have no ceil_mode, dilation or indices")
    kernel_size = _same(module.kernel_size, "kernel_size")
    return MaxPool(kernel_size, _same(module.stride, "stride"), _same(module.padding, "padding"))


def _average_pool(module: nn.AvgPool2d) -> Operation:
    plain = not module.ceil_mode and module.divisor_override is None
    _require(holds=plain, what="average pooling must have no ceil_mode or divisor_override")
    return AveragePool(
        _same(module.kernel_size, "kernel_size"),
        stride=_same(module.stride, "stride"),
        padding=_same(module.padding, "padding"),
        count_include_pad=module.count_include_pad,
    )


def _adaptive_pool(module: nn.AdaptiveAvgPool2d) -> Operation:
    size = module.output_size
    _require(holds=size in (1, (1, 1)), what=f"adaptive pooling must give one pixel, got {size}")
    return GlobalMean()


_MODULES: dict[type[nn.Module], Callable[[Any], Operation]] = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.BatchNorm1d: _batch_norm,
    nn.ReLU: lambda module: ReLU(),
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: _adaptive_pool,
}
_TRANSPARENT = (nn.Identity, nn.Dropout, nn.Dropout2d)


def _max_pool_arguments(
    kernel_size: Any, stride: Any = None, padding: Any = 0, **more: Any
) -> Operation:
    return _max_pool(nn.MaxPool2d(kernel_size, stride, padding, **more))


def _average_pool_arguments(
    kernel_size: Any, stride: Any = None, padding: Any = 0, *rest: Any, **more: Any
) -> Operation:
    return _average_pool(nn.AvgPool2d(kernel_size, stride, padding, *rest, **more))


def _mean_arguments(dim: Any = None, keepdim: bool = False) -> Operation:  # noqa: FBT001, FBT002
    both = isinstance(dim, tuple | list) and sorted(axis % 4 for axis in dim) == [2, 3]
    _require(holds=both, what=f"a mean must be over both spatial axes, got {dim}")
    return GlobalMean()


_FUNCTIONS: dict[Any, Callable[..., Operation]] = {
    torch.relu: lambda: ReLU(),
    functional.relu: lambda inplace=False: ReLU(),
    "relu": lambda: ReLU(),
    functional.max_pool2d: _max_pool_arguments,
    functional.avg_pool2d: _average_pool_arguments,
    functional.adaptive_avg_pool2d: lambda size: _adaptive_pool(nn.AdaptiveAvgPool2d(size)),
    torch.mean: _mean_arguments,
    "mean": _mean_arguments,
}
_ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_")
_CONCATENATIONS = (torch.cat, torch.concat)
_FLATTENINGS = (torch.flatten, "flatten", "view", "reshape")


class _Reader:
    """Appends a layer for each node of a traced graph."""

    def __init__(self, network: nn.Module, *, channels: int, height: int, width: int) -> None:
        self.builder = ProgramBuilder(input_channels=channels)
        self._modules = dict(network.named_modules())
        self._places: dict[fx.Node, int] = {}
        self._size = (height, width)

    def read(self, node: fx.Node) -> None:
        """Reads one node; `node.name` is how an error names it."""
        try:
            place = self._read(node)
        except UnsupportedLayerError as error:
            raise UnsupportedLayerError(f"{self._name(node)}: {error}") from error
        except (TypeError, KeyError) as error:
            raise UnsupportedLayerError(
                f"{self._name(node)}: cannot be written as a program ({error})"
            ) from error
        if place is not None:
            self._places[node] = place

    def _name(self, node: fx.Node) -> str:
        if node.op == "call_module":
            module = self._modules[str(node.target)]
            return f"layer {node.target} ({type(module).__name__})"
        return f"operation {node.name}"

    def _read(self, node: fx.Node) -> int | None:
        if node.op == "placeholder":
            _require(holds=not self._places, what="a network must have one input")
            return self.builder.input
        if node.op == "output":
            (result,) = node.args
            _require(holds=isinstance(result, fx.Node), what="a network must have one output")
            place = self._place(result)
            # The output is the last layer; a sum of one term moves an earlier one there.
            return place if place == len(self.builder) - 1 else self.builder.append(Add(), place)
        if node.op == "call_module":
            return self._read_module(self._modules[str(node.target)], node)
        if node.op in ("call_function", "call_method"):
            return self._read_function(node)
        raise UnsupportedLayerError("parameters used outside layers have no meaning in a program")

    def _place(self, argument: Any) -> int:
        if argument not in self._places:
            raise UnsupportedLayerError(f"its input {argument} is not the value of a layer")
        return self._places[argument]

    def _read_module(self, module: nn.Module, node: fx.Node) -> int | None:
        source = self._place(node.args[0])
        if isinstance(module, nn.Flatten):
            _require(holds=module.start_dim == 1, what="flatten must keep the batch axis")
            return source
        if isinstance(module, _TRANSPARENT):
            return source
        if type(module) is nn.Linear:
            return self._linear(module, source)
        if type(module) not in _MODULES:
            supported = ", ".join(sorted(kind.__name__ for kind in _MODULES))
            raise UnsupportedLayerError(
                f"not among the layers that can be collapsed ({supported}, Linear, Flatten)"
            )
        return self.builder.append(_MODULES[type(module)](module), source)

    def _linear(self, module: nn.Linear, source: int) -> int:
        rows, columns = layer_sizes(
            self.builder.build(), height=self._size[0], width=self._size[1]
        )[source]
        expected = self.builder.channels(source) * rows * columns
        _require(
            holds=module.in_features == expected,
            what=f"must see {module.in_features} numbers per sample, sees {expected}",
        )
        bias = module.bias is not None
        operation = Linear(module.out_features, pixels=rows * columns, bias=bias)
        return self.builder.append(operation, source)

    def _read_function(self, node: fx.Node) -> int | None:
        target = node.target
        if target in _ADDITIONS:
            _require(holds=node.kwargs.get("alpha") in (None, 1), what="add must have alpha=1")
            return self.builder.append(Add(), *(self._place(term) for term in node.args))
        if target in _CONCATENATIONS:
            return self._concatenate(*cast("Any", node.args), **cast("Any", node.kwargs))
        if target in _FLATTENINGS:
            return self._place(node.args[0])
        if target in ("size", getattr):
            return None
        if target in _FUNCTIONS:
            operation = _FUNCTIONS[target](*node.args[1:], **node.kwargs)
            return self.builder.append(operation, self._place(node.args[0]))
        name = getattr(target, "__name__", str(target))
        raise UnsupportedLayerError(f"the function {name} cannot be collapsed")

    def _concatenate(self, terms: Sequence[Any], dim: int = 0) -> int:
        _require(holds=dim in (1, -3), what=f"concatenation must be along channels, got {dim}")
        return self.builder.append(Concatenate(), *(self._place(term) for term in terms))
