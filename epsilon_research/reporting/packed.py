"""Values as text that a page can hold: JSON, compressed.

A browser unpacks it (base64, then gzip, then JSON). In base64 no name of an architecture, a metric
or a column can end the element that holds it.
"""

import base64
import gzip
import json
from math import isfinite
from typing import Any

DIGITS = 6
"""Significant digits of a number: far below what a pixel can show."""

_EFFORT = 6
"""Level of gzip: the highest, 9, takes five times as long for 1 % less."""


def packed(content: Any) -> str:
    """Return JSON values as gzip in base64: ASCII text without `<`.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Without the time of day, so that the same run makes the same page.
    return base64.b64encode(
        gzip.compress(text.encode("utf-8", errors="replace"), _EFFORT, mtime=0)
    ).decode("ascii")


def rounded(number: float, digits: int = DIGITS) -> float | None:
    """Return a number with few digits, integers as they are, and None for what is not finite."""
    if isinstance(number, int):  # booleans are integers, too
        return int(number)
    return float(f"{number:.{digits}g}") if isfinite(number) else None
