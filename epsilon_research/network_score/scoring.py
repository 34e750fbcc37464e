"""The epsilon score of any `torch.nn.Module`, for use outside the benchmarks."""

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, overload

import numpy as np
import torch
from torch import nn

from epsilon_research.checks import check_boolean, check_choice
from epsilon_research.collapse import lower
from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Candidate, Epsilon
from epsilon_research.metrics.base import evaluations_of
from epsilon_research.metrics.chosen import ChosenMetrics, chosen_metrics
from epsilon_research.metrics.epsilon import FLOAT32_DEFINED, RESOLUTION, check_weights
from epsilon_research.network_score.images import as_images
from epsilon_research.network_score.reference import reference_score
from epsilon_research.network_score.result import (
    COLLAPSED,
    ONLY_ROUNDING,
    REFERENCE,
    MetricScore,
    NetworkScore,
)
from epsilon_research.network_score.self_check import disagreement
from epsilon_research.network_score.several import metric_scores
from epsilon_research.programs import Program, count_parameters
from epsilon_research.programs.constant_weights import BY_NAME, PARAMETERS
from epsilon_research.programs.tracing import UnsupportedLayerError, from_torch

FEW_OUTPUTS = "the score stands on few outputs"
"""Beginning of the warning that a score is a mean over few numbers."""

_ENGINES = ("auto", COLLAPSED, REFERENCE)

_NO_SCORE = 1.0
"""A resolution of the size of scores themselves: of outputs that would all be one number in exact
arithmetic."""


@overload
def score_network(
    network: nn.Module,
    images: "torch.Tensor | np.ndarray",
    *,
    metrics: None = None,
    weights: Sequence[float] = ...,
    engine: str = ...,
    output: int | str | None = ...,
    parameters: str = ...,
    self_check: bool = ...,
) -> NetworkScore: ...
@overload
def score_network(
    network: nn.Module,
    images: "torch.Tensor | np.ndarray",
    *,
    metrics: ChosenMetrics,
    weights: Sequence[float] = ...,
    engine: str = ...,
    output: int | str | None = ...,
    parameters: str = ...,
    self_check: bool = ...,
) -> dict[str, MetricScore]: ...
def score_network(
    network: nn.Module,
    images: "torch.Tensor | np.ndarray",
    *,
    metrics: ChosenMetrics | None = None,
    weights: Sequence[float] = (1e-7, 1.0),
    engine: str = "auto",
    output: int | str | None = None,
    parameters: str = BY_NAME,
    self_check: bool = True,
) -> NetworkScore | dict[str, MetricScore]:
    """Scores a network; its own parameters, buffers, hooks and mode are left as they are.

    Weights are set to a constant and biases to zero (`programs/constant_weights.py` has the rule),
    batch norm uses the minibatch, dropout does nothing. Where every layer can be collapsed, the
    exact fast path runs; otherwise the network itself does, in float64, and `note` says why.

    Args:
        network: Takes the images, returns a tensor with the batch as first axis, or several.
        images: One minibatch (batch, channels, height, width), at least three samples, of any
            numeric type and device; networks that run themselves take other shapes, too.
        metrics: Names (`conf/metric`) or objects of metrics, instead of epsilon alone. Of all but
            the counts a network has parameters of their own drawing, and pseudo-labels where they
            need labels.
        weights: The two constants.
        engine: "auto", "collapsed" (refuse what cannot be collapsed) or "reference".
        output: Index or key of the output to score; None: the last tensor of two axes.
        parameters: "by_name", or "all" to set every parameter to the constant.
        self_check: Whether the first time a network is collapsed it is run itself on two images,
            for comparison. If both differ, the network itself is scored, and `note` says so.

    Returns:
        The epsilon score; with `metrics` the score of each by its name, NaN with a reason also
        where the network does not take the images or returns no batch of outputs.

    Raises:
        ValueError: The weights are not two distinct positive numbers, the images are not finite or
            fewer than three, the network does not take them or returns no batch of outputs, a
            metric or an option does not exist, or the network cannot be collapsed with
            engine="collapsed".

    Warns:
        UserWarning: Fewer than ten outputs are kept for one of the weights.

    References:
        Gracheva, arXiv 2302.04406.
    """
    pair = check_weights(weights)
    check_choice("engine", engine, _ENGINES)
    check_choice("parameters", parameters, PARAMETERS)
    check_boolean("self_check", self_check)
    check_network(network)
    which: dict[str, Any] = {
        "self_check": self_check, "output": output, "parameters": parameters
    }  # fmt: skip
    score = partial(_score, network, engine=engine, **which)
    if metrics is None:
        return _warned(score(as_images(images), pair))
    chosen = chosen_metrics(metrics, weights=pair, engine=CollapsedEngine(dtype="auto"))
    minibatch = as_images(images)
    found = metric_scores(
        network,
        minibatch,
        chosen,
        epsilon=lambda weights: score(minibatch, weights),
        subject=lambda: (_candidate(network, minibatch, **which), as_minibatch(minibatch)),
    )
    for one in found.values():
        if isinstance(one, NetworkScore):
            _warned(one)
    return found


