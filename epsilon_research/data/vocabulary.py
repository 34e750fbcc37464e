"""Words of a text as integers, in order of first appearance."""

import io
from collections.abc import Iterator

import numpy as np
from jaxtyping import Int32

END_OF_LINE = "<eos>"
"""The token that AWD-LSTM puts at the end of every line, also of the last one without a break."""

LARGEST_VOCABULARY = 1_000_000
"""Largest number of tokens; to draw their embedding takes seconds."""

_CHARACTERS_AT_ONCE = 1 << 20
_LONGEST_WORD = 1 << 20


def read_ids(
    text: io.TextIOBase, vocabulary: dict[str, int], *, what: str
) -> Int32[np.ndarray, " tokens"]:
    """Return the words of a text as ids.

    Words are separated by white space. Memory is bounded by the text's size, however long its
    lines are.

    Args:
        text: Opened with universal newlines.
        vocabulary: Id of each word so far; new words are added with the next number.
        what: What the text is, for error messages.

    Raises:
        ValueError: The text is not UTF-8, is not words separated by white space, or has too many
            different ones.
    """
    parts = [np.empty(0, np.int32)]
    try:
        for words in _words(text, what):
            ids = [vocabulary.setdefault(word, len(vocabulary)) for word in words]
            parts.append(np.array(ids, dtype=np.int32))
            _check_size(vocabulary, what)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{what} must be UTF-8 text, got bytes that are none ({error.reason}): save it as UTF-8"
        ) from error
    return np.concatenate(parts)


def _check_size(vocabulary: dict[str, int], what: str) -> None:
    if len(vocabulary) > LARGEST_VOCABULARY:
        raise ValueError(
            f"{what} must have at most {LARGEST_VOCABULARY:,} different words, got more: replace "
            "rare words by <unk>, or choose a shorter text"
        )


def _words(text: io.TextIOBase, what: str) -> Iterator[list[str]]:
    """The words piece by piece, since a text may be one line."""
    rest, at_line_end = "", True
    while piece := text.read(_CHARACTERS_AT_ONCE):
        at_line_end = piece.endswith("\n")
        piece = rest + piece.replace("\n", f" {END_OF_LINE} ")
        words = piece.split()
        # The last word may go on in the next piece.
        rest = "" if piece[-1].isspace() else words.pop()
        if len(rest) > _LONGEST_WORD:
            raise ValueError(
                f"{what} must be words separated by white space, got one of more than "
                f"{_LONGEST_WORD:,} characters: separate its words"
            )
        yield words
    yield [word for word in (rest, "" if at_line_end else END_OF_LINE) if word]
