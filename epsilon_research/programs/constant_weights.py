"""Which parameters of a network become the constant weight, and a copy that is ready for it.

The rule follows the published code, which sets `weight` of every module to the constant and `bias`
to 0:

- a parameter whose name contains `bias` becomes 0 (`bias`, `in_proj_bias`, `q_bias`);
- otherwise, one whose name contains `weight` becomes the constant w (`weight`, `in_proj_weight`,
  `weight_ih_l0`);
- where `weight` is parametrised (weight norm, spectral norm and other parametrisations), the
  weight that the layer multiplies with becomes w;
- every other parameter (gains, `gamma`, scales) and every buffer keeps its value;
- a parameter with several names follows the first of them that the rule knows.

With `parameters="all"`, every parameter becomes w, biases too.
"""

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from epsilon_research.programs.network_output import NetworkError

BY_NAME = "by_name"
ALL = "all"
PARAMETERS = (BY_NAME, ALL)
"""Rules for the parameters that become the constant, see above."""

WEIGHT, BIAS, KEPT = "weight", "bias", "kept"
"""Roles of a parameter: it becomes the constant, becomes 0, or stays as it is."""

Make = Callable[[torch.Tensor, str], torch.Tensor]
"""Gives what stands for a tensor in a copy, from the tensor and its role."""

_REGISTRIES = ("_parameters", "_buffers", "_modules")
"""Attributes of a module that hold what it has registered."""


def role_of(name: str, *, parameters: str = BY_NAME) -> str:
    """`WEIGHT`, `BIAS` or `KEPT` for a parameter by its name, e.g. `layer1.0.conv1.weight`."""
    if parameters == ALL:
        return WEIGHT
    leaf = name.rsplit(".", 1)[-1]
    if "bias" in leaf:
        return BIAS
    return WEIGHT if "weight" in leaf else KEPT


def roles(network: nn.Module, *, parameters: str = BY_NAME) -> dict[nn.Parameter, str]:
    """The role of each parameter of `network`."""
    found: dict[nn.Parameter, str] = {}
    for name, parameter in network.named_parameters(remove_duplicate=False):
        if found.get(parameter, KEPT) == KEPT:
            found[parameter] = role_of(name, parameters=parameters)
    return found


def set_constants(network: nn.Module, weight: float, *, parameters: str = BY_NAME) -> None:
    """Sets the parameters of `network` by the rule, in place; parametrisations are not looked at.

    For networks that the project builds; those of users are copied, see `evaluation_copy`.
    """
    with torch.no_grad():
        for parameter, role in roles(network, parameters=parameters).items():
            if role != KEPT:
                parameter.fill_(weight if role == WEIGHT else 0.0)


def evaluation_copy(network: nn.Module, make: Make, *, parameters: str = BY_NAME) -> nn.Module:
    """A copy of `network` with other tensors, in evaluation mode but with batch statistics.

    Dropout does nothing, and batch norm uses the minibatch. Hooks are kept. The network itself is
    left as it is; memory for its tensors is taken by `make` alone.

    Args:
        network: Any module that can be copied.
        make: Called with each parameter and its role, with the role `KEPT` also for each buffer
            and each tensor among a module's attributes, and for a parametrised weight with a tensor
            of the effective weight's shape.
        parameters: One of `PARAMETERS`.

    Raises:
        NetworkError: The network cannot be copied, or has parameters without a shape.
    """
    _check(network)
    originals = list(network.modules())
    made = roles(network, parameters=parameters)
    memo: dict[int, Any] = {id(tensor): make(tensor, role) for tensor, role in made.items()}
    for tensor in _kept_tensors(originals):
        if id(tensor) not in memo:
            memo[id(tensor)] = make(tensor.detach(), KEPT)
    memo |= _empty_dictionaries(originals)
    try:
        duplicate = copy.deepcopy(network, memo)
    except Exception as error:
        # Whatever the attributes of a user's module raise: all mean the same here.
        raise NetworkError(
            f"the network must be one that copy.deepcopy can copy, got {type(network).__name__}: "
            f"{error}"
        ) from error
    for module, original in zip(list(duplicate.modules()), originals, strict=True):
        _use_effective_weights(module, original, make, parameters=parameters)
        _rebind_functions(module, memo)
        if isinstance(module, _BatchNorm):
            module.track_running_stats = False
            module.running_mean = module.running_var = None
    return duplicate.eval()


