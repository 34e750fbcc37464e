"""EPE-NAS: how differently an untrained network reacts to images of one class."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int64

from epsilon_research.metrics.correlations import correlations_of_rows
from epsilon_research.metrics.network_gradients import input_gradients
from epsilon_research.metrics.network_metric import NetworkMetric, Subject, check_settings

_K = 1e-5
"""Keeps the logarithm finite; the published value."""

_MANY_CLASSES = 100
"""Number of classes above which the published code compares them instead of adding them up."""


def class_score(
    gradients: Float[np.ndarray, "images pixels"],
    labels: Int64[np.ndarray, " images"],
    *,
    num_classes: int,
) -> float:
    """The EPE-NAS score of the images' gradients.

    With s_c = Σ log(|r| + k) over all correlations r among the gradients of class c, its own with
    themselves too: Σ |s_c| over classes. With more than 100 classes: s_c divided by the class's
    number of images, classes of one image left out, and Σ |s_c − s_d| over all ordered pairs of
    classes divided by their number.

    Raises:
        UndefinedScoreError: A gradient is constant or not finite.
    """
    correlations = np.log(np.abs(correlations_of_rows(gradients)) + _K)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    sums = [float(correlations[np.ix_(rows, rows)].sum()) for rows in members]
    if num_classes <= _MANY_CLASSES:
        return math.fsum(abs(value) for value in sums)
    scaled = np.array(
        [s / len(rows) for s, rows in zip(sums, members, strict=True) if len(rows) > 1]
    )
    if not len(scaled):
        return 0.0
    return float(np.abs(scaled[:, None] - scaled[None, :]).sum()) / len(scaled)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpeNas(NetworkMetric):
    """`class_score` of the gradients of the sum of all outputs with respect to each image's pixels.

    At least 0, higher is better. For most networks a sum over pairs of images of one class, so that
    it depends on how many images each class has.

    Args:
        seed: Seed of the network's parameters.
        num_samples: Number of images to use, the first of the minibatch; None uses all.

    References:
        Lopes, Alirezazadeh and Alexandre, "EPE-NAS: Efficient Performance Estimation Without
        Training for Neural Architecture Search", 2021, arXiv 2102.08099; VascoLopes/EPE-NAS,
        search.py; automl/NASLib (branch zerocost), naslib/predictors/pruners/measures/epe_nas.py.
    """

    name: str = "epe_nas"
    seed: int = 0
    num_samples: int | None = 64
    shared_by_function: bool = False
    candidates_per_chunk: int = 4
    uses_labels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples)

    def measure(self, subject: Subject) -> float:
        """See `NetworkMetric`."""
        assert subject.labels is not None
        num_classes = subject.program.layers[-1].channels
        gradients = input_gradients(subject).numpy()
        return class_score(gradients, subject.labels.numpy(), num_classes=num_classes)
