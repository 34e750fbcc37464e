"""How far a Gaussian network moves its features when its input moves a little."""

import math
from dataclasses import dataclass

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

_MIX = 1e-2
"""How far the input moves; the published value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zen(NetworkMetric):
    """log E |f(x) − f(x + 0.01 ε)| + Σ over batch norms of log √(mean over channels of variance).

    x and ε are standard normal noise of the minibatch's shape, f the map before the global mean,
    |·| the sum of absolute values; weights are standard normal. The second term puts back the scale
    that batch norm takes away; the variances are of x. Higher is better.

    Args:
        seed: Of the network's parameters and the noise.
        num_samples: Images in the batch of noise, at most as many as the minibatch has; None: as
            many.
        repeats: Draws of parameters and noise that are averaged. The paper takes 32.

    References:
        Lin et al., "Zen-NAS: A Zero-Shot NAS for High-Performance Deep Image Recognition", ICCV
        2021, algorithm 1.

    Differs from the published code: that takes the running variances, which after one batch are
    nine tenths 1; here they are the batch's own, as in the paper.
    """

    name: str = "zen"
    seed: int = 0
    num_samples: int | None = 64
    repeats: int = 1
    shared_by_function: bool = False
    candidates_per_chunk: int = 4

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)
        if not isinstance(self.repeats, int) or self.repeats < 1:
            raise ValueError(
                "metric.zen.repeats must be a whole number of 1 or more, got "
                f"{self.repeats!r}: pass e.g. metric.zen.repeats=4"
            )

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        return (
            math.fsum(
                _score(subject._replace(seed=subject.seed + repeat))
                for repeat in range(self.repeats)
            )
            / self.repeats
        )


def _score(subject: Subject) -> float:
    import torch

    network = subject.build(gaussian_initialisation)
    generator = subject.generator("noise")
    noise, shift = torch.randn(2, *subject.images.shape, generator=generator)
    features: list[torch.Tensor] = []
    variances: list[float] = []

    def add_variance(_: int, values: torch.Tensor) -> None:
        variances.append(float(values.double().var(dim=(0, 2, 3)).mean()))

    place = feature_layer(subject.program)
    norms = positions_of(subject.program, BatchNorm)
    with torch.no_grad(), watching(network, [place], outputs=lambda _, map_: features.append(map_)):
        with watching(network, norms, inputs=add_variance):
            network(noise)
        network(noise + _MIX * shift)
    moved = float((features[0] - features[1]).abs().sum(dim=(1, 2, 3)).mean())
    if not math.isfinite(moved) or not all(map(math.isfinite, variances)):
        raise UndefinedScoreError("overflow")
    # A batch norm of zeros scales nothing.
    living = [value for value in variances if value > 0]
    if moved == 0:
        raise UndefinedScoreError("constant_output")
    return math.log(moved) + math.fsum(math.log(value) / 2 for value in living)
