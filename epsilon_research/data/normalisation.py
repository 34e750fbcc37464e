"""Normalisation of 8-bit images, as in the paper's code."""

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
from jaxtyping import Float32, UInt8

Triple = tuple[float, float, float]

CIFAR10_MEAN: Triple = (125.3 / 255, 123.0 / 255, 113.9 / 255)
CIFAR10_STD: Triple = (63.0 / 255, 62.1 / 255, 66.7 / 255)
CIFAR100_MEAN: Triple = (129.3 / 255, 124.1 / 255, 112.4 / 255)
CIFAR100_STD: Triple = (68.2 / 255, 65.4 / 255, 70.4 / 255)
IMAGENET16_MEAN: Triple = (122.68 / 255, 116.66 / 255, 104.01 / 255)
IMAGENET16_STD: Triple = (63.22 / 255, 61.26 / 255, 65.09 / 255)


def check_statistics(mean: object, std: object) -> None:
    """Refuses what cannot normalise three channels.

    Raises:
        ValueError: Not three finite means and three positive finite standard deviations.
    """
    if not _are_three_numbers(mean) or not _are_three_numbers(std) or min(std) <= 0:  # pyright: ignore[reportArgumentType]
        raise ValueError(
            "dataset.mean and dataset.std must be three finite numbers each, in units of 255 = 1, "
            f"and std positive, got {mean} and {std}: divide 8-bit values by 255"
        )


def _are_three_numbers(values: object) -> bool:
    return (
        isinstance(values, Sequence)
        and len(values) == 3
        and all(isinstance(value, Real) and math.isfinite(value) for value in values)
    )


def normalise(
    images: UInt8[np.ndarray, "batch height width 3"],
    *,
    mean: Sequence[float],
    std: Sequence[float],
) -> Float32[np.ndarray, "batch 3 height width"]:
    """(x / 255 − mean) / std by channel, computed in float64 and rounded once to float32."""
    values = (images / 255.0 - np.asarray(mean)) / np.asarray(std)
    return np.ascontiguousarray(values.astype(np.float32).transpose(0, 3, 1, 2))
