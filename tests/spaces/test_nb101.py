"""NAS-Bench-101 as a search space: ids, graphs that a user draws, samples, mutations."""

import json
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb101_graph import Cell, from_matrix
from epsilon_research.spaces.nb101_mutation import unpruned
from epsilon_research.spaces.nb101_text import to_architecture_id, to_cell
from tests.sentences import refused

SPACE = NasBench101()
IDS = SPACE.architecture_ids
NAMES = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")


def indices() -> st.SearchStrategy[int]:
    """Places in the enumeration, small cells as often as large ones."""
    return st.integers(0, len(IDS) - 1) | st.integers(0, 2_531)


def matrix_of(cell: Cell) -> list[list[int]]:
    span = range(cell.num_vertices)
    return [[int(x < y and cell.has_edge(x, y)) for y in span] for x in span]


def drawing(matrix: Any, ops: Any) -> str:
    return json.dumps({"matrix": matrix, "ops": ops})


def chain(num_vertices: int) -> list[list[int]]:
    return [[int(x + 1 == y) for y in range(num_vertices)] for x in range(num_vertices)]


def test_there_are_423624_distinct_architectures() -> None:
    assert len(set(IDS)) == len(IDS) == 423_624
    assert IDS[:3] == ("1", "101-c3", "101-c1")


@given(indices())
def test_an_id_parses_to_itself(index: int) -> None:
    assert SPACE.parse(IDS[index]) == IDS[index]
    assert to_architecture_id(to_cell(IDS[index])) == IDS[index]


@given(indices(), st.randoms(use_true_random=False))
def test_a_graph_in_any_order_and_with_dangling_vertices_is_the_same(index: int, random) -> None:
    cell = to_cell(IDS[index])
    size = cell.num_vertices + 2
    matrix = [[*row, 0, 0] for row in matrix_of(cell)] + [[0] * size, [0] * size]
    # One vertex that leads nowhere and one that nothing feeds.
    matrix[random.randrange(cell.num_vertices - 1)][size - 2] = 1
    matrix[size - 1][random.randrange(1, cell.num_vertices)] = 1
    names = [NAMES[label] for label in cell.labels]
    ops = ["input", *names, "output", "conv3x3", "mp"]
    order = random.sample(range(size), size)
    shuffled = [[matrix[x][y] for y in order] for x in order]
    assert SPACE.parse(drawing(shuffled, [ops[v] for v in order])) == IDS[index]


def test_operations_may_be_written_short_or_long() -> None:
    for name in ("c1", "conv1x1", "conv1x1-bn-relu"):
        assert SPACE.parse(drawing(chain(3), ["input", name, "output"])) == "101-c1"


def test_a_large_graph_is_taken_if_what_remains_of_it_is_small() -> None:
    matrix = chain(9)
    matrix[0][8] = 1
    matrix[3][4] = 0
    assert SPACE.parse(drawing(matrix, ["input", *["c3"] * 7, "output"])) == "1"


