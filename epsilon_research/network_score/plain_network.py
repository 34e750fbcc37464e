"""A user's network run as it is, with constant parameters: the truth, and what serves otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from epsilon_research.programs.constant_weights import KEPT, WEIGHT, evaluation_copy
from epsilon_research.programs.network_output import (
    NetworkError,
    check_batch_axis,
    select_output,
)


def plain_outputs(
    network: nn.Module,
    images: torch.Tensor,
    weight: float,
    *,
    parameters: str,
    output: int | str | None = None,
    dtype: torch.dtype = torch.float64,
) -> np.ndarray:
    """The outputs of a copy of `network` with constant parameters, float64 (batch, units).

    The network runs on the device of its own parameters. PyTorch's random state, default type and
    the network itself are left as they are.

    Args:
        network: Any module that takes the images.
        images: A tensor with the batch as first axis.
        weight: The constant.
        parameters: Which become the constant, see `constant_weights.py`.
        output: Which of several outputs, see `select_output`.
        dtype: The type in which the network computes, but for what its own code casts.

    Raises:
        NetworkError: The network cannot be copied, or what it returns is not a batch of outputs.
        Exception: Whatever the network raises.
    """

    def constant(tensor: torch.Tensor, role: str) -> torch.Tensor:
        floating = tensor.is_floating_point()
        kind = dtype if floating else tensor.dtype
        if role == KEPT:
            return _kept(tensor, kind)
        device = _host(tensor.device)
        return nn.Parameter(
            torch.full(tensor.shape, weight * (role == WEIGHT), dtype=kind, device=device),
            requires_grad=floating,
        )

    copy = evaluation_copy(network, constant, parameters=parameters)
    if images.is_floating_point():
        images = images.to(dtype)
    with _alone(dtype):
        found = select_output(copy(images.to(_device(network))), output=output)
    values = check_batch_axis(found, batch_size=len(images)).detach().cpu()
    return values.to(torch.float64).reshape(len(images), -1).numpy()


def own_dtype(network: nn.Module) -> torch.dtype:
    """The type of the network's first parameter of real numbers, float32 without one."""
    kinds = (value.dtype for value in network.parameters() if value.is_floating_point())
    return next(kinds, torch.float32)


def _kept(tensor: torch.Tensor, kind: torch.dtype) -> torch.Tensor:
    if tensor.is_meta:
        raise NetworkError(
            "parameters and buffers that keep their values must have some, got one on the device "
            f"meta of shape {tuple(tensor.shape)}: load the network on another device"
        )
    copied = tensor.detach().to(kind, copy=True)
    return nn.Parameter(copied) if isinstance(tensor, nn.Parameter) else copied


def _device(network: nn.Module) -> torch.device:
    tensors = [*network.parameters(), *network.buffers()]
    return _host(tensors[0].device) if tensors else torch.device("cpu")


def _host(device: torch.device) -> torch.device:
    return torch.device("cpu") if device.type == "meta" else device


@contextmanager
def _alone(dtype: torch.dtype) -> Iterator[None]:
    """Runs what is inside without gradients, and undoes what it does to PyTorch's state."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.random.fork_rng(), torch.no_grad(), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_default_dtype(before)
