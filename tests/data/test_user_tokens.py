"""A user's own text or token ids, right and wrong."""

from pathlib import Path
from typing import Any

import hypothesis
import jaxtyping
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data.embedding import Embedding
from epsilon_research.data.user_tokens import UserTokens

STREAM = np.random.default_rng(0).integers(0, 50, 103)
COLUMNS = np.random.default_rng(1).integers(0, 50, (20, 8))


def save(path: Path, ids: np.ndarray) -> Path:
    np.save(path, ids)
    return path


def dataset(path: Path, **options: Any) -> UserTokens:
    settings: dict[str, Any] = {"sequence_length": 5} | options
    return UserTokens(path=str(path), **settings)


def tokens(path: Path, *, batch_size: int = 4, seed: int = 0, **options: Any) -> np.ndarray:
    found = dataset(path, **options)
    found.check(batch_size=batch_size)
    return found.tokens(batch_size=batch_size, rng=np.random.default_rng(seed)).ids


@pytest.mark.parametrize("dtype", ["i8", "u1", "i2", ">i4", "u8"])
def test_a_stream_is_cut_into_columns(dtype: str, tmp_path: Path) -> None:
    path = save(tmp_path / "t.npy", STREAM.astype(dtype))
    np.testing.assert_array_equal(tokens(path), STREAM[:100].reshape(4, 25).T[:5])


def test_given_columns_are_taken_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path / "T.NPY", COLUMNS)
    path = path if path.is_file() else path.with_suffix(".NPY.npy")
    np.testing.assert_array_equal(tokens(path), COLUMNS[:5, :4])
    np.testing.assert_array_equal(tokens(path, batch_size=8, sequence_length=20), COLUMNS)


def test_a_text_is_split_at_white_space(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("the cat\nthe café  the\tmat\na cat sat\n", encoding="utf-8")
    # the cat <eos> the | café the mat <eos> | a cat sat <eos>: three columns of four.
    found = tokens(path, batch_size=3, sequence_length=4)
    np.testing.assert_array_equal(found.T, [[0, 1, 2, 0], [3, 0, 4, 2], [5, 1, 6, 2]])


def test_a_minibatch_is_embedded(tmp_path: Path) -> None:
    path = save(tmp_path / "t.npy", COLUMNS)
    mine = dataset(path, embedding=Embedding(size=3))
    batch = mine.draw(batch_size=4, rng=np.random.default_rng(0))
    table = Embedding(size=3).rows(np.arange(50), num_tokens=50)
    np.testing.assert_array_equal(batch.inputs, table[COLUMNS[:5, :4]])
    assert batch.dataset == "tokens"


@pytest.mark.parametrize("ids", [STREAM, COLUMNS])
def test_a_random_draw_depends_on_the_generator_alone(ids: np.ndarray, tmp_path: Path) -> None:
    path = save(tmp_path / "t.npy", ids)
    np.testing.assert_array_equal(tokens(path, seed=1), tokens(path, seed=2))
    draws = [tokens(path, take="random", seed=seed) for seed in (1, 1, 2, 3)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not all(np.array_equal(draws[0], other) for other in draws[2:])


@hypothesis.settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 1000), length=st.integers(1, 20), batch_size=st.integers(3, 8))
def test_drawn_columns_are_columns_of_the_file_each_once(
    seed: int, length: int, batch_size: int, tmp_path: Path
) -> None:
    ids = np.arange(160).reshape(20, 8)
    path = save(tmp_path / "t.npy", ids)
    found = tokens(path, take="random", seed=seed, sequence_length=length, batch_size=batch_size)
    assert found.shape == (length, batch_size)
    start, columns = found[0, 0] // 8, found[0] % 8
    assert sorted(set(columns.tolist())) == columns.tolist()
    np.testing.assert_array_equal(found, ids[start : start + length, columns])


