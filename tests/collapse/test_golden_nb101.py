"""Networks with several channel groups, in both engines, against the paper's original code."""

import json
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.engines import Engine
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import epsilon_score
from epsilon_research.spaces.nb101 import NasBench101

SPACE = NasBench101()
# Suffix of the case, the key of its rows, images in the batch.
CASES = [("f32", None, 64), ("f32_b256", "b256_idx", 256), ("f32_1e-3_1", "w1e-3_1_idx", 64)]


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden" / "nb101_public.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def images(shared: Path) -> np.ndarray:
    with np.load(shared / "golden" / "image_inputs.npz") as archive:
        images = (archive["images_uint8_256"] / 255.0 - archive["mean"]) / archive["std"]
    return images.astype(np.float32).transpose(0, 3, 1, 2).copy()


def architecture_ids(golden: dict[str, np.ndarray], rows: np.ndarray) -> list[str]:
    ids = []
    for row in rows:
        size = int(golden["n_vertices"][row])
        matrix = golden["adjacency"][row][:size, :size].tolist()
        ops = str(golden["ops"][row]).split(",")
        ids.append(SPACE.parse(json.dumps({"matrix": matrix, "ops": ops})))
    return ids


def scores(
    engine: Engine,
    images: np.ndarray,
    golden: dict[str, np.ndarray],
    *,
    rows: np.ndarray,
    weights: list[float],
) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and whether float32 defines them."""
    session = engine.open(images)
    found, defined = [], []
    for architecture_id in architecture_ids(golden, rows):
        low, high = session.outputs(SPACE.program(architecture_id, num_outputs=1), weights)
        found.append(epsilon_score(low.values, high.values))
        defined.append(low.float32_defined and high.float32_defined)
    return np.array(found), np.array(defined)


def assert_close(ours: np.ndarray, theirs: np.ndarray, *, rel: float, floor: float) -> None:
    known = ~np.isnan(theirs)
    assert known.any()
    excess = np.abs(ours - theirs)[known] - (rel * theirs[known] + floor)
    assert (excess <= 0).all(), f"worst excess {excess.max()}"


def test_keys_and_parameters_are_the_original_s(golden: dict[str, np.ndarray]) -> None:
    ids = architecture_ids(golden, np.arange(len(golden["key"])))
    assert SPACE.published_keys(ids) == golden["key"].tolist()
    np.testing.assert_array_equal(SPACE.count_parameters(ids), golden["trainable_parameters"])


@pytest.mark.parametrize(("case", "key", "batch"), CASES)
def test_the_collapse_says_where_float32_has_a_score(
    case: str, key: str | None, batch: int, golden: dict[str, np.ndarray], images: np.ndarray
) -> None:
    rows = np.arange(len(golden["key"])) if key is None else golden[key]
    weights = [1e-3, 1.0] if "1e-3" in case else [1e-4, 10.0]
    found, defined = scores(CollapsedEngine(), images[:batch], golden, rows=rows, weights=weights)
    np.testing.assert_array_equal(defined, ~np.isnan(golden[f"score_{case}"]))
    assert np.isfinite(found).all()
    # The original's float32 is good to three or four digits here.
    assert_close(found, golden[f"score_{case}"].astype(float), rel=1e-3, floor=1e-6)


@pytest.mark.parametrize(("dtype", "rel", "floor"), [("float32", 1e-4, 1e-6), ("float64", 1e-9, 0)])
def test_the_collapse_is_the_original_in_float64(
    dtype: str, rel: float, floor: float, golden: dict[str, np.ndarray], images: np.ndarray
) -> None:
    rows, weights = golden["f64_idx"], [1e-4, 10.0]
    engine = CollapsedEngine(dtype=dtype)
    found, _ = scores(engine, images[:64], golden, rows=rows, weights=weights)
    assert_close(found, golden["score_f64"], rel=rel, floor=floor)


@pytest.mark.slow
def test_the_reference_in_float32_is_the_original(
    golden: dict[str, np.ndarray], images: np.ndarray
) -> None:
    rows = np.array([11, 14])  # without and with a score, both light
    found, defined = scores(
        ReferenceEngine(), images[:64], golden, rows=rows, weights=[1e-4, 10.0]
    )  # fmt: skip
    theirs = golden["score_f32"][rows].astype(float)
    np.testing.assert_array_equal(np.isnan(found), [True, False])
    np.testing.assert_array_equal(np.isnan(theirs), ~defined)
    assert_close(found, theirs, rel=1e-3, floor=1e-6)
