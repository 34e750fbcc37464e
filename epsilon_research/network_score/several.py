"""Scores of one network by several metrics, each a number or NaN with a reason."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import torch
from torch import nn

from epsilon_research.data import Minibatch
from epsilon_research.metrics import Candidate, Epsilon, Metric, scorer_of
from epsilon_research.metrics.epsilon import check_weights
from epsilon_research.metrics.epsilon_formula import RELATIVE
from epsilon_research.metrics.flops import Flops
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.metrics.single_pass import SinglePassMetric
from epsilon_research.network_score.plain_network import plain_outputs
from epsilon_research.network_score.result import MetricScore
from epsilon_research.programs.constant_weights import BY_NAME
from epsilon_research.programs.network_output import NetworkError
from epsilon_research.programs.tracing import UnsupportedLayerError

PSEUDO_LABELS = "the labels are pseudo-labels, since the images have none"
RUN = "counted while the network itself ran"

_IMAGES_TO_COUNT = 2
"""Batch norm by the minibatch refuses one image where maps have one pixel."""

EpsilonScorer = Callable[[tuple[float, float]], MetricScore]
"""The epsilon score for two weights."""
Subject = tuple[Candidate, Minibatch]
"""A network's program, and its images as metrics see them."""


def metric_scores(
    network: nn.Module,
    images: torch.Tensor,
    metrics: Mapping[str, Metric],
    *,
    epsilon: EpsilonScorer,
    subject: Callable[[], Subject],
) -> dict[str, MetricScore]:
    """Return the score of `network` by each metric.

    The network's own parameters are counted; all other metrics but epsilon draw parameters from
    their seed, as they do for architectures of search spaces.

    Args:
        network: Any module that takes the images.
        images: The batch is the first axis.
        metrics: Metrics by name.
        epsilon: Gives the epsilon score.
        subject: Gives what other metrics look at, or raises `UnsupportedLayerError`.
    """

    @cache  # which keeps no errors, and a network may take long to be refused
    def subject_or_error() -> Subject | UnsupportedLayerError:
        try:
            return subject()
        except UnsupportedLayerError as error:
            return error

    with _own_threads():
        return {
            name: _scored(network, images, metric, epsilon=epsilon, subject=subject_or_error)
            for name, metric in metrics.items()
        }


def _scored(
    network: nn.Module,
    images: torch.Tensor,
    metric: Metric,
    *,
    epsilon: EpsilonScorer,
    subject: Callable[[], Subject | UnsupportedLayerError],
) -> MetricScore:
    try:
        if isinstance(metric, Epsilon) and metric.dispersion == RELATIVE:
            return epsilon(check_weights(metric.weights))
        if isinstance(metric, NumParameters):
            return MetricScore(value=float(_count_parameters(network)))
        found = subject()
        if not isinstance(found, UnsupportedLayerError):
            return _of_program(metric, *found)
        return _counted(network, images) if isinstance(metric, Flops) else _undefined(str(found))
    except (UnsupportedLayerError, NetworkError) as error:
        return _undefined(str(error))
    except Exception as error:
        # Whatever a user's network raises, or a metric on a network that nobody has foreseen.
        return _undefined(f"{type(error).__name__}: {error}".splitlines()[0])


def _of_program(metric: Metric, candidate: Candidate, minibatch: Minibatch) -> MetricScore:
    score = scorer_of(metric, minibatch)(candidate)
    labelled = isinstance(metric, SinglePassMetric) and metric.uses_labels
    return MetricScore(
        value=score.value, reason=score.failure, note=PSEUDO_LABELS if labelled else None
    )


def _count_parameters(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters() if value.requires_grad)


def _counted(network: nn.Module, images: torch.Tensor) -> MetricScore:
    """Multiply-adds of a network without a program, products of attention included."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    some = images[:_IMAGES_TO_COUNT]
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # fused layers are not counted
    try:
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            plain_outputs(network, some, 1.0, parameters=BY_NAME)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    # A multiply-add is two floating-point operations.
    return MetricScore(value=counter.get_total_flops() / (2 * len(some)), note=RUN)


def _undefined(reason: str) -> MetricScore:
    return MetricScore(value=math.nan, reason=reason)


@contextmanager
def _own_threads() -> Iterator[None]:
    """Gives PyTorch back the number of threads that a metric takes from it."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)