def _check(network: nn.Module) -> None:
    if isinstance(network, torch.jit.ScriptModule):
        raise NetworkError(
            "the network must be an ordinary module, since a scripted one cannot be evaluated with "
            "batch statistics, got a ScriptModule: pass the module that it was made of"
        )
    for name, parameter in network.named_parameters():
        if is_lazy(parameter):
            raise NetworkError(
                f"the parameters of a network must have shapes, got the lazy parameter {name}: "
                "run the network once on images"
            )


def _kept_tensors(modules: list[nn.Module]) -> Iterator[torch.Tensor]:
    """The buffers of modules, and tensors among their attributes and in their containers."""
    seen: set[int] = {id(module) for module in modules}
    waiting: list[Any] = []
    for module in modules:
        waiting += module._buffers.values()
        waiting += [value for name, value in vars(module).items() if name not in _REGISTRIES]
    while waiting:
        value = waiting.pop()
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple | set | dict | nn.Module) and id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, nn.Module):  # one that its owner has not registered
                waiting += [*value.parameters(), *value.buffers()]
            else:
                waiting += value.values() if isinstance(value, dict) else value


def _empty_dictionaries(modules: list[nn.Module]) -> dict[int, Any]:
    """Copies, by the originals' ids: most dictionaries of modules are empty, and deepcopy slow."""
    return {
        id(value): type(value)()
        for module in modules
        for value in vars(module).values()
        if type(value) in (dict, OrderedDict) and not value
    }


def _use_effective_weights(
    module: nn.Module, original: nn.Module, make: Make, *, parameters: str
) -> None:
    """Puts plain tensors where parametrisations or hooks compute some."""
    if is_parametrized(original):
        effective = _parametrised(original)
        # PyTorch derives a class of its own for each parametrised module, with the computed tensors
        # as properties; the copy goes back to the user's class.
        module.__class__ = module.__class__.__bases__[0]
        del module._modules["parametrizations"]
        for name, tensor in effective.items():
            _put(module, name, make(tensor, role_of(name, parameters=parameters)))
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, WeightNorm | SpectralNorm):
            del module._forward_pre_hooks[key]
            stem = hook.name
            source = original.get_parameter(
                f"{stem}_v" if isinstance(hook, WeightNorm) else f"{stem}_orig"
            )
            for suffix in ("", "_v", "_g", "_orig", "_u"):
                for registry in (module._parameters, module._buffers, vars(module)):
                    registry.pop(stem + suffix, None)
            _put(module, stem, make(source.detach(), role_of(stem, parameters=parameters)))


def _parametrised(module: nn.Module) -> dict[str, torch.Tensor]:
    """The computed tensors of a module; its buffers (of power iterations) are not touched."""
    lists: Any = module.parametrizations
    with torch.no_grad():
        return {name: copy.deepcopy(lists[name]).eval()().detach() for name in lists}


def _put(module: nn.Module, name: str, tensor: torch.Tensor) -> None:
    # Past `nn.Module.__setattr__`, which takes nothing but `nn.Parameter`.
    module._parameters[name] = tensor  # pyright: ignore[reportArgumentType]


def _rebind_functions(module: nn.Module, memo: dict[int, Any]) -> None:
    """Lets functions among a copied module's attributes see the copy.

    `copy.deepcopy` shares functions, so that a lambda or a hook that was defined in `__init__`
    would go on to run the layers of the original.
    """
    attributes = vars(module)
    for name, value in list(attributes.items()):
        if isinstance(value, FunctionType):
            attributes[name] = _rebound(value, memo)
        elif isinstance(value, dict):
            for key, item in list(value.items()):
                if isinstance(item, FunctionType):
                    value[key] = _rebound(item, memo)
        elif isinstance(value, list):
            value[:] = [
                _rebound(item, memo) if isinstance(item, FunctionType) else item for item in value
            ]


def _rebound(function: FunctionType, memo: dict[int, Any]) -> FunctionType:
    cells = [(cell, _copied(cell, memo)) for cell in function.__closure__ or ()]
    defaults = function.__defaults__
    seen = None if defaults is None else tuple(memo.get(id(value), value) for value in defaults)
    if all(cell is new for cell, new in cells) and all(
        value is new for value, new in zip(defaults or (), seen or (), strict=True)
    ):
        return function
    rebound = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        seen,
        tuple(new for _, new in cells),
    )
    rebound.__kwdefaults__ = function.__kwdefaults__
    return rebound


def _copied(cell: CellType, memo: dict[int, Any]) -> CellType:
    """A cell with the copy of what it holds, where it was copied."""
    try:
        held = cell.cell_contents
    except ValueError:  # not assigned yet
        return cell
    return CellType(memo[id(held)]) if id(held) in memo else cell
