"""What operations beyond those of the benchmarks' cells become on channel groups."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from epsilon_research.collapse.groups import (
    ZERO,
    Groups,
    Terms,
    aligned,
    cut,
    each,
    merged,
    registers_of,
    weighted,
)
from epsilon_research.collapse.matrices import (
    adaptive_bands,
    dense,
    pad_bands,
    stretch_bands,
)
from epsilon_research.collapse.plan import Op
from epsilon_research.collapse.registry import Registry
from epsilon_research.programs.operations import (
    Activation,
    AdaptiveMaxPool,
    Affine,
    Broadcast,
    ChannelMaximum,
    ChannelMean,
    ChannelNorm,
    Divide,
    GroupNorm,
    LocalResponseNorm,
    Maximum,
    Multiply,
    Operation,
    Pad,
    PReLU,
    Rearrange,
    ShuffleChannels,
    Size,
    Softmax,
    SpatialLinear,
)

Sizes = list[Size]
"""Sizes of each input, and last of the result."""


def _one(register: int) -> Terms:
    return weighted([(1, register)])


def _num_channels(groups: Groups) -> int:
    return sum([channels for channels, _ in groups])


def _spatial_linear(low: Registry, op: SpatialLinear, inputs: list[Groups], sizes: Sizes) -> Groups:
    bands = dense(op.rows), dense(op.columns)
    return each(inputs[0], lambda register: low.spatial(_one(register), bands, sizes[-1]))


def _pad(low: Registry, op: Pad, inputs: list[Groups], sizes: Sizes) -> Groups:
    bands = pad_bands(op, sizes[0], sizes[-1])
    return each(inputs[0], lambda register: low.spatial(_one(register), bands, sizes[-1]))


def _adaptive_max_pool(
    low: Registry, op: AdaptiveMaxPool, inputs: list[Groups], sizes: Sizes
) -> Groups:
    bands = adaptive_bands(sizes[0], sizes[-1])
    return each(
        inputs[0], lambda register: low.spatial(_one(register), bands, sizes[-1], maximum=True)
    )


def _activation(low: Registry, op: Activation, inputs: list[Groups], sizes: Sizes) -> Groups:
    if op.kind == "clamp" and op.parameters == (0.0, float("inf")):
        return each(inputs[0], lambda register: low.pointwise(Op.RECTIFY, register))
    return each(
        inputs[0],
        lambda register: (
            low.apply(op.kind, register, sizes[-1], numbers=op.parameters)
            if register != ZERO or not _keeps_zero(op)
            else ZERO
        ),
    )


def _keeps_zero(op: Activation) -> bool:
    """Whether the function is 0 at 0."""
    if op.kind == "clamp":
        return op.parameters[0] <= 0 <= op.parameters[1]
    if op.kind == "power":
        return op.parameters[0] > 0
    return op.kind not in ("sigmoid", "hardsigmoid", "softplus", "exp", "log")


def _prelu(low: Registry, op: PReLU, inputs: list[Groups], sizes: Sizes) -> Groups:
    return each(
        inputs[0],
        lambda register: (
            low.apply("leaky_relu", register, sizes[-1], numbers=(1.0,), power=1)
            if register != ZERO
            else ZERO
        ),
    )


def _affine(low: Registry, op: Affine, inputs: list[Groups], sizes: Sizes) -> Groups:
    def one(register: int, factor: float, offset: float) -> int:
        return low.affine(
            register,
            sizes[-1],
            factor=factor,
            power=op.power,
            offset=offset,
            offset_power=op.offset_power,
        )

    factor, offset = op.factor, op.offset
    if not isinstance(factor, tuple) and not isinstance(offset, tuple):
        return each(inputs[0], lambda register: one(register, factor, offset))
    channels = _num_channels(inputs[0])
    factors = factor if isinstance(factor, tuple) else (factor,) * channels
    offsets = offset if isinstance(offset, tuple) else (offset,) * channels
    numbers = zip(registers_of(inputs[0]), factors, offsets, strict=True)
    return merged([(1, one(*given)) for given in numbers])


def _pairwise(op: Op) -> Callable[..., Groups]:
    def lowered(low: Registry, _: Operation, inputs: list[Groups], sizes: Sizes) -> Groups:
        found = []
        for channels, registers in aligned(inputs):
            vanishes = ZERO in registers if op == Op.MULTIPLY else registers[0] == ZERO
            if vanishes and op != Op.LARGEST:
                found.append((channels, ZERO))
            elif op == Op.LARGEST and len(set(registers)) == 1:
                found.append((channels, registers[0]))
            else:
                # A product does not depend on the order of its factors.
                ordered = registers if op == Op.DIVIDE else sorted(registers)
                found.append((channels, low.general(op, ordered, sizes[-1])))
        return merged(found)

    return lowered


def _broadcast(low: Registry, op: Broadcast, inputs: list[Groups], sizes: Sizes) -> Groups:
    groups, size = inputs[0], sizes[-1]
    if sizes[0] != size:
        bands = stretch_bands(sizes[0], size)
        groups = each(groups, lambda register: low.spatial(_one(register), bands, size))
    channels = _num_channels(inputs[1])
    if _num_channels(groups) != channels:
        groups = ((channels, groups[0][1]),)
    return groups


def _channel_mean(low: Registry, op: ChannelMean, inputs: list[Groups], sizes: Sizes) -> Groups:
    total = low.combine(weighted(inputs[0]))
    return ((1, low.scale(total, factor=1.0 / _num_channels(inputs[0]), power=0)),)


def _channel_maximum(
    low: Registry, op: ChannelMaximum, inputs: list[Groups], sizes: Sizes
) -> Groups:
    registers = sorted({register for _, register in inputs[0]})
    if len(registers) == 1:
        return ((1, registers[0]),)
    return ((1, low.general(Op.LARGEST, registers, sizes[-1])),)


def _shuffle(low: Registry, op: ShuffleChannels, inputs: list[Groups], sizes: Sizes) -> Groups:
    if len(inputs[0]) == 1:
        return inputs[0]
    labels = np.array(registers_of(inputs[0])).reshape(op.groups, -1).T.flatten()
    return merged([(1, register) for register in labels.tolist()])


def _rearrange(low: Registry, op: Rearrange, inputs: list[Groups], sizes: Sizes) -> Groups:
    pixels = sizes[0][0] * sizes[0][1]
    index = op.index.reshape(op.output[0], -1)
    labels = np.array(registers_of(inputs[0]))
    registers = labels[index // pixels]
    places = index % pixels
    same_shape = sizes[0] == sizes[-1]
    identity = np.arange(pixels)
    found: dict[tuple[bytes, bytes], int] = {}
    groups = []
    for own, place in zip(registers, places, strict=True):
        key = own.tobytes(), place.tobytes()
        if key not in found:
            distinct, members = np.unique(own, return_inverse=True)
            if len(distinct) == 1 and (
                distinct[0] == ZERO or (same_shape and np.array_equal(place, identity))
            ):
                found[key] = int(distinct[0])
            else:
                pairs = np.stack([members.reshape(-1), place], axis=1)
                found[key] = low.gather(distinct.tolist(), pairs, sizes[-1], sizes[0])
        groups.append((1, found[key]))
    return merged(groups)


def _group_norm(low: Registry, op: GroupNorm, inputs: list[Groups], sizes: Sizes) -> Groups:
    channels = _num_channels(inputs[0]) // op.groups
    fields = {"numbers": (op.eps,), "power": int(op.affine)}
    groups: list[tuple[int, int]] = []
    for count, part in cut(inputs[0], channels):
        normed = _normed(low, Op.SAMPLE_NORM, part, sizes[-1], fields)
        groups += list(normed) * count
    return merged(groups)


def _normed(
    low: Registry, op: Op, part: Groups, size: Size, fields: dict[str, Any], **more: Any
) -> Groups:
    """Each map of a group of channels by the statistics of all of them."""
    members = weighted(part)
    num_zeros = _num_channels(part) - sum(members.values())
    return each(
        part, lambda register: low.norm(op, register, members, num_zeros, size, **fields, **more)
    )


def _channel_norm(low: Registry, op: ChannelNorm, inputs: list[Groups], sizes: Sizes) -> Groups:
    fields = {"numbers": (op.eps,), "power": int(op.affine)}
    return _normed(low, Op.PIXEL_NORM, inputs[0], sizes[-1], fields)


def _response_norm(
    low: Registry, op: LocalResponseNorm, inputs: list[Groups], sizes: Sizes
) -> Groups:
    labels = registers_of(inputs[0])
    numbers = (op.alpha / op.size, op.beta, op.k)
    found: dict[tuple, int] = {}
    groups = []
    for channel, register in enumerate(labels):
        start = channel - op.size // 2
        members = weighted((1, label) for label in labels[max(start, 0) : start + op.size])
        key = register, tuple(sorted(members.items()))
        if key not in found:
            found[key] = (
                ZERO
                if register == ZERO
                else low.norm(Op.RESPONSE_NORM, register, members, 0, sizes[-1], numbers=numbers)
            )
        groups.append((1, found[key]))
    return merged(groups)


def _softmax(low: Registry, op: Softmax, inputs: list[Groups], sizes: Sizes) -> Groups:
    channels = _num_channels(inputs[0]) // op.groups
    groups: list[tuple[int, int]] = []
    for count, part in cut(inputs[0], channels):
        if len({register for _, register in part}) == 1:
            # Equal numbers share 1 evenly.
            share = -float(np.log(channels)) if op.log else 1.0 / channels
            constant = low.fill(share, 0, sizes[-1]) if share else ZERO
            groups.append((channels * count, constant))
            continue
        members = Counter({r: 0 for _, r in part})
        for n, register in part:
            members[register] += n
        known = sorted(members.items())
        each_part = each(
            part,
            lambda register, known=known: low.general(
                Op.SOFTMAX,
                [register, *(r for r, _ in known)],
                sizes[-1],
                multiplicities=[1, *(n for _, n in known)],
                kind=int(op.log),
            ),
        )
        groups += list(each_part) * count
    return merged(groups)


GENERAL: dict[type[Operation], Callable[[Registry, Any, list[Groups], Sizes], Groups]] = {
    Activation: _activation,
    AdaptiveMaxPool: _adaptive_max_pool,
    Affine: _affine,
    Broadcast: _broadcast,
    ChannelMaximum: _channel_maximum,
    ChannelMean: _channel_mean,
    ChannelNorm: _channel_norm,
    Divide: _pairwise(Op.DIVIDE),
    GroupNorm: _group_norm,
    LocalResponseNorm: _response_norm,
    Maximum: _pairwise(Op.LARGEST),
    Multiply: _pairwise(Op.MULTIPLY),
    Pad: _pad,
    PReLU: _prelu,
    Rearrange: _rearrange,
    ShuffleChannels: _shuffle,
    Softmax: _softmax,
    SpatialLinear: _spatial_linear,
}
