"""Sends a symbolic minibatch through a network and writes down what it does."""

from collections.abc import Callable, Sequence
from functools import cache
from inspect import signature
from typing import Any

import torch
from torch import nn

from epsilon_research.programs.constant_weights import BY_NAME, KEPT, WEIGHT, evaluation_copy
from epsilon_research.programs.network_output import NetworkError, select_output
from epsilon_research.programs.operations import Add
from epsilon_research.programs.program import Program
from epsilon_research.programs.tracing import moves
from epsilon_research.programs.tracing.contents import (
    BATCH,
    Content,
    Memory,
    UnsupportedLayerError,
    Writer,
)
from epsilon_research.programs.tracing.rules import RULES, SHAPED
from epsilon_research.programs.tracing.symbolic import Traced, Weights, content_of
from epsilon_research.programs.tracing.weight_arithmetic import weights_of_function

_ATTRIBUTES = {"device": torch.device("cpu"), "is_meta": False, "is_cuda": False}
"""What a traced tensor says of itself instead of what a meta tensor says."""

_NO_TENSOR = frozenset(
    (  # noqa: SIM905  # as in `moves.py`
        "__len__ __hash__ __repr__ dim dtype element_size get_device is_complex is_contiguous "
        "is_floating_point is_inference is_leaf is_nested is_nonzero is_signed is_sparse layout "
        "names ndim ndimension nelement numel register_hook requires_grad requires_grad_ "
        "retain_grad shape size storage_offset stride"
    ).split()
)


def from_torch(
    network: nn.Module,
    *,
    channels: int,
    height: int,
    width: int,
    output: int | str | None = None,
    parameters: str = BY_NAME,
) -> Program:
    """The program of `network` for images of the given size.

    Dropout counts as absent and batch norm uses the statistics of the minibatch, as epsilon
    evaluates networks. Which parameters become the constant weight says `constant_weights.py`.

    Args:
        network: Any module that takes one tensor of images; left as it is.
        channels: Channels of the images.
        height: Height of the images in pixels.
        width: Width of the images in pixels.
        output: Which of several outputs, see `select_output`.
        parameters: One of `constant_weights.PARAMETERS`.

    Raises:
        UnsupportedLayerError: Names every layer and function that a program cannot express.
        NetworkError: The network cannot be copied, or has no such output.
    """
    trace = Trace(channels=channels, height=height, width=width)
    try:
        duplicate = evaluation_copy(network, trace.parameter, parameters=parameters)
        trace.name_modules(duplicate)
        with torch.no_grad():
            outputs = duplicate(trace.images)
    except NetworkError:
        raise
    except Exception as error:
        # Whatever the forward of a network raises on tensors without numbers: all mean the same.
        raise trace.failure(error) from error
    finally:
        trace.close()
    return trace.program(select_output(outputs, output=output))


