"""Networks in many styles of writing: the traced program computes what the network does."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from epsilon_research.programs.constant_weights import evaluation_copy, set_constants
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.programs.tracing import UnsupportedLayerError, from_torch

Forward = Callable[[nn.Module, torch.Tensor], torch.Tensor]


class Styled(nn.Module):
    """A stem, two convolutions, a depthwise one and a head, used as `forward` says."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.one = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.GELU())
        self.two = nn.Conv2d(16, 8, 1, groups=4)
        self.gate = nn.Conv2d(8, 8, 1)
        self.norm = nn.LayerNorm(16)
        self.gamma = nn.Parameter(torch.linspace(0.5, 2, 8).reshape(8, 1, 1))
        self.register_buffer("blur", torch.tensor([1.0, 2, 1]).outer(torch.tensor([1.0, 2, 1])))
        self.styled = forward

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.styled(self, self.stem(images)).mean((2, 3))


def _aliased_relu(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    y = net.one[0](x)
    z = functional.relu(y, inplace=True)
    return y + net.one(z)


def _write_through_a_view(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    x.view(len(x), -1).mul_(0.5).add_(1.0)
    return x + net.one(x)


def _slices_written(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    y = net.one(x)
    y[:, ::2] = x[:, ::2]
    y[:, :, 1:3] += 1.0
    return net.one(y)


def _shuffled(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    both = torch.cat([x, net.one(x)], 1)
    batch, channels, height, width = both.shape
    mixed = both.view(batch, 2, channels // 2, height, width).transpose(1, 2)
    return net.two(mixed.reshape(batch, channels, height, width))


def _space_to_channels(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    y = x.view(x.size(0), 32, 4, 4)
    return functional.pixel_shuffle(y, 2).flip(3).roll(1, 2)


def _gated(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    gate = torch.sigmoid(net.gate(x.mean((2, 3), keepdim=True)))
    return x * gate.expand_as(x) + (1 - gate) * net.gamma * net.one(x)


def _channels_last(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    both = torch.cat([x, net.one(x)], 1).permute(0, 2, 3, 1)
    return functional.relu(net.norm(both)).permute(0, 3, 1, 2)


def _resampled(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    small = functional.adaptive_avg_pool2d(functional.pad(x, (1, 2, 0, -1), value=0.5), 3)
    return functional.interpolate(small, size=x.shape[2:], mode="bilinear") - 0.1 * x


def _blurred(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    kernel = net.blur.expand(8, 1, 3, 3)
    return net.one(functional.conv2d(x, kernel, stride=2, padding=1, groups=8))


def _normalised_features(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    x = torch.cat([x, net.one(x)], 1)
    return functional.normalize(x, dim=1) + x / (x.std((2, 3), keepdim=True) + 1e-3)


def _softmax_over_branches(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    branches = torch.stack([x, net.one(x)], 1)
    weights = torch.softmax(branches.mean((3, 4), keepdim=True), 1)
    return sum(branch for branch in (branches * weights).unbind(1))


STYLES = [
    _aliased_relu, _write_through_a_view, _slices_written, _shuffled, _space_to_channels, _gated,
    _channels_last, _resampled, _blurred, _normalised_features, _softmax_over_branches,
]  # fmt: skip


def _assert_same(network: nn.Module, size: int = 8) -> None:
    images = torch.randn(4, 3, size, size, dtype=torch.float64)
    program = from_torch(network, channels=3, height=size, width=size)
    traced = to_torch(program).double()

    def parameter(tensor: torch.Tensor, role: str) -> torch.Tensor:
        if not tensor.is_floating_point():
            return tensor
        values = {"weight": 0.05, "bias": 0.0}
        tensor = tensor.double()
        return torch.full_like(tensor, values[role]) if role in values else tensor

    plain = evaluation_copy(network, parameter)
    set_constants(traced, 0.05)
    with torch.inference_mode():
        expected, found = plain(images).flatten(), traced(images).flatten()
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__.strip("_"))
def test_a_style_of_writing_is_followed(style: Forward) -> None:
    _assert_same(Styled(style))


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, (1, 7), padding=(0, 3), dilation=(1, 1), padding_mode="reflect"),
        nn.Conv2d(8, 8, 3, padding="same", dilation=2, padding_mode="circular"),
        nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, groups=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False),
        nn.AdaptiveMaxPool2d((3, 5)),
        nn.GroupNorm(2, 8),
        nn.InstanceNorm2d(8, track_running_stats=True),
        nn.LocalResponseNorm(3),
        nn.BatchNorm2d(8, affine=False),
        nn.PReLU(8),
        nn.Softshrink(),
        nn.LogSigmoid(),
        nn.ReLU6(inplace=True),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_layer_is_followed(layer: nn.Module) -> None:
    _assert_same(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), layer, nn.Flatten()), 9)


def test_hooks_and_parametrisations_are_followed() -> None:
    network = Styled(lambda net, x: x + net.one(x))
    network.stem.register_forward_hook(lambda module, inputs, output: output * 2 + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nn.utils.weight_norm(network.one[0])
    program = from_torch(network, channels=3, height=8, width=8)
    kinds = [type(layer.operation).__name__ for layer in program.layers]
    assert kinds.count("Affine") == 2
    assert kinds.count("Convolution") == 2


def test_all_that_is_unsupported_is_listed_at_once() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.Hardshrink(), nn.Conv2d(8, 8, 1), nn.Threshold(0.1, 20)
    )
    with pytest.raises(UnsupportedLayerError, match=r"layer 1 \(Hardshrink\)") as found:
        from_torch(network, channels=3, height=8, width=8)
    assert found.match(r"hardshrink")


def test_a_network_that_mixes_images_is_refused() -> None:
    network = Styled(lambda net, x: x + x.flip(0))
    with pytest.raises(UnsupportedLayerError, match="different images must not be mixed"):
        from_torch(network, channels=3, height=8, width=8)


def test_a_branch_on_numbers_is_refused() -> None:
    network = Styled(lambda net, x: x if x.sum() > 0 else net.one(x))
    with pytest.raises(UnsupportedLayerError, match="over the batch axis"):
        from_torch(network, channels=3, height=8, width=8)
