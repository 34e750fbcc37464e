"""The score of a network that cannot be collapsed: the network itself, in float64."""

import numpy as np
import torch
from torch import nn

from epsilon_research.collapse import has_spread
from epsilon_research.metrics.epsilon_formula import normalise_outputs, score_resolution
from epsilon_research.metrics.random_initialisation import score_of
from epsilon_research.network_score.plain_network import own_dtype, plain_outputs
from epsilon_research.network_score.result import ONLY_ROUNDING, REFERENCE, NetworkScore
from epsilon_research.network_score.rounding import NOISE, Run, measured_rounding
from epsilon_research.programs.network_output import NetworkError

_PERTURBED = 8
"""Images on which the effect of rounding is measured."""


def reference_score(
    network: nn.Module,
    images: torch.Tensor,
    weights: tuple[float, float],
    *,
    parameters: str,
    output: int | str | None,
    note: str | None,
) -> NetworkScore:
    """The score of `network` run as it is.

    In float64; a network whose code insists on another type runs in its own.

    Raises:
        NetworkError: The network does not take the images, or returns no batch of outputs.
    """

    def run_in(dtype: torch.dtype) -> Run:
        return lambda some, weight: plain_outputs(
            network, some, weight, parameters=parameters, output=output, dtype=dtype
        )

    dtype = torch.float64
    try:
        pair = [run_in(dtype)(images, weight) for weight in weights]
    except NetworkError:
        raise
    except Exception as error:
        # Whatever the forward of a user's network raises, on a type that it does not expect too.
        dtype = own_dtype(network)
        pair = _run_in_own_type(run_in(dtype), images, weights)
        note = "; ".join(filter(None, [note, f"the network runs in {dtype} only: {_line(error)}"]))
    rounding = [
        measured_rounding(run_in(dtype), images[:_PERTURBED], weight, dtype=dtype)
        for weight in weights
    ]
    return _score(*pair, rounding=(rounding[0], rounding[1]), dtype=dtype, note=note)


def _run_in_own_type(
    run: Run, images: torch.Tensor, weights: tuple[float, float]
) -> list[np.ndarray]:
    try:
        return [run(images, weight) for weight in weights]
    except NetworkError:
        raise
    except Exception as error:
        raise NetworkError(
            f"the network must take images of shape {tuple(images.shape)}, but raised "
            f"{type(error).__name__}: {_line(error)}"
        ) from error


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _score(
    low: np.ndarray,
    high: np.ndarray,
    *,
    rounding: tuple[float, float],
    dtype: torch.dtype,
    note: str | None,
) -> NetworkScore:
    first, second = distinct(low, high, tolerance=_tolerance(dtype))
    score = score_of(first, second)
    value, reason, resolution = score.value, score.failure, float("nan")
    normalised = [normalise_outputs(values) for values in (first, second)]
    if reason is None and max(rounding) > NOISE:
        value, reason = float("nan"), "constant_output"
        note = "; ".join(filter(None, [note, ONLY_ROUNDING]))
    elif reason is None:
        # Outputs that saturate are equal exactly, which nothing distinguishes here from those that
        # are so by rounding: that leaves the score open, but does not make it 0.
        smooth, resolution = (
            score_resolution(
                normalised[0],
                normalised[1],
                rounding=rounding,
                unit_roundoff=torch.finfo(dtype).eps / 2,
                exact_ties=exact,
            )
            for exact in (True, False)
        )
        value = value if value > smooth or dtype != torch.float64 else 0.0
    with np.errstate(over="ignore"):
        single = all(has_spread(values.astype(np.float32)) for values in (first, second))
    kept = [int(np.count_nonzero(~np.isnan(values))) for values in normalised]
    return NetworkScore(
        value=value,
        resolution=resolution,
        engine=REFERENCE,
        reason=reason,
        note=note,
        float32_defined=single and reason is None,
        values_kept=(kept[0], kept[1]),
    )


def _tolerance(dtype: torch.dtype) -> float:
    """Relative difference below which outputs of one sample count as the same number."""
    return 100 * torch.finfo(dtype).eps ** 0.75


def distinct(
    low: np.ndarray, high: np.ndarray, *, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """One output per sample where all units are one number in both weights, but for rounding.

    Equal logits differ in their last digits, so that of a sample's copies only some would tie with
    the smallest output and be left out of the score. Outputs that are not finite say nothing.
    """
    finite = [values for values in (low, high) if np.isfinite(values).all()]
    if all(np.ptp(v, axis=1).max() <= tolerance * np.abs(v).max() for v in finite):
        return low[:, 0], high[:, 0]
    return low.ravel(), high.ravel()
