"""A user's own text, as words or as token ids."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Integer

from epsilon_research.data.base import TOKENS, Dataset
from epsilon_research.data.embedding import Embedding
from epsilon_research.data.npy import map_npy
from epsilon_research.data.tokens import (
    TextDataset,
    TokenBatch,
    check_text_settings,
    into_columns,
    window,
)
from epsilon_research.data.vocabulary import LARGEST_VOCABULARY, read_ids

_LARGEST_TEXT = 256 * 1024**2
"""Bytes; text is read as a whole, an array only where it is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTokens(TextDataset):
    """Text from a file.

    A UTF-8 text is split at white space, with `<eos>` at the end of each line, and its words are
    numbered in order of first appearance. A .npy file holds token ids, integers from 0: a
    stream (one dimension), or columns of consecutive text (time, batch). A stream, and a text, is
    cut into `batch_size` columns of equal length.

    Args:
        path: The file; the suffix .npy says that it holds ids.
        take: "first" (the first `sequence_length` time steps, and of given columns the first
            `batch_size`) or "random" (a seeded draw of where the time steps start, and of the
            columns, without replacement and in the file's order).
        sequence_length: Time steps of a sample.
        embedding: What the network sees in place of an id.
    """

    path: str
    take: str = "first"
    sequence_length: int = 70
    embedding: Embedding = field(default_factory=Embedding)
    name: str = "tokens"
    kind: str = TOKENS

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            raise ValueError(
                f"dataset.path must be the path of a text or .npy file, got {self.path!r}: give it "
                "as text"
            )
        check_text_settings(sequence_length=self.sequence_length, take=self.take)

    @property
    def _holds_ids(self) -> bool:
        return Path(self.path).suffix.lower() == ".npy"

    def check(self, *, batch_size: int) -> None:
        """See `Dataset`; of an array also the shape, of a text the size of the file."""
        Dataset.check(self, batch_size=batch_size)
        _check_file(Path(self.path))
        if self._holds_ids:
            # Cuts the memory map, reads nothing.
            self._take(_open_ids(self.path), batch_size, np.random.default_rng(0))
        else:
            _check_size(Path(self.path))

    def tokens(self, *, batch_size: int, rng: np.random.Generator) -> TokenBatch:
        """See `TextDataset`."""
        _check_file(Path(self.path))
        source = _open_ids(self.path) if self._holds_ids else _read_text(self.path)
        ids = self._take(source, batch_size, rng)
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= LARGEST_VOCABULARY:
            raise ValueError(
                f"token ids in {self.path} must be from 0 to {LARGEST_VOCABULARY - 1:,}, got "
                f"{low:,} to {high:,}: number the tokens from 0"
            )
        # A row of the embedding does not depend on how many follow it.
        return TokenBatch(ids=ids.astype(np.int64), num_tokens=high + 1)

    def _take(
        self, source: Integer[np.ndarray, "..."], batch_size: int, rng: np.random.Generator
    ) -> Integer[np.ndarray, "time batch"]:
        """The time steps and columns of a minibatch; of a memory map it copies no more."""
        if source.ndim == 1:
            return self._steps(into_columns(source, batch_size=batch_size), rng)
        available = source.shape[1]
        if batch_size > available:
            raise ValueError(
                f"batch_size must be at most {available}, the number of columns in {self.path}, "
                f"got {batch_size}: lower it, or save a stream of one dimension"
            )
        steps = self._steps(source, rng)
        if self.take == "first":
            return steps[:, :batch_size]
        return steps[:, np.sort(rng.choice(available, size=batch_size, replace=False))]

    def _steps(
        self, columns: Integer[np.ndarray, "time batch"], rng: np.random.Generator
    ) -> Integer[np.ndarray, "length batch"]:
        return window(columns, length=self.sequence_length, take=self.take, rng=rng, what=self.path)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(
            f"dataset.path must be an existing text or .npy file, got {str(path)!r}, which is not "
            "a file: check the path"
        )


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > _LARGEST_TEXT:
        raise ValueError(
            f"dataset.path must be a text of at most {_LARGEST_TEXT:,} bytes, got {size:,}: cut "
            "it, or save its token ids as .npy"
        )


def _open_ids(path: str) -> Integer[np.ndarray, "..."]:
    ids = map_npy(Path(path))
    if ids.dtype.kind not in "iu" or ids.ndim not in (1, 2):
        raise ValueError(
            f"{path} must hold integers, (tokens) or (time, batch), got {ids.dtype} "
            f"{ids.shape}: convert it"
        )
    return ids


def _read_text(path: str) -> Integer[np.ndarray, " tokens"]:
    _check_size(Path(path))
    with Path(path).open(encoding="utf-8") as text:
        return read_ids(text, {}, what=path)
