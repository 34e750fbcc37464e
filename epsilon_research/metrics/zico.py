"""ZiCo: the inverse coefficient of variation of the gradients over batches."""

import math
from dataclasses import dataclass
from typing import ClassVar

from epsilon_research.checks import check_integer
from epsilon_research.metrics.network_gradients import loss_of, weight_gradients
from epsilon_research.metrics.network_metric import (
    NetworkMetric,
    Subject,
    UndefinedScoreError,
    check_finite,
    check_settings,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zico(NetworkMetric):
    """Sum over layers of log Σ over weights of mean |g| / standard deviation of g.

    g is the gradient of the mean cross-entropy; the mean and the population standard deviation are
    taken over the batches into which the minibatch is cut. Weights whose gradient does not vary are
    left out, and so are layers that consist of such weights. Layers are convolutions and linear
    layers. Higher is better.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.
        num_batches: Number of batches of equal size, at least 2; 2 as published. Images that are
            left over are not used.

    References:
        Li et al., "ZiCo: Zero-shot NAS via Inverse Coefficient of Variation on Gradients", ICLR
        2023, equation 15; SLDGroup/ZiCo, ZeroShotProxy/compute_zico.py.
    """

    name: str = "zico"
    seed: int = 0
    num_samples: int | None = 64
    num_batches: int = 2
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)
        check_integer("metric.zico.num_batches", self.num_batches, at_least=2, example=2)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        import torch

        assert subject.labels is not None
        size = len(subject.images) // self.num_batches
        if size < 2:
            raise ValueError(
                f"metric zico must see at least {2 * self.num_batches} images, two in each batch, "
                f"got {len(subject.images)}: raise batch_size or metric.zico.num_samples"
            )
        network = subject.build()
        per_batch = []
        for start in range(0, size * self.num_batches, size):
            part = slice(start, start + size)
            loss = loss_of(network, subject.images[part], subject.labels[part])
            per_batch.append([g.double() for _, g in weight_gradients(loss, network)])
        total = []
        for layer in zip(*per_batch, strict=True):
            gradients = torch.stack(layer)  # (batches, *weight)
            check_finite(gradients)
            deviation = gradients.std(dim=0, correction=0)
            varies = deviation > 0
            ratio = float((gradients.abs().mean(dim=0)[varies] / deviation[varies]).sum())
            total += [math.log(ratio)] if ratio else []
        if not total:
            raise UndefinedScoreError("constant_gradient")
        return math.fsum(total)
