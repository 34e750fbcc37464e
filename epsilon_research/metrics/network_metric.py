"""The base class of metrics of the untrained network, with one output per class."""

import math
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from epsilon_research.checks import check_choice, check_integer
from epsilon_research.data import Minibatch, labels_of
from epsilon_research.data.base import IMAGES
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric, parameters_of
from epsilon_research.metrics.untrained_network import (
    Initialise,
    build_network,
    default_initialisation,
    generator_of,
)
from epsilon_research.programs import Program, RecurrentProgram

if TYPE_CHECKING:
    import torch

    from epsilon_research.programs.torch_reader import Network

PSEUDO_LABELS = "pseudo_labels"
"""Column: whether the labels were drawn, since the dataset has none."""

NETWORK_CODE = (
    "epsilon_research.metrics.correlations",
    "epsilon_research.metrics.network_gradients",
    "epsilon_research.metrics.network_metric",
    "epsilon_research.metrics.untrained_network",
    "epsilon_research.data.labels",
    "epsilon_research.programs",
)
"""Modules that the metrics on untrained networks share."""

NOISE, MINIBATCH = INPUTS = ("noise", "minibatch")
"""Inputs of a network: standard normal noise, or images of the minibatch."""

FAILURES = (
    "disconnected", "overflow", "one_value_per_channel", "no_flow", "constant_gradient",
    "no_activation", "constant_output", "singular_kernel",
)  # fmt: skip
"""Reasons for which an untrained network has no score."""

_ONE_VALUE = "Expected more than 1 value per channel"
"""PyTorch's words where batch norm has no statistics: one image on maps of one pixel."""


class UndefinedScoreError(Exception):
    """Raised where a network has no score; the message is the reason, in one word."""


def check_finite(values: "torch.Tensor") -> None:
    """Check that all values are finite.

    Raises:
        UndefinedScoreError: One is NaN or infinite; the reason is "overflow".
    """
    if not values.isfinite().all():
        raise UndefinedScoreError("overflow")


class Subject(NamedTuple):
    """A network and the part of the minibatch on which a metric measures it.

    `images` are float32 (batch, channels, height, width); `labels` are int64 (batch), None for
    metrics that do not need them.
    """

    program: Program
    images: "torch.Tensor"
    labels: "torch.Tensor | None"
    seed: int

    def build(self, initialise: Initialise = default_initialisation) -> "Network":
        """A new network, with the same parameters at every call."""
        generator = self.generator("parameters")
        return build_network(self.program, generator=generator, initialise=initialise)

    def generator(self, purpose: str) -> "torch.Generator":
        """A generator for the draws of one purpose, such as noise."""
        return generator_of(self.seed, purpose)

    def noise(self, *shape: int) -> "torch.Tensor":
        """Standard normal noise, float32, the same at every call."""
        import torch

        return torch.randn(shape, generator=self.generator("noise"))


class NetworkMetric(SinglePassMetric):
    """A metric that is measured on the network before training.

    Its fields are `seed`, of the parameters and of all other draws, and for most metrics
    `num_samples`, the number of images to use (None: all). Measured in one thread and float32, with
    batch norm by the minibatch. A value that is not finite becomes NaN with a reason.
    """

    seed: int
    num_samples: int | None = None
    uses_labels: ClassVar[bool] = False
    needs_connection: ClassVar[bool] = True
    """True if a network whose output does not depend on its input has no score."""
    further_code: ClassVar[Sequence[str]] = NETWORK_CODE
    made_by: ClassVar[Mapping[str, Any]] = {"torch": version("torch")}
    failures: ClassVar[Collection[str] | None] = FAILURES
    """See `SinglePassMetric`; a metric with reasons of its own has them beside `FAILURES`."""

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`; with labels, whether they were drawn."""
        return {PSEUDO_LABELS: bool} if self.uses_labels else {}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        labels = {"labels": "of the dataset, else pseudo-labels"} if self.uses_labels else {}
        return dict(parameters_of(self)) | labels

    @abstractmethod
    def measure(self, subject: Subject) -> float:
        """The score of a connected network.

        Raises:
            UndefinedScoreError: It has none.
        """

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`.

        Raises:
            ValueError: The minibatch does not hold images. A setting that does not fit the
                minibatch is refused then, or when a candidate is scored.
        """
        columns = {PSEUDO_LABELS: minibatch.labels is None} if self.uses_labels else {}
        subject_of = subjects(
            minibatch,
            name=self.name,
            seed=self.seed,
            num_samples=self.num_samples,
            uses_labels=self.uses_labels,
        )

        def score(candidate: Candidate) -> Score:
            if self.needs_connection and not candidate.connected:
                return Score(value=math.nan, failure="disconnected", columns=columns)
            try:
                value = self.measure(subject_of(candidate))
            except UndefinedScoreError as error:
                return Score(value=math.nan, failure=str(error), columns=columns)
            except ValueError as error:
                if not str(error).startswith(_ONE_VALUE):
                    raise
                return Score(value=math.nan, failure="one_value_per_channel", columns=columns)
            if not math.isfinite(value):
                return Score(value=math.nan, failure="overflow", columns=columns)
            return Score(value=value, columns=columns)

        return score


def check_settings(
    name: str,
    *,
    seed: int,
    num_samples: int | None = None,
    repeats: int = 1,
    inputs: str = MINIBATCH,
) -> None:
    """Check the settings of a network metric.

    Raises:
        ValueError: `seed` is negative, there are fewer than two samples or no repeat, or `inputs`
            is not one of `INPUTS`.
    """
    check_integer(f"metric.{name}.seed", seed, at_least=0, example=0)
    samples = f"metric.{name}.num_samples"
    check_integer(samples, num_samples, at_least=2, example=64, or_null=True)
    check_integer(f"metric.{name}.repeats", repeats, at_least=1, example=4)
    check_choice(f"metric.{name}.inputs", inputs, INPUTS)


def check_images_wanted(name: str, kind: str, dataset: str) -> None:
    """Check that a minibatch holds images, since networks of tokens have no such score.

    Raises:
        ValueError: `kind` is not "images".
    """
    if kind != IMAGES:
        raise ValueError(
            f"metric {name} must be given networks of images, got {kind} of {dataset}: choose "
            "epsilon, num_parameters, num_layers or flops for recurrent networks"
        )


def subjects(
    minibatch: Minibatch,
    *,
    name: str,
    seed: int,
    num_samples: int | None,
    uses_labels: bool = False,
) -> Callable[[Candidate], Subject]:
    """A function from a candidate to the subject that the metric `name` measures.

    Raises:
        ValueError: The minibatch does not hold images.
    """
    check_images_wanted(name, minibatch.kind, minibatch.dataset)
    import torch

    # One thread whatever the number of processes, so that sums are always rounded alike.
    torch.set_num_threads(1)
    images = torch.from_numpy(minibatch.inputs[:num_samples].copy())

    def subject(candidate: Candidate) -> Subject:
        program = candidate.classifier
        if isinstance(program, RecurrentProgram):
            check_images_wanted(name, "a recurrent network", minibatch.dataset)
        assert isinstance(program, Program)
        labels = None
        if uses_labels:
            known = labels_of(minibatch, num_classes=program.layers[-1].channels)
            labels = torch.from_numpy(known[:num_samples].copy())
        return Subject(program, images, labels, seed)

    return subject
