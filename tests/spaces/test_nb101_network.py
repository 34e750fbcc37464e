"""The networks of NAS-Bench-101: widths, parameters, and both engines on random cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.programs import count_parameters
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb101_graph import Cell
from epsilon_research.spaces.nb101_network import vertex_channels
from epsilon_research.spaces.nb101_text import to_cell

SPACE = NasBench101()
IDS = SPACE.architecture_ids
SIZE = 16


def ids() -> st.SearchStrategy[str]:
    """Architectures, small cells as often as large ones."""
    return (st.integers(0, len(IDS) - 1) | st.integers(0, 2_531)).map(lambda index: IDS[index])


def noise(seed: int, batch: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(batch, 3, SIZE, SIZE)).astype(np.float32)


def test_channels_are_divided_among_what_feeds_the_output() -> None:
    cell = to_cell("1110001011-c3-c1-mp")  # input to three vertices, and these to the output
    assert vertex_channels(cell, 128) == [0, 43, 43, 42, 0]
    assert vertex_channels(cell, 256) == [0, 86, 85, 85, 0]


def test_what_does_not_feed_the_output_is_as_wide_as_the_widest_it_feeds() -> None:
    cell = to_cell("100001110001011-c1-c3-c1-mp")  # input to one vertex, and that to all three
    assert vertex_channels(cell, 128) == [0, 43, 43, 43, 42, 0]


def test_the_space_has_the_published_parameters(shared: Path) -> None:
    table = pd.read_parquet(shared / "data" / "nb101_cifar10_validation_15000.parquet")
    names = [
        "-".join([adjacency, *operations.split(",")])
        for adjacency, operations in zip(table["adjacency"], table["ops"], strict=True)
    ]
    counts = SPACE.count_parameters(names)
    np.testing.assert_array_equal(counts, table["trainable_parameters"])
    for place in range(0, len(names), 50):
        program = SPACE.program(names[place], num_outputs=10)
        assert count_parameters(program) == counts[place], names[place]


def test_the_smallest_network_has_882570_parameters() -> None:
    assert SPACE.count_parameters(["1"]).tolist() == [882_570]


@given(ids(), st.integers(1, 200))
def test_counts_in_bulk_are_those_of_the_programs(architecture_id: str, num_classes: int) -> None:
    space = NasBench101(num_classes=num_classes)
    program = space.program(architecture_id, num_outputs=num_classes)
    counts = space.count_parameters([architecture_id])
    assert counts.dtype == np.int64
    assert counts.tolist() == [count_parameters(program)]


def test_the_networks_have_the_parameters_that_are_counted() -> None:
    some = SPACE.sample(3, np.random.default_rng(0))
    for architecture_id, count in zip(some, SPACE.count_parameters(some), strict=True):
        network = to_torch(SPACE.program(architecture_id, num_outputs=10))
        assert sum(p.numel() for p in network.parameters()) == count


def fewest_convolutions(cell: Cell) -> int:
    """The smallest number of convolutions on a path from input to output, projections counted."""
    fewest = [0]
    for vertex in range(1, cell.num_vertices):
        own = vertex < cell.num_vertices - 1 and cell.labels[vertex - 1] < 2
        fewest.append(own + min(fewest[source] + (source == 0) for source in cell.sources(vertex)))
    return fewest[-1]


@pytest.fixture(scope="module")
def collapsed():
    return CollapsedEngine().open(noise(0, batch=8))


@settings(max_examples=150, deadline=None)
@given(architecture_id=ids())
def test_float32_is_undefined_where_every_path_has_two_convolutions(
    architecture_id: str, collapsed
) -> None:
    program = SPACE.program(architecture_id, num_outputs=1)
    defined = collapsed.outputs(program, [1e-4])[0].float32_defined
    assert defined == (fewest_convolutions(to_cell(architecture_id)) < 2)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-8)])
def test_the_collapse_is_the_network_in_float64(dtype: str, tolerance: float) -> None:
    images = noise(1, batch=3)
    ours, truth = (
        CollapsedEngine(dtype=dtype).open(images),
        ReferenceEngine(dtype="float64").open(images),
    )
    some = [*SPACE.sample(5, np.random.default_rng(2)), *IDS[10:2_000:700]]
    for architecture_id in some:
        program = SPACE.program(architecture_id, num_outputs=1)
        for found, expected in zip(
            ours.outputs(program, [1e-2, 1.0]), truth.outputs(program, [1e-2, 1.0]), strict=True
        ):
            np.testing.assert_allclose(
                found.values / np.abs(found.values).max(),
                expected.values / np.abs(expected.values).max(),
                rtol=0,
                atol=tolerance,
                err_msg=architecture_id,
            )
