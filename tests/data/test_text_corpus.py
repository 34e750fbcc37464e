"""PTB and WikiText-2 from small archives and folders in the official layout."""

import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
from sentences import refused

from epsilon_research.data import text_corpus
from epsilon_research.data.embedding import Embedding
from epsilon_research.data.text_corpus import BLOB_ID, URL, TextCorpus
from epsilon_research.download import check_git_blob

TEXTS = {
    "train": " the cat sat on the mat \n\n the dog sat \n" * 5,
    "valid": " a bird sat \n",
    "test": " the fish \n",
}
WORDS = ["the", "cat", "sat", "on", "mat", "<eos>", "dog", "a", "bird", "fish"]
STREAM = [0, 1, 2, 3, 0, 4, 5, 5, 0, 6, 2, 5] * 5
"""The training text, 60 tokens."""

FOLDERS = {"ptb": "ptb", "wikitext2": "wikitext-2"}
CORPORA = list(FOLDERS)


def names(pattern: str = "{}.txt") -> dict[str, str]:
    return {pattern.format(split): text for split, text in TEXTS.items()}


def write_folder(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_archive(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def official(path: Path) -> Path:
    """An archive that holds both corpora, and what a Mac adds."""
    files = {"__MACOSX/ptb/._train.txt": "\0\0", "datasets/readme.txt": "read me"}
    for folder in FOLDERS.values():
        files |= {f"datasets/{folder}/{name}": text for name, text in names().items()}
    return write_archive(path, files)


def corpus(root: Path | None, name: str = "ptb", **options: Any) -> TextCorpus:
    settings: dict[str, Any] = {"sequence_length": 7} | options
    return TextCorpus(corpus=name, root=None if root is None else str(root), **settings)


def ids(root: Path, *, batch_size: int = 4, seed: int = 0, **options: Any) -> np.ndarray:
    dataset = corpus(root, **options)
    dataset.check(batch_size=batch_size)
    tokens = dataset.tokens(batch_size=batch_size, rng=np.random.default_rng(seed))
    assert tokens.num_tokens == len(WORDS)
    return tokens.ids


@pytest.mark.parametrize("pattern", ["{}.txt", "ptb.{}.txt", "wiki.{}.tokens"])
@pytest.mark.parametrize("inside", ["", "ptb"])
def test_a_folder_is_read_whoever_named_its_files(
    pattern: str, inside: str, tmp_path: Path
) -> None:
    write_folder(tmp_path / inside, names(pattern))
    found = ids(tmp_path)
    # Four columns of 15 consecutive tokens each, the first seven of each.
    np.testing.assert_array_equal(found, np.array(STREAM).reshape(4, 15).T[:7])


@pytest.mark.parametrize("name", CORPORA)
def test_an_archive_gives_what_its_folder_gives(name: str, tmp_path: Path) -> None:
    path = official(tmp_path / "datasets.zip")
    write_folder(tmp_path / FOLDERS[name], names())
    np.testing.assert_array_equal(ids(path, name=name), ids(tmp_path, name=name))


def test_what_does_not_fill_the_columns_is_left_out(tmp_path: Path) -> None:
    found = ids(write_folder(tmp_path, names()), batch_size=7)
    np.testing.assert_array_equal(found, np.array(STREAM[:56]).reshape(7, 8).T[:7])


def test_a_minibatch_is_embedded_in_the_vocabulary_of_all_texts(tmp_path: Path) -> None:
    dataset = corpus(write_folder(tmp_path, names()), embedding=Embedding(size=5))
    batch = dataset.draw(batch_size=4, rng=np.random.default_rng(0))
    table = Embedding(size=5).rows(np.arange(10), num_tokens=10)
    np.testing.assert_array_equal(batch.inputs, table[ids(tmp_path)])
    assert batch.description == "4 sequences of 7 tokens of ptb"


def test_the_beginning_needs_no_generator_and_a_random_draw_is_a_stretch_of_text(
    tmp_path: Path,
) -> None:
    write_folder(tmp_path, names())
    np.testing.assert_array_equal(ids(tmp_path, seed=1), ids(tmp_path, seed=2))
    columns = np.array(STREAM).reshape(4, 15).T
    draws = [ids(tmp_path, take="random", seed=seed) for seed in range(60)]
    starts = [
        [start for start in range(9) if np.array_equal(columns[start : start + 7], draw)]
        for draw in draws
    ]
    assert all(starts)
    # Every start is as likely: one of nine is missed by 60 draws once in 130 seeds.
    assert {start[0] for start in starts} == set(range(9))
    np.testing.assert_array_equal(draws[5], ids(tmp_path, take="random", seed=5))


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, names())
    assert ids(tmp_path, batch_size=8).shape == (7, 8)
    with refused(ValueError, "training text of ptb", "batch_size=9", "got columns of 6"):
        ids(tmp_path, batch_size=9)
    with refused(ValueError, "got columns of 0"):
        ids(tmp_path, batch_size=100)


@pytest.mark.parametrize("split", TEXTS)
def test_a_missing_text_is_named(split: str, tmp_path: Path) -> None:
    files = {name: text for name, text in names().items() if name != f"{split}.txt"}
    folder = write_folder(tmp_path / "folder", files)
    with refused(FileNotFoundError, "dataset.root", f"{split}.txt", repr(str(folder))):
        corpus(folder).check(batch_size=4)
    path = write_archive(tmp_path / "a.zip", {f"ptb/{name}": files[name] for name in files})
    with refused(ValueError, f"dataset.root {path}, ptb must hold {split}.txt, got none"):
        ids(path)


def test_an_archive_of_the_other_corpus_is_refused(tmp_path: Path) -> None:
    files = {f"ptb/{name}": text for name, text in names().items()}
    path = write_archive(tmp_path / "a.zip", files)
    with refused(ValueError, f"{path}, wikitext-2 must hold train.txt, got none"):
        ids(path, name="wikitext2")


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with refused(FileNotFoundError, "dataset.root", repr(str(tmp_path / "nowhere"))):
        corpus(tmp_path / "nowhere").check(batch_size=4)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = write_folder(tmp_path, names()) / "train.txt"
    with refused(ValueError, f"dataset.root {path} must be a whole zip archive"):
        ids(path)


def test_a_text_of_another_encoding_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, names())
    (tmp_path / "valid.txt").write_bytes(b"caf\xe9\n")
    with refused(ValueError, "valid text of ptb must be UTF-8 text"):
        ids(tmp_path)


