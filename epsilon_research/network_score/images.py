"""The minibatch of a user, checked, in the form that both engines take."""

from typing import Any

import numpy as np
import torch

from epsilon_research.data.minibatch import check_batch_size


def as_images(images: Any) -> torch.Tensor:
    """The minibatch on the CPU, without a graph, at least float32.

    Args:
        images: A tensor of any type on any device, or an array; the first axis is the batch.

    Raises:
        ValueError: It is neither, has fewer than three samples, or numbers that are not finite.
    """
    if not isinstance(images, torch.Tensor | np.ndarray):
        raise ValueError(
            "images must be a tensor or an array (batch, channels, height, width), got "
            f"{type(images).__name__}: stack them, e.g. with torch.stack"
        )
    tensor = _tensor(images)
    if tensor.ndim == 0 or tensor.numel() == 0:
        raise ValueError(
            "images must be (batch, channels, height, width) with at least one pixel, got shape "
            f"{tuple(tensor.shape)}"
        )
    check_batch_size(len(tensor))
    if not all(bool(end.isfinite()) for end in tensor.aminmax()):
        wrong = int(torch.nonzero(~tensor.isfinite())[0, 0])
        raise ValueError(
            "images must be finite, got NaN or infinite values, the first in image "
            f"{wrong} of the minibatch (counted from 0): correct them"
        )
    return tensor


def _tensor(images: "torch.Tensor | np.ndarray") -> torch.Tensor:
    try:
        # A copy of an array: PyTorch warns of those that are read-only, and takes no reversed ones.
        tensor = torch.from_numpy(images.copy()) if isinstance(images, np.ndarray) else images
    except TypeError as error:
        raise ValueError(
            f"images must be real numbers, got {images.dtype}: convert them"
        ) from error
    if tensor.is_meta or tensor.is_complex():
        kind = "a tensor without numbers" if tensor.is_meta else str(tensor.dtype)
        raise ValueError(f"images must be real numbers, got {kind}: convert them")
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        return tensor if tensor.dtype == torch.float64 else tensor.float()
    # Integers that are not images may be tokens, which a network looks up.
    return tensor.float() if tensor.ndim == 4 else tensor
