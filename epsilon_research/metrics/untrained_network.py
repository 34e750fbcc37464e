"""The untrained PyTorch network of a program: building, initialising and observing it.

Nothing here reads or seeds PyTorch's global generator.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from epsilon_research.programs import Program
from epsilon_research.programs.operations import Add, Concatenate, GlobalMean, Linear, Operation

if TYPE_CHECKING:
    import torch
    from torch import nn

    from epsilon_research.programs.torch_reader import Network

Initialise = Callable[["nn.Module", "torch.Generator"], None]
"""Sets the parameters of a convolution or a linear layer, in place."""


def generator_of(seed: int, purpose: str) -> "torch.Generator":
    """The generator of one purpose, so that one draw does not shift another."""
    import torch

    digest = sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def default_initialisation(layer: "nn.Module", generator: "torch.Generator") -> None:
    """Draw weights and biases uniformly between ±1/√fan_in, as PyTorch does."""
    bound = 1 / math.sqrt(fan_in(layer))
    for parameter in layer.parameters():
        parameter.uniform_(-bound, bound, generator=generator)


def kaiming_initialisation(layer: "nn.Module", generator: "torch.Generator") -> None:
    """Draw normal weights of variance 2/fan_in; biases are 0."""
    _normal(layer, generator, std=math.sqrt(2 / fan_in(layer)))


def gaussian_initialisation(layer: "nn.Module", generator: "torch.Generator") -> None:
    """Draw standard normal weights; biases are 0."""
    _normal(layer, generator, std=1.0)


def _normal(layer: "nn.Module", generator: "torch.Generator", *, std: float) -> None:
    for name, parameter in layer.named_parameters():
        if name == "bias":
            parameter.zero_()
        else:
            parameter.normal_(0.0, std, generator=generator)


def fan_in(layer: "nn.Module") -> int:
    """Number of weights of one output channel of a convolution or linear layer."""
    (weight,) = [value for name, value in layer.named_parameters() if name == "weight"]
    return weight[0].numel()


def build_network(
    program: Program,
    *,
    generator: "torch.Generator",
    initialise: Initialise = default_initialisation,
) -> "Network":
    """The float32 network of `program` on the CPU.

    Norms have scale 1 and shift 0, other layers the parameters that PyTorch has at first.

    Args:
        program: The network's layers.
        generator: Source of the parameters of convolutions and linear layers, in layer order.
        initialise: Draws the parameters of one layer.
    """
    import torch

    from epsilon_research.programs.torch_reader import to_torch

    # On no device at first: PyTorch's own initialisation would draw from its global generator.
    with torch.device("meta"):
        network = to_torch(program)
    network = network.to_empty(device="cpu")
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, _weighted()):
                initialise(module, generator)
            elif any(True for _ in module.parameters(recurse=False)):
                cast("Any", module).reset_parameters()  # to constants, nothing is drawn
    return network


def weighted_layers(network: "Network") -> "list[nn.Module]":
    """The convolutions and linear layers of a network, in the program's order."""
    kinds = _weighted()
    return [module for module in network.modules() if isinstance(module, kinds)]


def _weighted() -> "tuple[type[nn.Module], ...]":
    from torch import nn

    return nn.Conv2d, nn.ConvTranspose2d, nn.Linear


def without_batch_norm(network: "Network") -> "Network":
    """Replace every batch norm of a network by the identity, in place, and return the network."""
    import torch

    for position, module in enumerate(network.layers):
        if isinstance(module, torch.nn.BatchNorm2d):
            network.layers[position] = torch.nn.Identity()
    return network


def positions_of(program: Program, *kinds: type[Operation]) -> list[int]:
    """Positions of the layers whose operation is of one of these kinds."""
    return [place for place, layer in enumerate(program.layers) if type(layer.operation) in kinds]


def feature_layer(program: Program) -> int:
    """Position of the last feature map: the input of the last global mean.

    Without a global mean it is the input of the last linear layer, and without both the output.
    """
    for kind in (GlobalMean, Linear):
        places = positions_of(program, kind)
        if places:
            return program.layers[places[-1]].inputs[0]
    return len(program.layers) - 1


def block_values(program: Program) -> list[int]:
    """Positions of the values between a network's blocks, including the first block's input.

    A block ends with a sum or concatenation that every path from input to output passes: a cell of
    NAS-Bench-201, a residual block. Empty for a network without one.
    """
    bottlenecks = _bottlenecks(program)
    ends = [place for place in bottlenecks if type(program.layers[place].operation) in _JOINS]
    return [max(place for place in bottlenecks if place < ends[0]), *ends] if ends else []


def _bottlenecks(program: Program) -> list[int]:
    """Positions that every path from the input to the output passes."""
    wanted = {len(program.layers) - 1}
    spanned = set()
    for place in reversed(range(len(program.layers))):
        if place in wanted:
            for source in program.layers[place].inputs:
                wanted.add(source)
                spanned.update(range(source + 1, place))
    return sorted(wanted - spanned)


_JOINS = (Add, Concatenate)


@contextmanager
def watching(
    network: "Network",
    positions: Sequence[int],
    *,
    inputs: "Callable[[int, torch.Tensor], None] | None" = None,
    outputs: "Callable[[int, torch.Tensor], None] | None" = None,
) -> Iterator[None]:
    """Call functions with the first input, or the output, of layers as they are computed.

    Args:
        network: The network that runs inside the context.
        positions: Positions of the layers to observe.
        inputs: Called with a layer's position and its first input, before the layer is computed.
        outputs: Called with a layer's position and its output.
    """
    handles = []
    for position in positions:
        module = network.layers[position]
        if inputs is not None:
            handles.append(module.register_forward_pre_hook(_on_input(inputs, position)))
        if outputs is not None:
            handles.append(module.register_forward_hook(_on_output(outputs, position)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _on_input(function: Callable, position: int) -> Callable:
    def hook(_module: object, arguments: tuple) -> None:
        function(position, arguments[0])

    return hook


def _on_output(function: Callable, position: int) -> Callable:
    def hook(_module: object, _arguments: tuple, output: object) -> None:
        function(position, output)

    return hook
