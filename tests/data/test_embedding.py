"""The table of random vectors: the published draw, and the ablation's."""

from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data.embedding import Embedding


def table(num_tokens: int, **options: Any) -> np.ndarray:
    return Embedding(**options).rows(np.arange(num_tokens), num_tokens=num_tokens)


@pytest.mark.parametrize(("dtype", "name"), [("float32", "f32"), ("float64", "f64")])
def test_the_default_is_the_draw_of_the_papers_code(dtype: str, name: str, shared: Path) -> None:
    golden = np.load(shared / "golden" / "nlp_inputs.npz")
    found = table(10_000, dtype=dtype)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found[:2], golden[f"emb_{name}draw_first2rows"])
    # The rows' sums were added up in another order.
    expected = golden[f"emb_rowsum_{name}draw"]
    np.testing.assert_allclose(found.sum(axis=1, dtype=np.float64), expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("distribution", ["uniform_positive", "uniform_centred", "normal"])
@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_draws_are_pytorchs_own_after_a_global_seed(
    dtype: str, distribution: str, scale: float
) -> None:
    # More rows than are drawn at a time, of a length that is no multiple of 16.
    weight = torch.empty(16_384 + 50, 40, dtype=getattr(torch, dtype))
    torch.manual_seed(7)
    if distribution == "normal":
        torch.nn.init.normal_(weight, 0, scale)
    else:
        torch.nn.init.uniform_(weight, 0 if distribution.endswith("positive") else -scale, scale)
    found = table(len(weight), distribution=distribution, scale=scale, size=40, seed=7, dtype=dtype)
    np.testing.assert_array_equal(found, weight.numpy())


@pytest.mark.parametrize("scale", [0.1, 1])
def test_distributions_have_their_range_and_spread(scale: float) -> None:
    # 400,000 numbers: the spread is known to 0.2 %.
    positive = table(1000, scale=scale)
    assert 0 <= positive.min() < 0.001 * scale
    assert 0.999 * scale < positive.max() <= scale
    centred = table(1000, distribution="uniform_centred", scale=scale)
    assert -scale <= centred.min() < -0.999 * scale
    assert 0.999 * scale < centred.max() <= scale
    normal = table(1000, distribution="normal", scale=scale)
    assert normal.std() == pytest.approx(scale, rel=0.01)
    assert abs(normal.mean()) < 0.01 * scale


def test_the_global_generator_is_neither_read_nor_changed() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = table(10)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    np.testing.assert_array_equal(table(10), first)


def test_another_seed_or_precision_gives_other_numbers() -> None:
    tables = [table(3), table(3, seed=22), table(3, dtype="float64").astype(np.float32)]
    assert len({found.tobytes() for found in tables}) == 3


@settings(max_examples=20, deadline=None)
@given(
    ids=st.lists(st.integers(0, 20_000), min_size=1, max_size=30),
    shape=st.sampled_from([(-1,), (1, -1), (-1, 1)]),
    more=st.integers(1, 30_000),
)
def test_a_row_depends_on_its_id_alone(ids: list[int], shape: tuple, more: int) -> None:
    wanted = np.array(ids).reshape(shape)
    found = Embedding(size=4).rows(wanted, num_tokens=max(ids) + more)
    assert found.shape == (*wanted.shape, 4)
    np.testing.assert_array_equal(found, table(20_001, size=4)[wanted])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("distribution", "uniform"),
        ("distribution", None),
        ("dtype", "float16"),
        ("scale", 0),
        ("scale", -0.1),
        ("scale", float("nan")),
        ("scale", float("inf")),
        ("scale", True),
        ("scale", "1"),
        ("size", 0),
        ("size", 400.0),
        ("size", True),
        ("seed", -1),
        ("seed", 2**63),
        ("seed", None),
    ],
)
def test_settings_that_are_none_are_refused(
    option: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, f"dataset.embedding.{option} must be", f"got {value!r}"):
        Embedding(**{option: value})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_any_seed_of_63_bits_will_do(seed: int) -> None:
    assert table(2, seed=seed).shape == (2, 400)
