"""What is known of a network's score."""

from dataclasses import dataclass
from typing import ClassVar

COLLAPSED = "collapsed"
REFERENCE = "reference"

ONLY_ROUNDING = "the outputs differ by rounding errors alone"
"""Note of a score that is missing because all outputs are one number but for their last digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScore:
    """The score of one network by one metric, or NaN with a reason."""

    value: float
    """The score, higher is better; NaN where there is none."""
    reason: str | None = None
    """The reason why there is no score, in one word or sentence; None where there is one."""
    note: str | None = None
    """A remark on how it was computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkScore(MetricScore):
    """The epsilon score of one network and how it was computed.

    `value` is 0 where it is not larger than what rounding does to the outputs: a tie. `reason` is
    one of "disconnected" (the outputs do not depend on the images), "constant_output" (all outputs
    of a weight are one number), "overflow" (they are not all finite, or too far apart) and
    "no_common_sample" (no image keeps an output in both weights). `note` says why the collapse was
    not used, with every layer and function that stands in its way, and whether a missing score is
    one of rounding errors alone.
    """

    FEW: ClassVar[int] = 10
    """Number of values kept below which a score warns."""

    resolution: float
    """The largest rounding error that the score is likely to have; NaN where there is no score."""
    engine: str
    """"collapsed" or "reference"."""
    float32_defined: bool
    """True if float32 arithmetic would have had a score; on the reference engine as far as its
    outputs show."""
    values_kept: tuple[int, int]
    """How many outputs are kept for each weight, the smaller weight first: those that are larger
    than the smallest output. The score is a mean over them."""
