"""The epsilon score of any `torch.nn.Module`, for use outside the benchmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epsilon_research.data.minibatch import check_batch_size
from epsilon_research.metrics.epsilon import FLOAT32_DEFINED, RESOLUTION, check_weights
from epsilon_research.metrics.epsilon_formula import epsilon_score

if TYPE_CHECKING:
    import torch
    from torch import nn


_ROUNDING = 1e-5
"""Relative difference below which outputs of one sample count as the same number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkScore:
    """The score of one network and how it was computed."""

    value: float
    """The epsilon score; NaN where the outputs are constant or not finite, 0 where it is not larger
    than its rounding error."""
    resolution: float
    """The largest rounding error that the score is likely to have; NaN where it is not known, as of
    networks that run themselves."""
    engine: str
    """"collapsed" or "reference"."""
    note: str | None
    """Why the collapse could not be used, naming the layer; None if it was."""
    float32_defined: bool
    """Whether float32 arithmetic would have had a score."""


def score_network(
    network: "nn.Module",
    images: "torch.Tensor | np.ndarray",
    *,
    weights: Sequence[float] = (1e-7, 1.0),
    engine: str = "auto",
) -> NetworkScore:
    """Scores a network; its own parameters, buffers and mode are left as they are.

    All parameters are set to a constant, biases to zero, batch norm uses the minibatch, dropout
    does nothing. Where every layer can be collapsed, the exact fast path runs; otherwise the
    network itself does, in its own precision.

    Args:
        network: Takes the images, returns one tensor with the batch as first axis.
        images: One minibatch (batch, channels, height, width) of floats, at least three samples;
            for networks that run on the reference engine any tensor that the network takes.
        weights: The two constants.
        engine: "auto", "collapsed" (refuse what cannot be collapsed) or "reference".

    Raises:
        ValueError: The weights are not two distinct positive numbers, the minibatch has fewer than
            three samples, the engine does not exist, or the network cannot be collapsed with
            engine="collapsed".

    References:
        Gracheva, arXiv 2302.04406.
    """
    low, high = check_weights(weights)
    check_batch_size(len(images))
    if engine not in ("auto", "collapsed", "reference"):
        raise ValueError(f"engine must be auto, collapsed or reference, got {engine!r}")
    note = None
    if engine != "reference":
        from epsilon_research.programs.torch_tracer import UnsupportedLayerError

        try:
            return _collapsed(network, np.asarray(images), (low, high))
        except UnsupportedLayerError as error:
            if engine == "collapsed":
                raise
            note = str(error)
    return _reference(network, images, (low, high), note=note)


def _collapsed(
    network: "nn.Module", images: np.ndarray, weights: tuple[float, float]
) -> NetworkScore:
    from epsilon_research.collapse import lower
    from epsilon_research.data import Minibatch
    from epsilon_research.engines.collapsed import CollapsedEngine
    from epsilon_research.metrics import Candidate, Epsilon, scorer_of
    from epsilon_research.programs.torch_tracer import UnsupportedLayerError, from_torch

    if images.ndim != 4:
        raise UnsupportedLayerError(
            f"images must be (batch, channels, height, width), got shape {images.shape}"
        )
    _, channels, height, width = images.shape
    program = from_torch(network, channels=channels, height=height, width=width)
    try:
        plan = lower(program, height=height, width=width)
    except ValueError as error:
        raise UnsupportedLayerError(str(error)) from error
    candidate = Candidate(
        build=lambda _: program, num_classes=1, num_parameters=0, connected=plan.connected
    )
    minibatch = Minibatch(inputs=images.astype(np.float32), kind="images", dataset="given")
    found = scorer_of(Epsilon(weights=weights, engine=CollapsedEngine()), minibatch)(candidate)
    return NetworkScore(
        value=found.value,
        resolution=float(found.columns[RESOLUTION]),
        engine="collapsed",
        note=None,
        float32_defined=bool(found.columns[FLOAT32_DEFINED]),
    )


def _distinct(outputs: np.ndarray) -> np.ndarray:
    """One output per sample where all output units are one number but for rounding.

    Equal logits differ in their last digits, so that of a sample's copies only some would tie with
    the smallest output and be left out of the score.
    """
    spread = np.ptp(outputs, axis=1).max()
    same = spread <= _ROUNDING * np.abs(outputs).max()
    return outputs[:, 0] if same else outputs.ravel()


def _reference(
    network: "nn.Module",
    images: "torch.Tensor | np.ndarray",
    weights: tuple[float, float],
    *,
    note: str | None,
) -> NetworkScore:
    import copy

    import torch

    from epsilon_research.engines.reference import (
        is_defined,
        network_outputs,
        set_constant_weights,
        use_batch_statistics,
    )

    network = copy.deepcopy(network)
    use_batch_statistics(network)
    inputs = torch.as_tensor(images)
    outputs = []
    for weight in weights:
        set_constant_weights(network, weight)
        outputs.append(_distinct(network_outputs(network, inputs).reshape(len(inputs), -1)))
    return NetworkScore(
        value=epsilon_score(*outputs),
        resolution=float("nan"),
        engine="reference",
        note=note,
        float32_defined=all(is_defined(values.astype(np.float32)) for values in outputs),
    )