def test_a_text_far_larger_than_the_official_one_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, names())
    with (tmp_path / "train.txt").open("r+b") as file:
        file.truncate(10**12)  # zeros that take no space on the disk
    with refused(ValueError, "train.txt must have at most 67,108,864 bytes", "dataset=tokens"):
        ids(tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("ptb/train.txt", "w") as handle,
    ):
        for _ in range(65):
            handle.write(b"a " * 2**19)
    with refused(ValueError, "'ptb/train.txt'", "at most 67,108,864 bytes", "got 68,157,440"):
        ids(path)


@pytest.mark.parametrize("name", CORPORA)
def test_without_a_local_copy_the_official_archive_is_fetched_and_checked(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    path = official(tmp_path / "datasets.zip")

    def fetch(url: str, into: Path, *, check: partial[None], advice: str) -> Path:
        asked.append((url, check.keywords["blob_id"]))
        assert check.func is check_git_blob
        assert "dataset.root=PATH" in advice
        return path

    monkeypatch.setattr(text_corpus, "download", fetch)
    dataset = corpus(None, name=name)
    dataset.check(batch_size=4)
    assert asked == [], "a check must not download"
    tokens = dataset.tokens(batch_size=4, rng=np.random.default_rng(0))
    assert asked == [(URL, BLOB_ID)]
    np.testing.assert_array_equal(tokens.ids, ids(path))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"corpus": "enwik8"}, "dataset.corpus must be one of ptb, wikitext2, got 'enwik8'"),
        ({"corpus": None}, "dataset.corpus must be one of ptb, wikitext2, got None"),
        ({"take": "last"}, "dataset.take must be one of first, random, got 'last'"),
        ({"sequence_length": 0}, "dataset.sequence_length must be an integer"),
    ],
)
def test_settings_that_are_none_are_refused(
    option: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, message):
        TextCorpus(**{"corpus": "ptb", **option})


@pytest.mark.network
def test_the_official_archive_has_the_published_sizes() -> None:
    # 3,631 steps of 256 columns is what the epsilon paper's notebook shows.
    dataset = corpus(None, sequence_length=3631)
    tokens = dataset.tokens(batch_size=256, rng=np.random.default_rng(0))
    assert tokens.num_tokens == 10_000
    with refused(ValueError, "got columns of 3631"):
        corpus(None, sequence_length=3632).tokens(batch_size=256, rng=np.random.default_rng(0))
    wikitext = corpus(None, name="wikitext2").tokens(batch_size=256, rng=np.random.default_rng(0))
    assert wikitext.num_tokens == 33_278
