"""Networks with several channel groups, against the paper's original code on NAS-Bench-101."""

from pathlib import Path

import numpy as np
import pytest

from epsilon_research.collapse import Workspace, lower
from epsilon_research.metrics import epsilon_score
from epsilon_research.programs import Program, ProgramBuilder
from epsilon_research.programs.operations import (
    Add,
    BatchNorm,
    Concatenate,
    Convolution,
    GlobalMean,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Truncate,
)


def chain(builder: ProgramBuilder, source: int, *operations: Operation) -> int:
    for operation in operations:
        source = builder.append(operation, source)
    return source


def conv_bn_relu(channels: int, kernel_size: int) -> tuple[Operation, ...]:
    return (
        Convolution(channels, kernel_size, padding=kernel_size // 2), BatchNorm(), ReLU()
    )  # fmt: skip


def vertex_channels(matrix: np.ndarray, output: int) -> list[int]:
    """Widths of the interior vertices, as the benchmark divides them."""
    last = len(matrix) - 1
    channels = [0] * len(matrix)
    feeding = [v for v in range(1, last) if matrix[v, last]]
    for place, v in enumerate(feeding):
        channels[v] = output // len(feeding) + (place < output % len(feeding))
    for v in range(last - 1, 0, -1):
        if not matrix[v, last]:
            channels[v] = max(channels[to] for to in range(v + 1, last) if matrix[v, to])
    return channels


def cell(
    builder: ProgramBuilder, source: int, matrix: np.ndarray, ops: list[str], output: int
) -> int:
    last = len(matrix) - 1
    channels = vertex_channels(matrix, output)
    layers = {"conv3x3-bn-relu": 3, "conv1x1-bn-relu": 1}
    places: dict[int, int] = {}
    for v in range(1, last):
        terms = [
            chain(builder, places[u], Truncate(channels[v])) for u in range(1, v) if matrix[u, v]
        ]
        if matrix[0, v]:
            terms.append(chain(builder, source, *conv_bn_relu(channels[v], 1)))
        summed = builder.append(Add(), *terms)
        operation = (
            conv_bn_relu(channels[v], layers[ops[v]]) if ops[v] in layers else (MaxPool(3, 1, 1),)
        )
        places[v] = chain(builder, summed, *operation)
    feeding = [places[v] for v in range(1, last) if matrix[v, last]]
    terms = [builder.append(Concatenate(), *feeding)] if feeding else []
    if matrix[0, last]:
        terms.append(chain(builder, source, *conv_bn_relu(output, 1)))
    return builder.append(Add(), *terms)


def network(matrix: np.ndarray, ops: list[str]) -> Program:
    builder = ProgramBuilder(input_channels=3)
    value = chain(builder, builder.input, *conv_bn_relu(128, 3))
    for stack, channels in enumerate((128, 256, 512)):
        if stack:
            value = builder.append(MaxPool(2, 2), value)
        for _ in range(3):
            value = cell(builder, value, matrix, ops, channels)
    chain(builder, value, GlobalMean(), Linear(1))
    return builder.build()


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden" / "nb101_public.npz") as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def images(shared: Path) -> np.ndarray:
    with np.load(shared / "golden" / "image_inputs.npz") as archive:
        images = (archive["images_uint8_256"] / 255.0 - archive["mean"]) / archive["std"]
    return images.astype(np.float32).transpose(0, 3, 1, 2).copy()


# Suffix of the case, the key of its rows, images in the batch.
CASES = [("f32", None, 64), ("f32_b256", "b256_idx", 256), ("f32_1e-3_1", "w1e-3_1_idx", 64)]


def scores(
    golden: dict[str, np.ndarray], rows: np.ndarray, images: np.ndarray, weights: list[float]
) -> tuple[np.ndarray, np.ndarray]:
    workspace = Workspace(images)
    found, defined = [], []
    for row in rows:
        size = int(golden["n_vertices"][row])
        matrix = golden["adjacency"][row][:size, :size]
        program = network(matrix, str(golden["ops"][row]).split(","))
        low, high = workspace.run(lower(program, height=32, width=32), weights=weights)
        found.append(epsilon_score(low.values, high.values))
        defined.append(low.float32_defined and high.float32_defined)
    return np.array(found), np.array(defined)


@pytest.mark.parametrize(("case", "key", "batch"), CASES)
def test_float32_is_defined_where_the_original_has_a_score(
    case: str, key: str | None, batch: int, golden: dict[str, np.ndarray], images: np.ndarray
) -> None:
    rows = np.arange(len(golden["key"])) if key is None else golden[key]
    weights = [1e-3, 1.0] if "1e-3" in case else [1e-4, 10.0]
    found, defined = scores(golden, rows, images[:batch], weights)
    np.testing.assert_array_equal(defined, ~np.isnan(golden[f"score_{case}"]))
    assert np.isfinite(found).all()


def test_scores_are_the_original_s_in_float64(
    golden: dict[str, np.ndarray], images: np.ndarray
) -> None:
    rows = golden["f64_idx"]
    found, _ = scores(golden, rows, images[:64], [1e-4, 10.0])
    theirs = golden["score_f64"]
    known = ~np.isnan(theirs)
    assert known.any()
    assert (np.abs(found - theirs)[known] <= 1e-4 * theirs[known] + 1e-6).all()
