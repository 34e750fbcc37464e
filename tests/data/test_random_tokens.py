"""Random token ids: a minibatch of text without any text."""

from pathlib import Path

import jaxtyping
import numpy as np
import pytest
from sentences import refused

from epsilon_research.data.embedding import Embedding
from epsilon_research.data.random_tokens import RandomTokens


def test_the_golden_minibatch_is_one_of_ours(shared: Path) -> None:
    golden = np.load(shared / "golden" / "nlp_inputs.npz")
    tokens = RandomTokens().tokens(batch_size=64, rng=np.random.default_rng(14))
    np.testing.assert_array_equal(tokens.ids, golden["ids"])
    batch = RandomTokens().draw(batch_size=64, rng=np.random.default_rng(14))
    sums = batch.inputs.sum(axis=2, dtype=np.float64)
    expected = golden["emb_rowsum_f32draw"][golden["ids"]]
    np.testing.assert_allclose(sums, expected, rtol=1e-14)


def test_a_minibatch_is_time_by_batch_by_embedding() -> None:
    embedding = Embedding(size=3, dtype="float64")
    dataset = RandomTokens(sequence_length=5, num_tokens=7, embedding=embedding)
    batch = dataset.draw(batch_size=4, rng=np.random.default_rng(0))
    assert batch.inputs.shape == (5, 4, 3)
    assert batch.inputs.dtype == np.float64
    assert batch.description == "4 sequences of 5 tokens of random_tokens"


def test_each_token_is_drawn_as_often() -> None:
    dataset = RandomTokens(num_tokens=10)
    ids = dataset.tokens(batch_size=256, rng=np.random.default_rng(0)).ids
    counts = np.bincount(ids.ravel())
    # 1,792 expected, with a standard deviation of 40: beyond 5 once in 170,000 seeds.
    assert counts.shape == (10,)
    assert np.abs(counts - 1792).max() < 200


def test_equal_tokens_are_equal_rows_and_others_are_not() -> None:
    dataset = RandomTokens(num_tokens=3, embedding=Embedding(size=2))
    ids = dataset.tokens(batch_size=8, rng=np.random.default_rng(3)).ids
    inputs = dataset.draw(batch_size=8, rng=np.random.default_rng(3)).inputs
    rows = [np.unique(inputs[ids == token], axis=0) for token in range(3)]
    assert [len(found) for found in rows] == [1, 1, 1]
    assert len(np.unique(np.concatenate(rows), axis=0)) == 3


@pytest.mark.parametrize("num_tokens", [1, 0, 1_000_001, 100.0, True, None])
def test_what_is_no_vocabulary_is_refused(
    num_tokens: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, "dataset.num_tokens", f"got {num_tokens!r}"):
        RandomTokens(num_tokens=num_tokens)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("length", [0, -1, 70.0, True, None])
def test_what_is_no_length_is_refused(length: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, "dataset.sequence_length", f"got {length!r}"):
        RandomTokens(sequence_length=length)  # pyright: ignore[reportArgumentType]


def test_a_batch_of_one_is_refused() -> None:
    with refused(ValueError, "batch_size must be at least 3", "got 2"):
        RandomTokens().check(batch_size=2)
