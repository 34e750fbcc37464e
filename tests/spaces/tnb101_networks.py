"""TransNAS-Bench-101's encoder written out in PyTorch, around blocks of either level."""

from collections.abc import Callable

from torch import nn

Block = Callable[[int, int, int], nn.Module]
"""(channels before, channels after, stride) to a block."""


def relu_conv_bn(before: int, after: int, kernel_size: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, kernel_size, stride, kernel_size // 2, bias=False)
    return [nn.ReLU(), convolution, nn.BatchNorm2d(after)]


def encoder(kinds: str, block: Block, num_outputs: int) -> nn.Module:
    """The layers that `kinds` names, a global mean and a linear head."""
    stem = [nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), *relu_conv_bn(32, 64, 3, 2)]
    layers: list[nn.Module] = []
    channels = 64
    for kind in kinds:
        after, stride = channels * (1 + (kind in "24")), 1 + (kind in "34")
        layers += [block(channels, after, stride), block(after, after, 1)]
        channels = after
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_outputs)]
    return nn.Sequential(*stem, *layers, *head)
