"""AZ-NAS' proxies, measured together on the values between a network's blocks."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from epsilon_research.checks import check_choice
from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Evaluator, Metric, Pass, Score
from epsilon_research.metrics.network_metric import (
    NETWORK_CODE,
    NOISE,
    Subject,
    UndefinedScoreError,
    check_finite,
    check_settings,
    subjects,
)
from epsilon_research.metrics.untrained_network import (
    block_values,
    kaiming_initialisation,
    watching,
)
from epsilon_research.store import Evaluation, Form

if TYPE_CHECKING:
    import torch

PARTS = ("expressivity", "progressivity", "trainability")

_SHIFT = 1e-8
"""Keeps the logarithm of an entropy finite; the published value."""

_TRAINABILITY_SHIFT = 1e-6
"""Likewise the reciprocal."""


RANKS_LAST = "ranks_last"
"""Column: whether the score is undefined, but the published code ranks the network last."""

_LAST = ("identity_block", "constant_output", "overflow")
"""Reasons for which the published code has −∞ as a score, or NaN, which it replaces by −∞."""

_FAILURES = ("disconnected", "no_blocks", "constant_output", "overflow")
"""Reasons for which a network has none of the parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AzNas(Metric):
    """One of AZ-NAS' proxies; higher is better. Their fourth one, complexity, is `flops`.

    With f_0, f_1, … the values between blocks (`block_values`) and H(f) the entropy of f's
    principal components over images and pixels, eigenvalues of the covariance divided by their sum:

    - expressivity: Σ H(f_i);
    - progressivity: the least H(f_i) − H(f_{i−1});
    - trainability: the mean over blocks of 2 − s − 1/s, with s the largest singular value of the
      mean over images and pixels of g_in · g_outᵀ, where g_out are random signs and g_in their
      gradient through the block. NaN ("identity_block") where a block returns them unchanged.

    Weights are normal with variance 2/fan_in. All three are measured in one pass, so that with a
    score store the second and third cost nothing. AZ-NAS itself is the sum over the four of
    log(rank/n), with ranks (1 is the worst) among the n architectures compared.

    The published code ranks a network last where a proxy is −∞ or NaN. Here such a score is NaN
    with its reason, and the column `ranks_last` is True: aggregates and all protocols rank it below
    every other score (`analysis.ranked_scores`).

    Args:
        part: "expressivity", "progressivity" or "trainability".
        seed: Seed of the network's parameters, the signs and the noise.
        num_samples: Number of images, at most as many as the minibatch has; None takes as many.
        inputs: "noise", standard normal noise of the minibatch's shape, as published for
            NAS-Bench-201; "minibatch", the first images of the minibatch.

    References:
        Lee and Ham, "AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search", CVPR
        2024, section 3.2; cvlab-yonsei/AZ-NAS, NB201/ZeroShotProxy/compute_az_nas_score.py.

    Differs from: the published code in networks whose output does not depend on their input. It
    measures those too, where the path is cut by a product with 0; here they have no score.
    """

    part: str
    seed: int = 0
    num_samples: int | None = 64
    inputs: str = NOISE
    name: str = field(init=False)
    shared_by_function: bool = False
    candidates_per_chunk: int = 4

    def __post_init__(self) -> None:
        check_choice("part", self.part, PARTS)
        object.__setattr__(self, "name", f"az_{self.part}")
        check_settings(self.name, seed=self.seed, num_samples=self.num_samples, inputs=self.inputs)

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`; whether an undefined score ranks last."""
        return {RANKS_LAST: bool}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return {"part": self.part} | self._shared_settings

    @property
    def _shared_settings(self) -> dict[str, Any]:
        return {"seed": self.seed, "num_samples": self.num_samples, "inputs": self.inputs}

    @property
    def passes(self) -> Sequence[Pass]:
        """See `Metric`; one that gives all parts."""
        return (
            Pass(
                metric="az_nas",
                settings=self._shared_settings,
                engine={"torch": version("torch")},
                code=(__name__, *NETWORK_CODE),
                form=Form(length=len(PARTS), dtype="float64", columns={}, failures=_FAILURES),
            ),
        )

    def evaluator(self, minibatch: Minibatch) -> Evaluator:
        """See `Metric`; an evaluation holds the three parts."""
        subject_of = subjects(
            minibatch, name=self.name, seed=self.seed, num_samples=self.num_samples
        )

        def evaluate(candidate: Candidate, passes: Sequence[int]) -> list[Evaluation]:
            start = time.perf_counter()
            values, failure = np.empty(0), "disconnected"
            if candidate.connected:
                try:
                    values, failure = self._measure(subject_of(candidate)), None
                except UndefinedScoreError as error:
                    failure = str(error)
            seconds = time.perf_counter() - start
            return [Evaluation(values=values, failure=failure, seconds=seconds) for _ in passes]

        return evaluate

    def score(self, evaluations: Mapping[int, Evaluation]) -> Score:
        """See `Metric`."""
        (only,) = evaluations.values()
        failure, value = only.failure, math.nan
        if failure is None:
            value = float(only.values[PARTS.index(self.part)])
            failure = "identity_block" if math.isnan(value) else None
        return Score(value=value, failure=failure, columns={RANKS_LAST: failure in _LAST})

    def _measure(self, subject: Subject) -> np.ndarray:
        if self.inputs == NOISE:
            subject = subject._replace(images=subject.noise(*subject.images.shape))
        return measure_parts(subject)


def measure_parts(subject: Subject) -> np.ndarray:
    """The `PARTS` of a connected network, float64 (3).

    Raises:
        UndefinedScoreError: It has fewer than two values between blocks, or one that is constant or
            not finite.
    """
    network = subject.build(kaiming_initialisation)
    values: list[torch.Tensor] = []
    places = block_values(subject.program)
    with watching(network, places, outputs=lambda _, output: values.append(output)):
        network(subject.images)
    if len(values) < 2:
        raise UndefinedScoreError("no_blocks")
    entropies = np.array([component_entropy(value.detach()) for value in values])
    generator = subject.generator("signs")
    gains = []
    while len(values) > 1:
        # From the output on, so that a block's part of the graph can go once it is done.
        gains.append(block_trainability(values.pop(), values[-1], generator))
    return np.array([entropies.sum(), np.diff(entropies).min(), np.mean(gains)])


def component_entropy(maps: "torch.Tensor") -> float:
    """The entropy of the principal components of maps (batch, channels, height, width).

    Raises:
        UndefinedScoreError: The maps are constant or not finite.
    """
    import torch

    check_finite(maps)
    rows = maps.movedim(1, -1).flatten(0, -2).double()  # (batch · pixels, channels)
    centred = rows - rows.mean(dim=0)
    variances = torch.linalg.eigvalsh(centred.T @ centred).clamp_min(0)
    if variances.sum() == 0:
        raise UndefinedScoreError("constant_output")
    shares = variances / variances.sum()
    return float(-(shares * (shares + _SHIFT).log()).sum())


def block_trainability(
    output: "torch.Tensor", source: "torch.Tensor", generator: "torch.Generator"
) -> float:
    """2 − s − 1/s of a block, see `AzNas`; NaN for a block that does nothing."""
    import torch

    signs = torch.randint(0, 2, output.shape, generator=generator).to(output.dtype).mul(2).sub(1)
    (back,) = torch.autograd.grad(output, source, signs)
    check_finite(back)
    if torch.equal(back, signs):
        return math.nan
    # A block that halves the map: each of its inputs' pixels as a channel of its own.
    back = torch.nn.functional.pixel_unshuffle(back, back.shape[-1] // signs.shape[-1])
    rows = [value.movedim(1, -1).flatten(0, -2) for value in (back, signs)]
    mean = rows[0].T @ rows[1] / len(rows[1])
    largest = float(torch.linalg.matrix_norm(mean.double(), ord=2))
    return 2 - largest - 1 / (largest + _TRAINABILITY_SHIFT)
