"""Words as numbers, in pieces or as a whole."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data import vocabulary
from epsilon_research.data.vocabulary import read_ids


def ids_of(text: str) -> tuple[list[int], list[str]]:
    words: dict[str, int] = {}
    ids = read_ids(io.StringIO(text), words, what="mine")
    assert ids.dtype == np.int32
    assert list(words.values()) == list(range(len(words)))
    return ids.tolist(), list(words)


def naive(text: str) -> list[str]:
    """The words as AWD-LSTM's code reads a file: line by line."""
    return [word for line in io.StringIO(text) for word in [*line.split(), "<eos>"]]


@pytest.mark.parametrize(
    ("text", "ids", "words"),
    [
        ("a b a\nc\n", [0, 1, 0, 2, 3, 2], ["a", "b", "<eos>", "c"]),
        # The last line counts as one without a break, and empty lines are lines.
        ("a b\n\na", [0, 1, 2, 2, 0, 2], ["a", "b", "<eos>"]),
        (" <eos> \n", [0, 0], ["<eos>"]),
        ("", [], []),
    ],
)
def test_words_are_numbered_as_they_appear(text: str, ids: list, words: list) -> None:
    assert ids_of(text) == (ids, words)


texts = st.text(st.sampled_from("ab \n\t\u2028é"), max_size=40)


@given(text=texts, size=st.integers(1, 9))
def test_pieces_of_any_size_give_the_words_of_the_lines(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary, "_CHARACTERS_AT_ONCE", size)
        ids, words = ids_of(text)
    assert [words[index] for index in ids] == naive(text)


@given(first=texts, second=texts)
def test_a_second_text_goes_on_where_the_first_ended(first: str, second: str) -> None:
    words: dict[str, int] = {}
    found = [read_ids(io.StringIO(text), words, what="mine") for text in (first, second)]
    names = list(words)
    assert [names[index] for index in np.concatenate(found)] == naive(first) + naive(second)
    assert names == list(dict.fromkeys(naive(first) + naive(second)))


def test_bytes_that_are_no_text_are_refused() -> None:
    text = io.TextIOWrapper(io.BytesIO(b"caf\xe9 au lait\n"), "utf-8")
    with refused(ValueError, "mine must be UTF-8 text", "save it as UTF-8"):
        read_ids(text, {}, what="mine")


def test_a_text_without_white_space_is_refused() -> None:
    with refused(ValueError, "mine must be words separated by white space"):
        ids_of("a" * (3 << 20))


def test_too_many_words_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "LARGEST_VOCABULARY", 4)
    ids_of("a b c a b c\n" * 3)
    with refused(ValueError, "mine must have at most 4 different words", "rare words by <unk>"):
        ids_of("a b c a b c d\n")