class Trace:
    """One pass of a symbolic minibatch."""

    def __init__(self, *, channels: int, height: int, width: int) -> None:
        self.writer = Writer(channels=channels, height=height, width=width)
        self.unsupported: dict[str, str] = {}
        shape = (BATCH, channels, height, width)
        self.images = self._wrap(torch.empty(shape, device="meta"), Content(0, shape))
        self._module: list[str] = []
        self._handles: list[Any] = []

    def parameter(self, parameter: torch.Tensor, role: str) -> torch.Tensor:
        """Return the numbers of a parameter of the network: known ones times a power of w."""
        if role == KEPT:
            if parameter.device.type == "meta":
                return Traced.of(parameter.detach(), None, self.dispatch)
            return parameter.detach().to("cpu", copy=True)
        number = torch.tensor(1.0 if role == WEIGHT else 0.0, dtype=torch.float64)
        weights = Weights(number.expand(parameter.shape), power=int(role == WEIGHT))
        shape_of = torch.empty(parameter.shape, dtype=parameter.dtype, device="meta")
        return Traced.of(shape_of, weights, self.dispatch)

    def name_modules(self, network: nn.Module) -> None:
        """Lets errors name the innermost module that is running."""
        for name, module in network.named_modules():
            if not name:
                continue
            label = f"{name} ({type(module).__name__})"
            enter = module.register_forward_pre_hook(
                lambda _module, _inputs, label=label: self._module.append(label), prepend=True
            )
            leave = module.register_forward_hook(
                lambda _module, _inputs, _output: self._leave(), always_call=True
            )
            self._handles += [enter, leave]

    def _leave(self) -> None:
        self._module.pop()

    def close(self) -> None:
        """Takes the hooks away again, which may be shared with the network itself."""
        for handle in self._handles:
            handle.remove()

    def failure(self, error: Exception) -> UnsupportedLayerError:
        """One error that lists what was unsupported, or says what went wrong."""
        reason = (str(error) or type(error).__name__).splitlines()[0]
        place = f"layer {self._module[-1]}: " if self._module else ""
        found = [*self.unsupported.values(), f"{place}{reason}"]
        return UnsupportedLayerError("; ".join(dict.fromkeys(found)))

    def program(self, output: Any) -> Program:
        """The program whose last layer is `output`.

        Raises:
            UnsupportedLayerError: Something was unsupported, or the output is unknown.
        """
        if self.unsupported:
            raise UnsupportedLayerError("; ".join(self.unsupported.values()))
        if not isinstance(output, Traced) or not isinstance(output.meaning, Memory):
            raise UnsupportedLayerError("the output must depend on the images")
        content = content_of(output)
        if content.shape[:1] != (BATCH,):
            raise UnsupportedLayerError(
                f"the first axis of the output must be the batch, got shape {content.shape}"
            )
        builder = self.writer.builder
        place = self.writer.in_order(content)
        if place != len(builder) - 1:
            # The output is the last layer; a sum of one term moves an earlier one there.
            builder.append(Add(), place)
        return builder.build()

    def _wrap(self, meta: torch.Tensor, content: "Content | Weights | None") -> Traced:
        meaning = Memory(content) if isinstance(content, Content) else content
        return Traced.of(meta, meaning, self.dispatch)

    # Dispatch

    def dispatch(self, func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Return the result of a function of PyTorch for tensors of which some are traced."""
        name = function_name(func)
        if name in _ATTRIBUTES and getattr(func, "__name__", "") == "__get__":
            return _ATTRIBUTES[name]
        with torch._C.DisableTorchFunctionSubclass():
            if name in _NO_TENSOR:
                return func(*args, **kwargs)
        if _base_name(name)[0] in SHAPED and _one_type((args, tuple(kwargs.values()))):
            try:
                return self._of_rule(name, args, kwargs)
            except UnsupportedLayerError:
                pass  # asked again below, where PyTorch may have an error of its own
        with torch._C.DisableTorchFunctionSubclass():
            meta = func(*_on_meta(args), **{k: _on_meta((v,))[0] for k, v in kwargs.items()})
        try:
            return self._meaning(func, name, args, kwargs, meta)
        except UnsupportedLayerError as error:
            return self._unknown(name, str(error), meta)

    def _meaning(self, func: Any, name: str, args: tuple, kwargs: dict, meta: Any) -> Any:
        if _has_unknown((args, tuple(kwargs.values()))):
            return self._wrap_all(meta, lambda _: None)
        if not _has_activations((args, tuple(kwargs.values()))):
            found = weights_of_function(func, name, args, kwargs)
            if name.endswith("_") and not name.startswith("__"):
                raise UnsupportedLayerError("parameters must not be changed in the forward pass")
            return self._wrap_all(meta, lambda position: found[position])
        if name in moves.MOVES and not (name == "unfold" and func is not torch.Tensor.unfold):
            return moves.moved(self, func, args, kwargs, meta)
        if name == "__setitem__":
            return moves.assigned(self, *args)
        return self._of_rule(name, args, kwargs, meta)

    def _of_rule(self, name: str, args: tuple, kwargs: dict[str, Any], meta: Any = None) -> Any:
        """What a function gives by its rule, which also knows the shape where there is no meta."""
        base, in_place = _base_name(name)
        if base not in RULES:
            raise UnsupportedLayerError("no program can express it")
        rule = RULES[base]
        in_place = in_place or _asks_in_place(rule, args, kwargs)
        found = rule(self, *args, **kwargs)
        target = target_of(args, kwargs)
        if found is target:
            return found
        if in_place:
            return self.write(target, found)
        if meta is None:
            with torch._C.DisableTorchFunctionSubclass():
                meta = torch.empty(found.shape, dtype=target.dtype, device="meta")
            return self._wrap(meta, found)
        if isinstance(meta, torch.Tensor):
            return self._checked(meta, found)
        return type(meta)([self._checked(m, f) for m, f in zip(meta, found, strict=True)])

    def _checked(self, meta: torch.Tensor, found: Any) -> Traced:
        if isinstance(found, Content) and found.shape != tuple(meta.shape):
            raise AssertionError(f"a rule gave shape {found.shape} for {tuple(meta.shape)}")
        return self._wrap(meta, found)

    def _wrap_all(self, meta: Any, meaning: Callable[[int], Any]) -> Any:
        if isinstance(meta, torch.Tensor):
            return self._wrap(meta, meaning(0))
        if isinstance(meta, tuple | list):
            wrapped = [
                self._wrap(m, meaning(i)) if isinstance(m, torch.Tensor) else m
                for i, m in enumerate(meta)
            ]
            return type(meta)(wrapped)
        return meta

    def _unknown(self, name: str, reason: str, meta: Any) -> Any:
        where = self._module[-1] if self._module else "the network"
        self.unsupported.setdefault(f"{where} {name}", f"layer {where}: {name}: {reason}")
        return self._wrap_all(meta, lambda _: None)

    # What rules need

    def write(self, target: Traced, new: Content) -> Traced:
        """Replaces what `target` and all that share its memory see."""
        memory = target.meaning
        if not isinstance(memory, Memory):
            raise UnsupportedLayerError("parameters must not be changed in the forward pass")
        shape = content_of(target).shape
        if new.shape != shape:
            new = moves.expanded(self, new, shape)
        if target.positions is None:
            memory.content = new
        else:
            memory.content = self.writer.overwritten(memory.content, target.positions, new)
        return target

    def pointwise(self, operation: Any, content: Content) -> Content:
        """`operation` on every number, in whatever order they stand."""
        place = self.writer.append(operation, content.place)
        return Content(place, content.shape, content.order)

    def on_map(self, operation: Any, *contents: Content, shape: Sequence[int]) -> Content:
        """`operation` on maps in order, whose result is read as a tensor of `shape`."""
        places = [self.writer.in_order(content) for content in contents]
        return Content(self.writer.append(operation, *places), tuple(shape))


def target_of(args: tuple, kwargs: dict[str, Any]) -> Any:
    """The first argument, which functions that do nothing return."""
    return args[0] if args else kwargs.get("input")


def function_name(func: Any) -> str:
    """The name of a function, of the attribute that it reads, or of the operator."""
    name = getattr(func, "__name__", str(func))
    if name in ("__get__", "__set__", "__delete__"):
        owner = getattr(func, "__self__", None)
        return getattr(owner, "__name__", name) + ("" if name == "__get__" else "=")
    return name


_OPERATORS = {
    "__add__": "add", "__radd__": "add", "__sub__": "sub", "__rsub__": "rsub", "__mul__": "mul",
    "__rmul__": "mul", "__truediv__": "div", "__rtruediv__": "rdiv", "__rdiv__": "rdiv",
    "__div__": "div", "__pow__": "pow", "__neg__": "neg", "__abs__": "abs",
    "__matmul__": "matmul", "__pos__": "positive", "__rpow__": "rpow",
}  # fmt: skip


def _base_name(name: str) -> tuple[str, bool]:
    """The name of the function that does the same into new memory, and whether it writes."""
    if name in _OPERATORS:
        return _OPERATORS[name], False
    if name.startswith("__i") and name.endswith("__"):
        operator = f"__{name[3:]}"
        return _OPERATORS.get(operator, operator), True
    if name.endswith("_") and not name.endswith("__"):
        return name[:-1], True
    return name, False


@cache
def _position_of_inplace(rule: Callable[..., Any]) -> int | None:
    names = list(signature(rule).parameters)
    return names.index("inplace") - 1 if "inplace" in names else None


def _asks_in_place(rule: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> bool:
    """Whether the argument `inplace` of a function is set, by its name or by its position."""
    position = _position_of_inplace(rule)
    given = position is not None and position < len(args) and args[position] is True
    return given or kwargs.get("inplace") is True


def _on_meta(values: Any) -> Any:
    if isinstance(values, torch.Tensor):
        return values if values.device.type == "meta" else values.to("meta")
    if isinstance(values, torch.Size):
        return values
    if isinstance(values, tuple | list):
        return type(values)([_on_meta(value) for value in values])
    return values


def _leaves(values: Any) -> Any:
    for value in values:
        if isinstance(value, Traced):
            yield value
        elif isinstance(value, tuple | list):
            yield from _leaves(value)


def _one_type(values: Any) -> bool:
    """Whether all tensors are traced, known, of one type, and the images are among them."""
    tensors = list(_tensors(values))
    return (
        all(isinstance(t, Traced) and t.meaning is not None for t in tensors)
        and len({tensor.dtype for tensor in tensors}) == 1
        and any(isinstance(tensor.meaning, Memory) for tensor in tensors)
    )


def _tensors(values: Any) -> Any:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)


def _has_activations(values: Any) -> bool:
    return any(isinstance(tensor.meaning, Memory) for tensor in _leaves(values))


def _has_unknown(values: Any) -> bool:
    return any(tensor.meaning is None for tensor in _leaves(values))
