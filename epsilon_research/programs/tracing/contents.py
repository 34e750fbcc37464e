"""What a tensor stands for while a network is traced.

Every tensor of a traced network has the numbers of some value of the program, in some order: the
`Content` is the position of that value and, for each number of the tensor, where it stands in it.
A tensor that was made by moving numbers alone (views, slices, permutations) differs from its
source in the order only, so that no layer is written for it; a `Rearrange` is written when an
operation needs the numbers in their own order.

Tensors that share memory share a `Memory`; a write through one of them is seen by all.
"""

from dataclasses import dataclass
from math import prod

import torch

from epsilon_research.programs.operations import Concatenate, Rearrange
from epsilon_research.programs.program import ProgramBuilder

BATCH = 5
"""Images that a symbolic minibatch has: few, so that following each number costs little, more than
one, so that a function that mixes images is noticed, and not what other axes often have."""

Shape = tuple[int, int, int]


class UnsupportedLayerError(ValueError):
    """A network does something that no program can express; caught to fall back to PyTorch."""


@dataclass(frozen=True, slots=True)
class Content:
    """Numbers of one value of the program, for a tensor of `shape`.

    `order` has the shape of the tensor; each entry is sample · size + position, with the position
    in the flattened value (channels, height, width) of `size` numbers. None is the order in which
    `layout(shape)` reads them.
    """

    place: int
    shape: tuple[int, ...]
    order: torch.Tensor | None = None


@dataclass(slots=True)
class Memory:
    """The memory that tensors share: a content, replaced by writes in place."""

    content: Content


def layout(shape: tuple[int, ...]) -> Shape:
    """Channels, height and width that hold one sample of a tensor (batch, ...) of `shape`.

    Features are channels of one pixel; the last two of more than two axes are space.
    """
    axes = shape[1:]
    if len(axes) > 3:
        return prod(axes[:-2]), axes[-2], axes[-1]
    padded = (*axes, 1, 1, 1)
    return padded[0], padded[1], padded[2]


def natural_order(shape: tuple[int, ...]) -> torch.Tensor:
    """The order of a tensor whose numbers stand as in memory, int64 of `shape`."""
    return torch.arange(prod(shape)).reshape(shape)


class Writer:
    """The program so far, with the shape of each of its values."""

    def __init__(self, *, channels: int, height: int, width: int) -> None:
        self.builder = ProgramBuilder(input_channels=channels)
        self.shapes: list[Shape] = [(channels, height, width)]
        self._written: dict[tuple, int] = {}

    def append(self, operation: object, *places: int) -> int:
        """Position of a new layer, or of an equal one that is there already.

        Raises:
            UnsupportedLayerError: The operation does not take such inputs.
        """
        key = (operation, places)
        if key in self._written:
            return self._written[key]
        try:
            place = self.builder.append(operation, *places)  # pyright: ignore[reportArgumentType]
            _, *size = self.shapes[places[-1]]
            if len(places) == 1:
                size = operation.output_size(tuple(size))  # pyright: ignore[reportAttributeAccessIssue]
        except ValueError as error:
            raise UnsupportedLayerError(str(error)) from error
        height, width = size
        self.shapes.append((self.builder.channels(place), height, width))
        self._written[key] = place
        return place

    def in_order(self, content: Content) -> int:
        """Position of a value that holds the numbers of `content` as `layout` reads them.

        Raises:
            UnsupportedLayerError: The first axis is not the batch, or samples are mixed.
        """
        wanted = layout(content.shape)
        if content.order is None:
            return content.place
        order = self._one_sample(content)
        source = self.shapes[content.place]
        if source == wanted and torch.equal(order, torch.arange(order.numel())):
            return content.place
        positions = order.reshape(wanted).numpy()
        return self.append(Rearrange.of(positions, shape=source), content.place)

    def _one_sample(self, content: Content) -> torch.Tensor:
        """Where the numbers of one sample stand, flat; the same for every sample."""
        assert content.order is not None
        size = prod(self.shapes[content.place])
        if content.shape[:1] != (BATCH,):
            raise UnsupportedLayerError(
                f"the first axis must be the batch, got a tensor of shape {content.shape}"
            )
        rows = content.order.reshape(BATCH, -1)
        positions = rows - torch.arange(BATCH)[:, None] * size
        if not torch.equal(positions, positions[:1].expand_as(positions)) or (
            positions.numel() and not 0 <= int(positions.min()) <= int(positions.max()) < size
        ):
            raise UnsupportedLayerError("numbers of different images must not be mixed")
        return positions[0]

    def order_of(self, content: Content) -> torch.Tensor:
        """The order of `content`, written out."""
        return natural_order(content.shape) if content.order is None else content.order

    def joined(self, first: Content, second: Content) -> tuple[int, int, int]:
        """One value that has all numbers of two, as features.

        Returns:
            Its position, and the numbers of one sample of the first and of the second.
        """
        places, sizes = [], []
        for content in (first, second):
            size = prod(self.shapes[content.place])
            flat = Content(content.place, (BATCH, size), natural_order((BATCH, size)))
            places.append(self.in_order(flat))
            sizes.append(size)
        return self.append(Concatenate(), *places), sizes[0], sizes[1]

    def overwritten(self, old: Content, where: torch.Tensor, new: Content) -> Content:
        """`old` with the numbers at `where`, flat positions in its tensor, replaced by `new`."""
        everywhere = where.numel() == prod(old.shape) and new.shape == old.shape
        if everywhere and torch.equal(where.flatten(), torch.arange(where.numel())):
            return new
        place, size_old, size_new = self.joined(old, new)
        size = size_old + size_new

        def moved(order: torch.Tensor, own: int, offset: int) -> torch.Tensor:
            return order.div(own, rounding_mode="floor") * size + order.remainder(own) + offset

        order = moved(self.order_of(old), size_old, 0).flatten()
        order[where.flatten()] = moved(self.order_of(new), size_new, size_old).flatten()
        return Content(place, old.shape, order.reshape(old.shape))
