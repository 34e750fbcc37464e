"""Standard output that can fail, and cannot show every character, without ending what prints to it.

What a program prints is a copy of what it writes into files. So a full device, a reader that has
gone or a terminal of few characters is reported at the end, and costs the copy only.
"""

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_PLAIN = {
    "ρ": "rho", "τ": "tau", "ε": "epsilon", "σ": "sigma", "μ": "mu", "×": "x", "·": "*", "−": "-",
    "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=", "±": "+-", "→": "->", "≈": "~",
    "∞": "inf", "“": '"', "”": '"', "‘": "'", "’": "'", "─": "-", "━": "-", "│": "|", "•": "*",
}  # fmt: skip
_HANDLER = "epsilon_research.plain"


class Output:
    """Passes text on to a stream until the stream fails.

    Args:
        stream: Where to; other attributes are the stream's.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        """What the stream failed with first."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop what the stream does not take any more."""
        if self.failure is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self._fail(error)
        return len(text)

    def flush(self) -> None:
        """Flush, unless the stream has failed."""
        if self.failure is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.failure = error
        # What it still holds would fail again when the program ends.
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, self._stream.fileno())
        finally:
            os.close(null)


@contextmanager
def standard_output() -> Iterator[Output]:
    """Print through an `Output` meanwhile, in characters that the streams have."""
    codecs.register_error(_HANDLER, _in_plain_characters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_HANDLER)  # type: ignore[union-attr]
    before = sys.stdout
    # None where the program was started with a closed one.
    output = Output(before or io.StringIO())
    sys.stdout = output  # type: ignore[assignment]
    try:
        yield output
    finally:
        output.flush()
        sys.stdout = before


def failure_sentence(output: Output) -> str | None:
    """Return what went wrong with the output, None if nothing did or its reader had enough."""
    if output.failure is None or isinstance(output.failure, BrokenPipeError):
        return None
    return (
        f"the standard output must take what is printed, got {output.failure.strerror!r}: choose "
        "another place for it; files are complete"
    )


def _in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    wrong = error.object[error.start : error.end]
    return "".join(_PLAIN.get(one) or _without_marks(one) for one in wrong), error.end


def _without_marks(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"
