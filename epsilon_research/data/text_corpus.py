"""The Penn Treebank and WikiText-2, from the archive of NAS-Bench-NLP or a local copy."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from jaxtyping import Int32

from epsilon_research.bounded_zip import BoundedZip, Limits, open_zip
from epsilon_research.checks import check_choice
from epsilon_research.data.base import TOKENS, Dataset
from epsilon_research.data.embedding import Embedding
from epsilon_research.data.tokens import (
    TextDataset,
    TokenBatch,
    check_text_settings,
    into_columns,
    window,
)
from epsilon_research.data.vocabulary import read_ids
from epsilon_research.download import check_git_blob, download
from epsilon_research.user_cache import user_cache

URL = "https://raw.githubusercontent.com/fmsnew/nas-bench-nlp-release/master/data/datasets.zip"
BLOB_ID = "cf3371ef75b6b7174140bf2bd21e9f39c4c0573e"

_FOLDERS = {"ptb": "ptb", "wikitext2": "wikitext-2"}
"""Folder of each corpus in the archive."""

_SPLITS = ("train", "valid", "test")

_OpenText = Callable[[str], AbstractContextManager[io.TextIOBase]]

_LIMITS = Limits(num_members=64, member_bytes=64 * 1024**2, total_bytes=256 * 1024**2)
"""The largest official text, WikiText-2's for training, has 11 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCorpus(TextDataset):
    """The training text of a corpus, in as many columns of consecutive text as there are samples.

    The vocabulary is that of AWD-LSTM and NAS-Bench-NLP: the words of the training, validation and
    test text in order of first appearance, and `<eos>` at the end of each line. Without `root` the
    official archive is downloaded once to the user's cache and checked.

    Args:
        corpus: "ptb" or "wikitext2".
        root: A local copy: the archive datasets.zip, or a folder with train.txt, valid.txt and
            test.txt, or the folder around it.
        take: "first" (the first `sequence_length` time steps of every column, as the epsilon
            paper's code) or "random" (steps from anywhere, seeded).
        sequence_length: Time steps of a sample; 70 as in the epsilon paper.
        embedding: What the network sees in place of a word.

    References:
        Marcus et al., "Building a Large Annotated Corpus of English", 1993, as prepared by Mikolov;
        Merity et al., "Pointer Sentinel Mixture Models", ICLR 2017; the archive is part of
        Klyuchnikov et al., "NAS-Bench-NLP", 2020.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {"root": lambda root: root is None}

    corpus: str
    root: str | None = None
    take: str = "first"
    sequence_length: int = 70
    embedding: Embedding = field(default_factory=Embedding)
    name: str = field(init=False)
    kind: str = TOKENS

    def __post_init__(self) -> None:
        check_choice("dataset.corpus", self.corpus, _FOLDERS)
        check_text_settings(sequence_length=self.sequence_length, take=self.take)
        object.__setattr__(self, "name", self.corpus)

    def check(self, *, batch_size: int) -> None:
        """See `Dataset`; a local copy must exist, and a folder hold its texts."""
        Dataset.check(self, batch_size=batch_size)
        if self.root is not None and not Path(self.root).is_file():
            self._files(Path(self.root))

    def tokens(self, *, batch_size: int, rng: np.random.Generator) -> TokenBatch:
        """See `TextDataset`."""
        vocabulary: dict[str, int] = {}
        with self._texts() as open_text:
            stream = self._read("train", open_text, vocabulary)
            # These only add words, which makes the vocabulary that of the official code.
            for split in _SPLITS[1:]:
                self._read(split, open_text, vocabulary)
        ids = window(
            into_columns(stream, batch_size=batch_size),
            length=self.sequence_length,
            take=self.take,
            rng=rng,
            what=f"the training text of {self.corpus}",
        )
        return TokenBatch(ids=ids.astype(np.int64), num_tokens=len(vocabulary))

    def _read(
        self, split: str, open_text: _OpenText, vocabulary: dict[str, int]
    ) -> Int32[np.ndarray, " tokens"]:
        with open_text(split) as text:
            return read_ids(text, vocabulary, what=f"{split} text of {self.corpus}")

    @contextmanager
    def _texts(self) -> Iterator[_OpenText]:
        """What opens the text of a split."""
        path = self._download() if self.root is None else Path(self.root)
        if not path.is_file():
            paths: dict[str, Path] = dict(zip(_SPLITS, self._files(path), strict=True))
            yield lambda split: _open_file(paths[split])
            return
        setting = "dataset.root"
        folder = _FOLDERS[self.corpus]
        with open_zip(path, choose=self._is_text, limits=_LIMITS, setting=setting) as archive:
            yield lambda split: _open_member(archive, split, what=f"{setting} {path}, {folder}")

    def _is_text(self, path: PurePosixPath) -> bool:
        return path.parent.name == _FOLDERS[self.corpus] and path.name in _names(*_SPLITS)

    def _files(self, root: Path) -> Sequence[Path]:
        """The texts below `root`, in the order of the splits."""
        folder = _FOLDERS[self.corpus]
        if not root.is_dir():
            raise FileNotFoundError(
                "dataset.root must be the archive datasets.zip or a folder with train.txt, got "
                f"{str(root)!r}, which is neither: check the path"
            )
        found = []
        for split in _SPLITS:
            paths = [root / name for name in _names(split)]
            paths += [root / folder / name for name in _names(split)]
            existing = [path for path in paths if path.is_file()]
            if not existing:
                raise FileNotFoundError(
                    f"dataset.root must be a folder with {split}.txt in it or in its folder "
                    f"{folder}, got {str(root)!r} without it: pass the folder of the texts"
                )
            found.append(existing[0])
        return found

    def _download(self) -> Path:
        return download(
            URL,
            user_cache() / "nas_bench_nlp_datasets.zip",
            check=partial(check_git_blob, blob_id=BLOB_ID),
            advice="pass dataset.root=PATH of the archive or its folder",
        )


def _names(*splits: str) -> list[str]:
    """Names of texts in this archive, and in those of the corpora's own authors."""
    return [
        name.format(split)
        for split in splits
        for name in ("{}.txt", "ptb.{}.txt", "wiki.{}.tokens")
    ]


def _open_file(path: Path) -> io.TextIOWrapper:
    if path.stat().st_size > _LIMITS.member_bytes:
        raise ValueError(
            f"{path} must have at most {_LIMITS.member_bytes:,} bytes, got "
            f"{path.stat().st_size:,}: pass the official text, or your own with dataset=tokens"
        )
    return path.open(encoding="utf-8")


@contextmanager
def _open_member(archive: BoundedZip, split: str, *, what: str) -> Iterator[io.TextIOWrapper]:
    members = [
        member for member in archive.members if PurePosixPath(member.filename).name in _names(split)
    ]
    if not members:
        raise ValueError(
            f"{what} must hold {split}.txt, got none: pass the archive datasets.zip of "
            "NAS-Bench-NLP"
        )
    with archive.open(members[0]) as handle, io.TextIOWrapper(handle, "utf-8") as text:
        yield text