def check_network(network: Any) -> None:
    """Refuses what is not a network.

    Raises:
        ValueError: It is not a module.
    """
    if not isinstance(network, nn.Module):
        kind = network.__name__ if isinstance(network, type) else type(network).__name__
        raise ValueError(
            f"network must be a torch.nn.Module, got {kind}: wrap a function in a module's forward"
        )


def _score(
    network: nn.Module,
    images: torch.Tensor,
    weights: tuple[float, float],
    *,
    engine: str,
    self_check: bool,
    **which: Any,
) -> NetworkScore:
    note = None
    if engine != REFERENCE:
        try:
            candidate = _candidate(network, images, self_check=self_check, **which)
            return _collapsed(candidate, images, weights)
        except UnsupportedLayerError as error:
            note = str(error)
        if engine == COLLAPSED:
            raise UnsupportedLayerError(note)
    return reference_score(network, images, weights, note=note, **which)


def _candidate(
    network: nn.Module, images: torch.Tensor, *, self_check: bool, **which: Any
) -> Candidate:
    """The network as metrics see it: a program that was compared with it.

    Raises:
        UnsupportedLayerError: There is none, it cannot be collapsed, or it is not the network's.
    """
    program = traced(network, images, **which)
    height, width = images.shape[2:]
    try:
        connected = lower(program, height=height, width=width).connected
    except ValueError as error:
        raise UnsupportedLayerError(str(error)) from error
    wrong = disagreement(network, program, images, **which) if self_check else None
    if wrong is not None:
        raise UnsupportedLayerError(
            f"the collapse does not agree with the network on two images: {wrong}"
        )
    return Candidate(
        build=lambda _: program,
        num_classes=program.num_outputs,
        num_parameters=count_parameters(program),
        connected=connected,
    )


def traced(
    network: nn.Module, images: torch.Tensor, *, output: int | str | None, parameters: str
) -> Program:
    """The program of a network for images of that shape.

    Raises:
        UnsupportedLayerError: There is none, or it cannot be collapsed; with the reasons.
    """
    if images.ndim != 4:
        raise UnsupportedLayerError(
            f"images must be (batch, channels, height, width), got shape {tuple(images.shape)}"
        )
    _, channels, height, width = images.shape
    return from_torch(
        network,
        channels=channels,
        height=height,
        width=width,
        output=output,
        parameters=parameters,
    )


def _collapsed(
    candidate: Candidate, images: torch.Tensor, weights: tuple[float, float]
) -> NetworkScore:
    metric = Epsilon(weights=weights, engine=CollapsedEngine(dtype="float64"))
    evaluate = metric.evaluator(as_minibatch(images))
    evaluations = evaluations_of(metric, evaluate, candidate)
    score = metric.score(evaluations)
    finest = [evaluations[number].values for number in sorted(evaluations)[-2:]]
    kept = [int(np.count_nonzero(~np.isnan(values))) for values in finest]
    value, reason, note = score.value, score.failure, None
    resolution = float(score.columns[RESOLUTION])
    if resolution > _NO_SCORE:
        value, resolution, reason, note = math.nan, math.nan, "constant_output", ONLY_ROUNDING
    return NetworkScore(
        value=value,
        resolution=resolution,
        engine=COLLAPSED,
        reason=reason,
        note=note,
        float32_defined=bool(score.columns[FLOAT32_DEFINED]) and reason is None,
        values_kept=(kept[0], kept[1]),
    )


def as_minibatch(images: torch.Tensor) -> Minibatch:
    """The images as metrics see them."""
    return Minibatch(inputs=images.float().numpy(), kind="images", dataset="given")


def _warned(score: NetworkScore) -> NetworkScore:
    """The score, with a warning where it is a mean over few outputs."""
    if not math.isnan(score.value) and min(score.values_kept) < NetworkScore.FEW:
        warnings.warn(
            f"{FEW_OUTPUTS} ({score.values_kept[0]} kept for the smaller "
            f"weight, {score.values_kept[1]} for the larger one): score more images",
            stacklevel=3,
        )
    return score
