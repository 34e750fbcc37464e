"""The contract of a text dataset: token ids, embedded once, are a minibatch."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, Integer

from epsilon_research.checks import check_choice, check_integer
from epsilon_research.data.base import Dataset, Minibatch
from epsilon_research.data.embedding import Embedding

TAKES = ("first", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBatch:
    """Token ids, one column per sample.

    Args:
        ids: (time, batch), at least 0 and below `num_tokens`.
        num_tokens: Size of the vocabulary.
    """

    ids: Int64[np.ndarray, "time batch"]
    num_tokens: int

    def __post_init__(self) -> None:
        assert self.ids.size
        assert 0 <= self.ids.min() <= self.ids.max() < self.num_tokens


class TextDataset(Dataset):
    """A dataset of token ids; a network sees a row of a random embedding in place of each."""

    sequence_length: int
    embedding: Embedding

    @property
    def sample_bytes(self) -> int:
        """See `Dataset`."""
        embedding = self.embedding
        return self.sequence_length * embedding.size * np.dtype(embedding.dtype).itemsize

    def draw(self, *, batch_size: int, rng: np.random.Generator) -> Minibatch:
        """See `Dataset`; the inputs are (time, batch, embedding size) in the embedding's type."""
        tokens = self.tokens(batch_size=batch_size, rng=rng)
        return Minibatch(
            inputs=self.embedding.rows(tokens.ids, num_tokens=tokens.num_tokens),
            kind=self.kind,
            dataset=self.name,
        )

    @abstractmethod
    def tokens(self, *, batch_size: int, rng: np.random.Generator) -> TokenBatch:
        """Return the token ids of a minibatch; the same generator state gives the same ones.

        Raises:
            ValueError: The text is too short for the minibatch, or a file is not what it must be.
            FileNotFoundError: A file does not exist.
        """


def check_text_settings(*, sequence_length: object, take: object = "first") -> None:
    """Refuses lengths and draws that no text has.

    Raises:
        ValueError: `sequence_length` is not a positive integer, or `take` not "first" or
            "random".
    """
    check_integer("dataset.sequence_length", sequence_length, at_least=1, example=70)
    check_choice("dataset.take", take, TAKES)


def into_columns(
    stream: Integer[np.ndarray, " tokens"], *, batch_size: int
) -> Integer[np.ndarray, "time batch"]:
    """A stream cut into `batch_size` parts of equal length, each a column; the rest is left out.

    So each column is consecutive text, and the columns lie far from each other. A view.
    """
    length = len(stream) // batch_size
    return stream[: length * batch_size].reshape(batch_size, length).T


def window(
    columns: Integer[np.ndarray, "time batch"],
    *,
    length: int,
    take: str,
    rng: np.random.Generator,
    what: str,
) -> Integer[np.ndarray, "length batch"]:
    """`length` consecutive time steps of every column.

    Args:
        columns: The text.
        length: Number of time steps.
        take: "first" (as the epsilon paper's code) or "random" (anywhere, uniform).
        rng: Used by "random" only.
        what: What the text is, for error messages.

    Raises:
        ValueError: The columns are shorter than `length`.
    """
    available, batch_size = columns.shape
    if available < length:
        raise ValueError(
            f"{what} must be long enough for batch_size={batch_size} columns of {length} time "
            f"steps, got columns of {available}: lower batch_size or dataset.sequence_length, or "
            "choose a longer text"
        )
    start = 0 if take == "first" else int(rng.integers(available - length + 1))
    return columns[start : start + length]