def test_what_is_too_short_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "s.npy", STREAM)
    tokens(path, batch_size=20)
    with refused(ValueError, f"{path} must be long enough", "batch_size=21", "got columns of 4"):
        dataset(path).check(batch_size=21)
    path = save(tmp_path / "c.npy", COLUMNS)
    with refused(ValueError, str(path), "21 time steps", "got columns of 20"):
        dataset(path, sequence_length=21).check(batch_size=8)
    for take in ("first", "random"):
        with refused(ValueError, "batch_size must be at most 8, the number of columns", "got 9"):
            dataset(path, take=take).check(batch_size=9)
    path = tmp_path / "short.txt"
    path.write_text("just a few words", encoding="utf-8")
    with refused(ValueError, f"{path} must be long enough", "got columns of 1"):
        tokens(path)
    path.write_text("", encoding="utf-8")
    with refused(ValueError, f"{path} must be long enough", "got columns of 0"):
        tokens(path)
    with refused(ValueError, "batch_size must be at least 3", "got 2"):
        dataset(path).check(batch_size=2)


@pytest.mark.parametrize(
    ("wrong", "got"), [(-1, "-1 to 49"), (10**6, "0 to 1,000,000"), (2**62, "0 to 4,611")]
)
def test_ids_that_number_no_vocabulary_are_refused(wrong: int, got: str, tmp_path: Path) -> None:
    ids = np.array([[wrong, 0, 0], [0, 49, 0]])
    path = save(tmp_path / "t.npy", ids)
    with refused(ValueError, f"token ids in {path} must be from 0", f"got {got}"):
        tokens(path, batch_size=3, sequence_length=2)
    # Nobody looks at ids that are not drawn.
    np.save(path, np.concatenate([np.zeros((2, 3), int), ids]))
    assert not tokens(path, batch_size=3, sequence_length=2).any()


@pytest.mark.parametrize(
    ("array", "got"),
    [
        (STREAM.astype(np.float32), "float32 (103,)"),
        (STREAM.astype(bool), "bool (103,)"),
        (STREAM[:100].reshape(4, 5, 5), "int64 (4, 5, 5)"),
        (np.int64(3), "int64 ()"),
        (np.array(["a", "b"]), "<U1 (2,)"),
    ],
)
def test_other_arrays_are_refused(array: Any, got: str, tmp_path: Path) -> None:
    path = save(tmp_path / "t.npy", array)
    with refused(ValueError, f"{path} must hold integers", f"got {got}"):
        dataset(path).check(batch_size=3)


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00", b"PK\x03\x04"])
def test_a_file_that_is_none_of_numpys_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    path.write_bytes(content)
    with refused(ValueError, "dataset.path must be a whole .npy file", str(path)):
        dataset(path).check(batch_size=3)


def test_a_stream_far_larger_than_memory_is_not_read_as_a_whole(tmp_path: Path) -> None:
    path = save(tmp_path / "l.npy", np.zeros(0, np.int64))
    start = path.read_bytes().replace(b"(0,), }" + b" " * 12, b"(40000000000,), }  ")
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + 40_000_000_000 * 8)  # zeros that take no space on the disk
    assert not tokens(path, take="random").any()


@pytest.mark.parametrize("name", ["nowhere.txt", "nowhere.npy", ""])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name  # the last is a folder
    with refused(FileNotFoundError, "dataset.path", repr(str(path)), "not a file"):
        dataset(path).check(batch_size=3)
    with refused(FileNotFoundError, "dataset.path", repr(str(path)), "not a file"):
        dataset(path).tokens(batch_size=3, rng=np.random.default_rng(0))


def test_a_text_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9\n" * 100)
    with refused(ValueError, f"{path} must be UTF-8 text"):
        tokens(path)


def test_an_enormous_text_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(10**12)  # zeros that take no space on the disk
    with refused(ValueError, "at most 268,435,456 bytes", "got 1,000,000,000,000"):
        dataset(path).check(batch_size=3)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"path": 3}, "dataset.path must be the path of a text or .npy file, got 3"),
        ({"path": None}, "dataset.path must be the path of a text or .npy file, got None"),
        ({"take": "last"}, "dataset.take must be one of first, random, got 'last'"),
        ({"sequence_length": 7.5}, "dataset.sequence_length must be an integer"),
    ],
)
def test_settings_that_are_none_are_refused(
    option: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, message):
        UserTokens(**{"path": "mine.txt", **option})
