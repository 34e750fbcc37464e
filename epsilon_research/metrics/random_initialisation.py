"""The epsilon score of two random draws of the parameters instead of two constants."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from epsilon_research.checks import check_choice
from epsilon_research.data import Minibatch
from epsilon_research.data.base import IMAGES
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.epsilon_formula import (
    REASONS,
    epsilon_score,
    first_reason,
    undefined_reason,
)
from epsilon_research.metrics.network_metric import check_settings
from epsilon_research.metrics.single_pass import SinglePassMetric, parameters_of
from epsilon_research.metrics.untrained_network import Initialise, build_network, generator_of
from epsilon_research.programs import AnyProgram, RecurrentProgram

if TYPE_CHECKING:
    import torch
    from torch import nn

_DRAWS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "uniform": ("uniform_", {}),  # between 0 and 1
    "normal": ("normal_", {}),  # mean 0, standard deviation 1
    "kaiming_uniform": ("kaiming_uniform_", {}),  # between ±√(6 / fan_in)
    # Standard deviation √(2 / fan_out): the published code takes another fan than for uniform.
    "kaiming_normal": ("kaiming_normal_", {"mode": "fan_out", "nonlinearity": "relu"}),
    "orthogonal": ("orthogonal_", {}),
}
"""A function of `torch.nn.init` and its settings for each distribution."""

_LINEAR_DEVIATION = 0.01
"""Standard deviation of the weights of an image network's linear layers, for any distribution."""

_PURPOSES = ("first initialisation of", "second initialisation of")


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomInitialisation(SinglePassMetric):
    """The epsilon score of two independent draws of all parameters; at least 0, higher is better.

    Both draws are of one distribution. The network has one output. Weights of convolutions are
    drawn, those of linear layers are normal with standard deviation 0.01; biases are 0, batch norm
    is by the minibatch, with scale 1 and shift 0. In a recurrent network the weights of the linear
    nodes are drawn; biases and the initial state are 0, and the outputs are those that epsilon
    takes. One thread, float32.

    Args:
        distribution: "uniform" (0 to 1), "normal" (standard deviation 1), "kaiming_uniform" (by
            fan_in), "kaiming_normal" (by fan_out) or "orthogonal".
        seed: Seed of all draws, which differ between architectures: with common draws the first
            layers would be equal, and the ranks those of a single draw.
        num_samples: Number of samples to use, the first of the minibatch; None uses all, as
            epsilon does.

    References:
        Gracheva, arXiv 2302.04406, ablation on initialisations; distributions and their settings
        are those of the published code.

    Differs from: the published code, which draws for all architectures from one stream; here each
    has its own, by its id. The published code has no such score for recurrent networks.
    """

    name: str = "random_initialisation"
    distribution: str = "normal"
    seed: int = 0
    num_samples: int | None = None
    shared_by_function: bool = False
    candidates_per_chunk: int = 2
    failures: ClassVar[Collection[str] | None] = (*REASONS, "no_common_sample")
    further_code: ClassVar[Sequence[str]] = (
        "epsilon_research.metrics.epsilon_formula",
        "epsilon_research.metrics.untrained_network",
        "epsilon_research.programs",
    )
    made_by: ClassVar[Mapping[str, Any]] = {"torch": version("torch")}

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)
        check_choice(f"metric.{self.name}.distribution", self.distribution, _DRAWS)

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return parameters_of(self)

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`."""
        import torch

        # One thread whatever the number of processes, so that sums are always rounded alike.
        torch.set_num_threads(1)
        samples = slice(self.num_samples)
        index = samples if minibatch.kind == IMAGES else (slice(None), samples)
        inputs = torch.from_numpy(minibatch.inputs[index].astype(np.float32))
        initialise = drawn_from(self.distribution)

        def score(candidate: Candidate) -> Score:
            if not candidate.connected:
                return Score(value=math.nan, failure="disconnected")
            id_ = candidate.architecture_id
            generators = (generator_of(self.seed, f"{purpose} {id_}") for purpose in _PURPOSES)
            return score_of(
                *(
                    initialised_outputs(candidate.program, inputs, generator, initialise)
                    for generator in generators
                )
            )

        return score


def drawn_from(distribution: str) -> Initialise:
    """An initialisation that draws a layer's weights from `distribution`; biases are 0."""
    from torch.nn import init

    function, settings = _DRAWS[distribution]

    def initialise(layer: "nn.Module", generator: "torch.Generator") -> None:
        getattr(init, function)(layer.get_parameter("weight"), generator=generator, **settings)
        _zero_bias(layer)

    return initialise


def initialised_outputs(
    program: AnyProgram,
    inputs: "torch.Tensor",
    generator: "torch.Generator",
    initialise: Initialise,
) -> np.ndarray:
    """The outputs of a network with drawn parameters that epsilon uses, float32 (values).

    Args:
        program: The network with one output.
        inputs: (batch, channels, height, width), or (time, batch, embedding) of embedded tokens.
        generator: Source of the parameters, in layer order.
        initialise: Draws those of a convolution or of a recurrent network's linear node.
    """
    import torch

    with torch.inference_mode():
        if isinstance(program, RecurrentProgram):
            return _recurrent_outputs(program, inputs, generator, initialise)
        network = build_network(
            program, generator=generator, initialise=_but_for_linear_layers(initialise)
        )
        return network(inputs).flatten().numpy()


def _but_for_linear_layers(initialise: Initialise) -> Initialise:
    from torch import nn

    def apply(layer: "nn.Module", generator: "torch.Generator") -> None:
        if isinstance(layer, nn.Linear):
            layer.weight.normal_(0.0, _LINEAR_DEVIATION, generator=generator)
            _zero_bias(layer)
        else:
            initialise(layer, generator)

    return apply


def _zero_bias(layer: "nn.Module") -> None:
    for name, parameter in layer.named_parameters():
        if name == "bias":
            parameter.zero_()


def _recurrent_outputs(
    program: RecurrentProgram,
    inputs: "torch.Tensor",
    generator: "torch.Generator",
    initialise: Initialise,
) -> np.ndarray:
    import torch

    from epsilon_research.programs.recurrent_torch import to_torch

    # On no device at first: PyTorch's own initialisation would draw from its global generator.
    with torch.device("meta"):
        network = to_torch(program)
    network = network.to_empty(device="cpu")
    for module in network.layers.modules():  # not the decoder, whose output epsilon does not take
        if isinstance(module, torch.nn.Linear):
            initialise(module, generator)
    return network(inputs)[:, :, 0].flatten().numpy()


def score_of(first: np.ndarray, second: np.ndarray) -> Score:
    """The epsilon score of two output vectors, or NaN with the reason."""
    reasons = {undefined_reason(first), undefined_reason(second)} - {None}
    if reasons:
        return Score(value=math.nan, failure=first_reason(reasons))
    value = epsilon_score(first, second)
    return Score(value=value, failure="no_common_sample" if math.isnan(value) else None)
