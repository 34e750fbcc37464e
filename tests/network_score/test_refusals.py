"""What cannot be scored is refused in a sentence."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from epsilon_research import score_network
from tests.network_score.networks import (
    Shortcut,
    small,
)


@pytest.mark.parametrize("engine", ["auto", "collapsed", "reference"])
@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (lambda x: x.index_fill(0, torch.tensor(3), math.nan), "finite, got NaN .* in image 3"),
        (lambda x: x * math.inf, "finite"),
        (lambda x: x[:2], "at least 3"),
        (lambda x: list(x), "must be a tensor or an array .* got list"),
        (lambda x: x.to("meta"), "real numbers, got a tensor without numbers"),
        (lambda x: x.to(torch.complex64), "real numbers, got torch.complex64"),
        (lambda x: x.numpy().astype(str), "real numbers, got <U32"),
        (lambda x: x[:, :, :0], "at least one pixel"),
    ],
)
def test_bad_images_are_refused_in_a_sentence(
    bad: Callable[[torch.Tensor], Any], sentence: str, engine: str, images: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=sentence):
        score_network(small(nn.ReLU()), bad(images), engine=engine)


class Returns(nn.Module):
    """Returns whatever a function makes of its features."""

    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x.mean((2, 3)))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (lambda x: x, "must be a torch.nn.Module, got function"),
        (nn.Linear, "must be a torch.nn.Module, got Linear"),
        (nn.Conv2d(5, 8, 3), r"take images of shape \(16, 3, 16, 16\), but raised RuntimeError"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(16, 8, 3)), "must take images"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(9)), "must take images"),
        (Returns(lambda x: None), "must be a tensor, got NoneType"),
        (Returns(lambda x: x.mean()), "first axis of a network's output must be the batch"),
        (Returns(lambda x: x.T), "first axis of a network's output must be the batch"),
        (nn.LazyConv2d(3, 1), "must have shapes, got the lazy parameter"),
    ],
)
def test_bad_networks_are_refused_in_a_sentence(
    network: Any, sentence: str, images: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=sentence):
        score_network(network, images)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"engine": "fast"}, "engine must be one of auto, collapsed, reference"),
        ({"parameters": "some"}, "parameters must be one of by_name, all"),
        ({"weights": (1, 1)}, "two distinct positive"),
        ({"self_check": "no"}, "self_check must be true or false"),
    ],
)
def test_bad_settings_are_refused(
    settings: dict[str, Any], sentence: str, images: torch.Tensor
) -> None:
    with pytest.raises(ValueError, match=sentence):
        score_network(small(nn.ReLU()), images, **settings)


def test_few_values_warn(images: torch.Tensor) -> None:
    network = small(nn.BatchNorm2d(8), nn.ReLU(), Shortcut())
    with pytest.warns(UserWarning, match=r"few outputs \(6 kept for the smaller weight"):
        found = score_network(network, images[:7])
    assert found.values_kept == (6, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert score_network(network, images).values_kept == (15, 15)
