"""Zen-score: how far a Gaussian network moves its features when its input moves a little."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epsilon_research.checks import check_number
from epsilon_research.metrics.network_metric import (
    NetworkMetric,
    Subject,
    UndefinedScoreError,
    check_settings,
)
from epsilon_research.metrics.untrained_network import (
    feature_layer,
    gaussian_initialisation,
    positions_of,
    watching,
)
from epsilon_research.programs.operations import BatchNorm

if TYPE_CHECKING:
    import torch

_MIX = 1e-2
"""How far the input moves; the published value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zen(NetworkMetric):
    """log E |f(x) − f(x + 0.01 ε)| + Σ over batch norms of log √(mean over channels of v).

    x and ε are standard normal noise of the minibatch's shape, f is the map before the global mean
    and |·| the sum of absolute values; weights are standard normal, biases 0. The second term puts
    back the scale that batch norm removes: v (channels) is the running variance that PyTorch keeps,
    1 at first and moved by `momentum` towards the variance of each batch. It is read after both
    batches, x and x + 0.01 ε, and goes on from repeat to repeat. Higher is better.

    Args:
        seed: Seed of the parameters and the noise of the first repeat; repeat i has seed + i.
        num_samples: Number of noise images, at most as many as the minibatch has; None takes as
            many.
        repeats: Number of draws of parameters and noise that are averaged.
        momentum: Step of the running variances in (0, 1]. 0.1 is PyTorch's default, as published,
            and leaves v at 0.81 + 0.19 · variance in the first repeat; with 1, v is the variance of
            the latest batch, as in the paper's text.

    References:
        Lin et al., "Zen-NAS: A Zero-Shot NAS for High-Performance Deep Image Recognition", ICCV
        2021, algorithm 1; idstcv/ZenNAS, ZeroShotProxy/compute_zen_score.py. That searches with 16
        images and 32 repeats; 64 images and one repeat, the default here, are the settings of
        NAS-Bench-Suite-Zero: automl/NASLib (branch zerocost),
        naslib/predictors/pruners/measures/zen.py.
    """

    name: str = "zen"
    seed: int = 0
    num_samples: int | None = 64
    repeats: int = 1
    momentum: float = 0.1
    shared_by_function: bool = False
    candidates_per_chunk: int = 4

    def __post_init__(self) -> None:
        check_settings(
            self.name, seed=self.seed, num_samples=self.num_samples, repeats=self.repeats
        )
        check_number("metric.zen.momentum", self.momentum, above=0, at_most=1, example=0.1)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        running = dict.fromkeys(positions_of(subject.program, BatchNorm), 1.0)
        scores = [
            _score(subject._replace(seed=subject.seed + repeat), running, momentum=self.momentum)
            for repeat in range(self.repeats)
        ]
        return math.fsum(scores) / self.repeats


def _score(subject: Subject, running: dict[int, float], *, momentum: float) -> float:
    """One repeat; moves the mean running variance of each batch norm by its two batches."""
    import torch

    network = subject.build(gaussian_initialisation)
    noise, shift = subject.noise(2, *subject.images.shape)
    features: list[torch.Tensor] = []

    def move_variance(place: int, values: "torch.Tensor") -> None:
        # The mean over channels is linear, so it moves as each channel does.
        variance = float(values.double().var(dim=(0, 2, 3)).mean())
        running[place] += momentum * (variance - running[place])

    place = feature_layer(subject.program)
    with (
        torch.no_grad(),
        watching(network, [place], outputs=lambda _, output: features.append(output)),
        watching(network, list(running), inputs=move_variance),
    ):
        network(noise)
        network(noise + _MIX * shift)
    moved = float((features[0] - features[1]).abs().sum(dim=(1, 2, 3)).mean())
    if not math.isfinite(moved) or not all(map(math.isfinite, running.values())):
        raise UndefinedScoreError("overflow")
    if moved == 0:
        raise UndefinedScoreError("constant_output")
    # A batch norm whose input is 0 everywhere scales nothing.
    living = [variance for variance in running.values() if variance > 0]
    return math.log(moved) + math.fsum(math.log(variance) / 2 for variance in living)