# A graph, and parts of the sentence that it must be answered with.
MISTAKES = {
    "cycle": (drawing([[0, 1, 1], [0, 0, 1], [0, 1, 0]], ["input", "c3", "output"]),
              "upper triangular", "the cycle 1 -> 2 -> 1"),
    "loop": (drawing([[0, 1, 0], [0, 1, 1], [0, 0, 0]], ["input", "c3", "output"]), "cycle 1 -> 1"),
    "vertices": (drawing(chain(8), ["input", *["c3"] * 6, "output"]), "at most 7 vertices, got 8"),
    "edges": (drawing([[int(x < y) for y in range(5)] for x in range(5)],
                      ["input", "c3", "c3", "c3", "output"]), "at most 9 edges, got 10"),
    "operation": (drawing(chain(3), ["input", "conv5x5", "output"]), "'conv5x5'", "choose from"),
    "no text": (drawing(chain(3), ["input", 5, "output"]), "got 5", "choose from"),
    "list": (drawing(chain(3), ["input", ["c3"], "output"]), "got ['c3']"),
    "path": (drawing([[0, 1, 0], [0, 0, 0], [0, 0, 0]], ["input", "c3", "output"]), "a path"),
    "backwards": (drawing([[0, 0], [1, 0]], ["input", "output"]), "a path from input to output"),
    "few operations": (drawing(chain(3), ["input", "output"]), "per vertex (3), got 2"),
    "two inputs": (drawing(chain(3), ["input", "input", "output"]), "input exactly once, got 2"),
    "no output": (drawing(chain(2), ["input", "c3"]), "output exactly once, got 0"),
    "entry 2": (drawing([[0, 2], [0, 0]], ["input", "output"]), "0 or 1 only, got 2"),
    "entry text": (drawing([[0, "1"], [0, 0]], ["input", "output"]), "0 or 1 only, got '1'"),
    "entry null": (drawing([[0, None], [0, 0]], ["input", "output"]), "0 or 1 only, got None"),
    "entry nan": ('{"matrix": [[0, NaN], [0, 0]], "ops": ["input", "output"]}', "got nan"),
    "not square": (drawing([[0, 1], [0]], ["input", "output"]), "square, 2 rows of 2 entries"),
    "row": (drawing([[0, 1], 3], ["input", "output"]), "square"),
    "one vertex": (drawing([[0]], ["input"]), "2 to 50 rows, one per vertex, got 1"),
    "hostile size": (drawing(chain(51), ["input", *["c3"] * 49, "output"]), "2 to 50 rows", "51"),
    "a row of a million": (drawing([[0] * 10**6, [0]], ["input", "output"]), "square"),
    "hostile depth": ('{"a":' * 100_000, "valid JSON"),
    "hostile number": (f'{{"matrix": [[{"9" * 5000}]]}}', "valid JSON"),
    "no JSON": ("{'matrix': 1}", "valid JSON"),
    "fields": ('{"matrix": [[0]], "operations": []}', "exactly the fields matrix and ops"),
    "kinds": ('{"matrix": 1, "ops": []}', "matrix must be a list, got 1"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_graph_outside_the_space_is_refused_with_the_reason(mistake: str) -> None:
    text, *parts = MISTAKES[mistake]
    with refused(ValueError, *parts):
        SPACE.parse(text)


@pytest.mark.parametrize("text", ["", "11", "1-c3", "101-c9", "111-", "2", "[[0, 1]]", "1" * 10**6])
def test_what_is_no_id_is_refused(text: str) -> None:
    with refused(ValueError, "must be an id", "a graph in JSON"):
        SPACE.parse(text)


def test_an_id_outside_the_space_is_refused() -> None:
    with refused(ValueError, "a path from input to output"):
        SPACE.parse("100-c3")
    with refused(ValueError, "at most 9 edges, got 10"):
        SPACE.parse("1111111111-c3-c3-c3")


@given(st.text(max_size=40))
def test_any_text_is_an_architecture_or_a_mistake(text: str) -> None:
    (architecture_id,) = SPACE.canonical_ids([text])
    if architecture_id is None:
        with refused(ValueError):
            SPACE.parse(text)
    else:
        assert SPACE.parse(architecture_id) == SPACE.parse(text) == architecture_id


def test_names_of_all_kinds_are_found_in_bulk_and_others_left_out() -> None:
    graph = drawing(chain(3), ["input", "c3", "output"])
    names = [IDS[300_000], "nonsense", graph, "100-c3", "", "110011-mp-c3"]
    assert SPACE.canonical_ids(names) == [
        IDS[300_000], None, "101-c3", None, None, "110011-c3-mp"
    ]  # fmt: skip


def test_a_sample_is_uniform_over_the_cells() -> None:
    sample = SPACE.sample(4_000, np.random.default_rng(0))
    seven = sum(architecture_id.count("-") == 5 for architecture_id in sample) / 4_000
    # Binomial with p = 359,082 / 423,624: five standard deviations, false alarm below 1e-6.
    assert abs(seven - 359_082 / 423_624) < 5 * 0.36 / 4_000**0.5


def neighbours(cell: Cell) -> set[Cell]:
    """All cells one gene away from one of seven vertices, from every order of its vertices."""
    matrix, labels = matrix_of(cell), [0, *cell.labels, 0]
    found = set()
    for vertex, change in ((v, c) for v in range(1, 6) for c in (1, 2)):
        changed = list(labels)
        changed[vertex] = (changed[vertex] + change) % 3
        found.add(from_matrix(matrix, changed))
    for x, y in combinations(range(7), 2):
        # Backwards, too, if that closes no cycle: another order of the vertices has it forward.
        for source, target in ((x, y), (y, x)):
            flipped = [list(row) for row in matrix]
            if matrix[x][y] and source == y:
                continue
            flipped[source][target] ^= 1
            order = topological(flipped)
            if order is not None:
                rows = [[flipped[a][b] for b in order] for a in order]
                found.add(from_matrix(rows, [labels[v] for v in order]))
    return {child for child in found if child is not None} - {cell}


def topological(matrix: list[list[int]]) -> list[int] | None:
    """The vertices with all edges forward, input first and output last; None if none is so."""
    order, left = [], list(range(len(matrix)))
    while left:
        free = [v for v in left if not any(matrix[u][v] for u in left)]
        if not free:
            return None
        order.append(min(free))
        left.remove(min(free))
    return order if (order[0], order[-1]) == (0, len(matrix) - 1) else None


def test_mutation_changes_exactly_one_gene() -> None:
    rng = np.random.default_rng(2)
    for parent in SPACE.sample(60, rng):
        if parent.count("-") == 5:
            near = {to_architecture_id(cell) for cell in neighbours(to_cell(parent))}
            assert {SPACE.mutate(parent, rng) for _ in range(5)} <= near


def test_mutation_reaches_every_cell_that_one_gene_reaches() -> None:
    rng = np.random.default_rng(3)
    # Several orders of the vertices keep all edges forward: five of the cells need another one.
    parent = "110000000011000110011-c3-c3-c1-c1-mp"
    near = {to_architecture_id(cell) for cell in neighbours(to_cell(parent))}
    assert {SPACE.mutate(parent, rng) for _ in range(3_000)} == near


@given(indices(), st.integers(0, 2**32 - 1))
def test_a_mutation_is_another_cell_of_the_space(index: int, seed: int) -> None:
    child = SPACE.mutate(IDS[index], np.random.default_rng(seed))
    assert child != IDS[index]
    assert SPACE.canonical_ids([child]) == [child]
    assert child == SPACE.mutate(IDS[index], np.random.default_rng(seed))


@given(indices(), st.integers(0, 2**32 - 1))
def test_what_is_mutated_prunes_to_the_parent(index: int, seed: int) -> None:
    cell = to_cell(IDS[index])
    matrix, labels = unpruned(cell, np.random.default_rng(seed))
    assert len(matrix) == len(labels) == 7
    assert from_matrix(matrix, labels) == cell


def test_mutations_grow_a_cell_and_shrink_it() -> None:
    rng = np.random.default_rng(4)
    for num_vertices in range(2, 8):
        size = [id_ for id_ in IDS if id_.count("-") == num_vertices - 2]
        parents = size[:: -(-len(size) // 12)]
        children = {
            SPACE.mutate(parent, rng).count("-") + 2 for parent in parents for _ in range(40)
        }
        assert num_vertices == 2 or min(children) < num_vertices
        assert num_vertices == 7 or max(children) > num_vertices


def test_a_number_of_classes_below_one_is_refused() -> None:
    with refused(ValueError, "num_classes must be an integer of 1 or more, got 0"):
        NasBench101(num_classes=0)
