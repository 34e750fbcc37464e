"""A space of words, each letter a gene, where a test knows every neighbour and the optimum."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from epsilon_research.programs import Program
from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.base import Genes


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(SearchSpace):
    """All words of a length over an alphabet; a mutation changes one letter."""

    name: str = "words"
    title: str = "Words"
    input_kind: str = "images"
    num_classes: int = 2
    alphabet: str = "abc"
    length: int = 4

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`."""
        return ["".join(letters) for letters in product(self.alphabet, repeat=self.length)]

    def parse(self, text: str) -> str:
        """See `SearchSpace`."""
        return text

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`; a search never asks for it."""
        raise AssertionError("a search asked for a network")

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`."""
        place = int(rng.integers(self.length))
        others = [letter for letter in self.alphabet if letter != architecture_id[place]]
        letter = others[int(rng.integers(len(others)))]
        return architecture_id[:place] + letter + architecture_id[place + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsOfGenes(Words):
    """Words whose letters are genes."""

    @property
    def genes(self) -> Genes:
        """See `SearchSpace`; the letters."""
        return Genes([self.alphabet] * self.length, list, "".join)


WORDS_OF_GENES = WordsOfGenes(length=3)


def value(word: str) -> float:
    """Fitness of a word: how far its letters are in the alphabet, the first ones counting more.

    All words have different values; of the words over "abc" the best is all c.
    """
    total = 0.0
    for letter in word:
        total = 3 * total + "abc".index(letter)
    return total / 3 ** len(word)


def distance(first: str, second: str) -> int:
    """In how many letters two words of one length differ."""
    return sum(a != b for a, b in zip(first, second, strict=True))
