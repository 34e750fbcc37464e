"""The instructions of a plan while it is written; equal ones share one register."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from epsilon_research.collapse.activations import KINDS
from epsilon_research.collapse.groups import ZERO, Terms, weighted
from epsilon_research.collapse.matrices import Band, encode
from epsilon_research.collapse.plan import Instruction, Op
from epsilon_research.programs.operations import Size

_LINEAR = frozenset({Op.SCALE, Op.BOX, Op.AVERAGE, Op.SPATIAL, Op.MEAN, Op.GATHER})
"""Instructions on one value that treat a sum of values as they treat each of them."""


class Registry:
    """The instructions so far; equal instructions share one register (value numbering)."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._numbers: dict[Instruction, int] = {}
        self._vectors: set[int] = set()
        self.has_norms = False

    def emit(self, instruction: Instruction) -> int:
        """Register of `instruction`, a new one only if it was not computed before."""
        number = self._numbers.get(instruction)
        if number is None:
            number = self._numbers[instruction] = len(self.instructions)
            self.instructions.append(instruction)
            if instruction.vector:
                self._vectors.add(number)
        return number

    def forget(self, first: int) -> None:
        """Let instructions from `first` on have no equals among later ones."""
        for instruction in self.instructions[first:]:
            del self._numbers[instruction]

    def is_vector(self, register: int) -> bool:
        """Return whether a register holds one number per sample."""
        return register in self._vectors

    def pointwise(self, op: Op, register: int, **fields: Any) -> int:
        """Register of an instruction that changes numbers only."""
        if register == ZERO:
            return ZERO
        source = self.instructions[register]
        return self.emit(
            Instruction(op, ((register, 1),), size=source.size, vector=source.vector, **fields)
        )

    def scale(self, register: int, *, factor: float, power: int) -> int:
        """Register of factor · weight^power · value, with a positive factor."""
        if factor == 1 and power == 0:
            return register
        return self.pointwise(Op.SCALE, register, factor=factor, power=power)

    def mean(self, register: int) -> int:
        """Register of the mean over all pixels, a vector."""
        if register == ZERO or register in self._vectors:
            return register
        source = self.instructions[register]
        if source.op == Op.SAMPLE_NORM and {r for r, _ in source.operands} == {
            source.operands[0][0]
        }:
            # An instance norm leaves a mean of zero.
            return ZERO
        return self.emit(Instruction(Op.MEAN, ((register, 1),), vector=True))

    def _means(self, terms: Terms) -> Terms:
        """The same sum of vectors: two maps, or a map and a vector, may have one mean."""
        return weighted((n, self.mean(register)) for register, n in terms.items())

    def combine(self, terms: Terms) -> int:
        """Register of Σ multiplicity · register; no instruction for a single term."""
        terms = self.without_cancelling(terms)
        if not self._vectors.isdisjoint(terms):
            # A map of one pixel meets a vector: its mean is the same number.
            terms = self._means(terms)
        if not terms:
            return ZERO
        if len(terms) == 1:
            ((register, multiplicity),) = terms.items()
            return self.scale(register, factor=multiplicity, power=0)
        operands = tuple(sorted(terms.items()))
        source = self.instructions[operands[0][0]]
        return self.emit(Instruction(Op.COMBINE, operands, size=source.size, vector=source.vector))

    def without_cancelling(self, terms: Terms) -> Terms:
        """Terms without those that add up to exactly zero: all that a norm has centred."""
        if not self.has_norms:
            return terms
        families: dict[tuple, dict[int, int]] = {}
        for register in terms:
            found = self._centred(register)
            if found is not None:
                norm, steps = found
                key = (norm.operands[1:], norm.op, norm.numbers, norm.power, steps)
                families.setdefault(key, {})[norm.operands[0][0]] = register
        kept = terms
        for (members, *_), found in families.items():
            ratios = {
                terms[found[member]] / n if member in found else None for member, n in members
            }
            if len(ratios) == 1 and None not in ratios and len(found) == len(members):
                kept = {r: n for r, n in kept.items() if r not in found.values()}
        return kept

    def _centred(self, register: int) -> tuple[Instruction, tuple[Instruction, ...]] | None:
        """The norm behind a value whose sum over all members is 0, and the linear steps since.

        A channel norm centres each pixel over the channels, and so whatever is linear in them; a
        norm of samples centres over channels and pixels, so that only the means of its channels add
        up to 0. None if there is no such norm.
        """
        steps: list[Instruction] = []
        instruction = self.instructions[register]
        while instruction.op in _LINEAR and len(instruction.operands) == 1:
            ((register, multiplicity),) = instruction.operands
            steps.append(instruction._replace(operands=((ZERO, multiplicity),)))
            instruction = self.instructions[register]
        if instruction.op == Op.SAMPLE_NORM and not instruction.vector:
            first = next((step.op for step in reversed(steps) if step.op != Op.SCALE), None)
            return (instruction, tuple(steps)) if first == Op.MEAN else None
        if instruction.op in (Op.PIXEL_NORM, Op.SAMPLE_NORM):
            return instruction, tuple(steps)
        return None

    def window(self, op: Op, terms: Terms, size: Size, **fields: Any) -> int:
        """Register of a square window over Σ multiplicity · register, which are maps."""
        terms = self.without_cancelling(terms)
        if not terms:
            return ZERO
        return self.emit(Instruction(op, tuple(sorted(terms.items())), size=size, **fields))

    def on_one_pixel(self, registers: Sequence[int]) -> bool:
        """Return whether the values are one number per sample."""
        known = next((register for register in registers if register != ZERO), None)
        return known is not None and self.instructions[known].size == (1, 1)

    def spatial(
        self, terms: Terms, bands: tuple[Band, Band], size: Size, *, power: int = 0,
        maximum: bool = False,
    ) -> int:  # fmt: skip
        """Register of two matrices applied to Σ multiplicity · register, or of a maximum."""
        terms = self.without_cancelling(terms)
        if self.on_one_pixel(list(terms)):
            terms = self._means(terms)
        if not terms:
            return ZERO
        indices, numbers = encode(*bands)
        if not maximum and not any(numbers):
            return ZERO
        instruction = Instruction(
            Op.SPATIAL_MAXIMUM if maximum else Op.SPATIAL,
            tuple(sorted(terms.items())),
            power=power,
            size=size,
            vector=size == (1, 1),
            numbers=() if maximum else numbers,
            indices=indices,
        )
        return self.emit(instruction)

    def general(
        self, op: Op, registers: Sequence[int], size: Size, *, multiplicities: Sequence[int] = (),
        **fields: Any,
    ) -> int:  # fmt: skip
        """Register of an instruction on values of one size, in order; zeros are written out."""
        one_pixel = size == (1, 1)
        found = [self._written(register, size) for register in registers]
        if one_pixel:
            found = [self.mean(register) for register in found]
        counts = multiplicities or (1,) * len(found)
        operands = tuple(zip(found, counts, strict=True))
        return self.emit(Instruction(op, operands, size=size, vector=one_pixel, **fields))

    def _written(self, register: int, size: Size) -> int:
        return self.fill(0.0, 0, size) if register == ZERO else register

    def fill(self, number: float, power: int, size: Size) -> int:
        """Register of a constant, number · weight^power."""
        return self.emit(
            Instruction(Op.FILL, (), factor=number, power=power, size=size, vector=size == (1, 1))
        )

    def apply(
        self, kind: str, register: int, size: Size, *, numbers: tuple[float, ...] = (),
        power: int = 0,
    ) -> int:  # fmt: skip
        """Register of a function of a value."""
        return self.general(
            Op.APPLY, [register], size, kind=KINDS.index(kind), numbers=numbers, power=power
        )

    def affine(
        self, register: int, size: Size, *, factor: float, power: int, offset: float,
        offset_power: int,
    ) -> int:  # fmt: skip
        """Register of factor · w^power · value + offset · w^offset_power."""
        if factor == 0 or register == ZERO:
            return self.fill(offset, offset_power, size) if offset else ZERO
        if offset == 0 and factor > 0 and power >= 0:
            return self.scale(register, factor=factor, power=power)
        numbers = (float(factor), float(offset), float(offset_power))
        return self.apply("affine", register, size, numbers=numbers, power=power)

    def norm(
        self, op: Op, target: int, members: Terms, num_zeros: int, size: Size, **fields: Any
    ) -> int:
        """Register of a value normalised by the statistics of `members` and some zeros."""
        self.has_norms = self.has_norms or op != Op.RESPONSE_NORM
        known = sorted(members.items())
        if num_zeros:
            known.append((self.fill(0.0, 0, size), num_zeros))
        if not members:
            return ZERO
        if op == Op.PIXEL_NORM and len(known) == 1:
            # One value alone is its own mean.
            return ZERO
        registers = [target, *(register for register, _ in known)]
        counts = [1, *(n for _, n in known)]
        return self.general(op, registers, size, multiplicities=counts, **fields)

    def gather(
        self, registers: Sequence[int], places: np.ndarray, size: Size, source_size: Size
    ) -> int:
        """Register of pixels of several values.

        Args:
            registers: Registers of one size.
            places: int (pixels, 2): which of `registers`, and which of its pixels.
            size: Size of the result.
            source_size: Size of `registers`.
        """
        found = [self._written(register, source_size) for register in registers]
        if source_size == (1, 1):
            found = [self.mean(register) for register in found]
        return self.emit(
            Instruction(
                Op.GATHER,
                tuple((register, 1) for register in found),
                size=size,
                vector=size == (1, 1),
                indices=np.ascontiguousarray(places, np.int32).tobytes(),
            )
        )
