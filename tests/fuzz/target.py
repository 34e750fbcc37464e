"""What a target is, and how a reader may answer."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LONGEST_SENTENCE = 1500
"""Characters of a message; a sentence that quotes a whole file is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One reader of the project, fed with bytes.

    Args:
        name: For the command line and reports.
        run: Hands bytes to the reader; raises what is a finding.
        seeds: Valid inputs and such that were found harmful, made when they are needed.
        max_bytes: Of an input; small ones are tried faster.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    max_bytes: int = 1 << 14


@contextmanager
def answered(*kinds: type[Exception]) -> Iterator[None]:
    """Takes exactly a ValueError, a FileNotFoundError or one of `kinds`, with a sentence."""
    try:
        yield
    except (ValueError, FileNotFoundError, *kinds) as error:
        # Classes that derive from these are somebody else's words that leak through.
        if type(error) not in (ValueError, FileNotFoundError, *kinds):
            raise
        check_sentence(str(error))


def check_sentence(text: str) -> None:
    """A finding if `text` is not one line of bearable length."""
    if not text.strip() or "\n" in text or len(text) > LONGEST_SENTENCE:
        raise AssertionError(
            f"an error must be one sentence of at most {LONGEST_SENTENCE} characters, got "
            f"{len(text)}: {text[:200]!r}"
        )


@cache
def scratch() -> Path:
    """A folder for the files of this process."""
    return Path(tempfile.mkdtemp(prefix="fuzz"))


def in_file(content: bytes, name: str) -> Path:
    """A file with `content`; the next one of that name replaces it."""
    path = scratch() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
