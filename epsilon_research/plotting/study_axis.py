"""The axis of a numeric setting: linear or logarithmic, with the values themselves as ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullFormatter

from epsilon_research.plotting.study_look import weight_labels

_DECADE = 10.0
"""From this ratio of the largest to the smallest value on, the axis is logarithmic."""

_PANEL_WIDTH, _DIGIT_WIDTH = 1.6, 0.062
"""Inches from the first to the last value, and of one digit of a tick's label."""

_LONG = 1e5
"""Whole numbers from here on are written as powers of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingAxis:
    """Where values of a setting are drawn: they are transformed first, as in `scales.py`.

    Attributes:
        values: Different values, increasing.
        label: What they are.
    """

    values: tuple[float, ...]
    label: str

    @classmethod
    def of(cls, values: Sequence[float], *, label: str) -> "SettingAxis":
        """The axis of values in any order."""
        return cls(values=tuple(sorted(set(values))), label=label)

    @property
    def is_log(self) -> bool:
        """Whether the values are positive and span a decade or more."""
        return self.values[0] > 0 and self.values[-1] >= _DECADE * self.values[0]

    @property
    def length(self) -> float:
        """From the first value to the last; 1 for a single one."""
        return self.position(self.values[-1]) - self.position(self.values[0]) or 1.0

    def position(self, value: float) -> float:
        """Where a value is drawn."""
        return float(np.log10(value)) if self.is_log else value

    def dress(self, axes: Axes) -> None:
        """Set limits, ticks and label of the horizontal axis of a panel."""
        places = [self.position(value) for value in self.values]
        axes.set_xlim(places[0] - 0.06 * self.length, places[-1] + 0.06 * self.length)
        axes.set_xlabel(f"{self.label}{', log scale' if self.is_log else ''}")
        axes.xaxis.set_minor_locator(FixedLocator(places))
        axes.xaxis.set_minor_formatter(NullFormatter())
        if len(places) == 1:
            axes.xaxis.set_major_locator(FixedLocator(places))
            axes.xaxis.set_major_formatter(FixedFormatter(self._labels()))
            return
        step = self._step()
        if step > 1 and not self.is_log:
            round_numbers = MaxNLocator(nbins=5, steps=[1, 2, 5, 10], integer=self._are_whole)
            axes.xaxis.set_major_locator(round_numbers)
            return
        axes.xaxis.set_major_locator(FixedLocator(places[::step]))
        axes.xaxis.set_major_formatter(FixedFormatter(self._labels()[::step]))

    @property
    def _are_whole(self) -> bool:
        return all(value == round(value) and abs(value) < _LONG for value in self.values)

    def _labels(self) -> list[str]:
        if self._are_whole:
            return [f"{value:,.0f}".replace("-", "−") for value in self.values]
        return weight_labels(self.values)

    def _step(self) -> int:
        """Labels of every so many-th value do not touch each other."""
        widths = [_label_width(label) for label in self._labels()]
        for step in range(1, len(widths)):
            places = [self.position(value) for value in self.values[::step]]
            room = [_PANEL_WIDTH * (b - a) / self.length for a, b in pairwise(places)]
            needed = [(a + b) / 2 for a, b in pairwise(widths[::step])]
            if all(have >= need for have, need in zip(room, needed, strict=True)):
                return step
        return len(widths)


def _label_width(label: str) -> float:
    """About how many inches a label takes, with the space beside it."""
    if not label.startswith("$"):
        return _DIGIT_WIDTH * (len(label) + 0.7)
    digits = label.replace("\\cdot", "·").translate(str.maketrans("", "", "${}^"))
    # Exponents are smaller.
    return _DIGIT_WIDTH * (0.85 * len(digits) + 1)
