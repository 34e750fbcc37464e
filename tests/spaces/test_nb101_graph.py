"""One graph per isomorphism class, as a loop over all of them finds it."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.spaces.nb101_enumeration import labelled_graphs, whole_space
from epsilon_research.spaces.nb101_graph import (
    MAX_EDGES,
    MAX_VERTICES,
    NUM_LABELS,
    Cell,
    canonical,
    edges,
    from_matrix,
    label_digits,
    prune,
)

PUBLISHED_COUNTS = (1, 6, 84, 2_441, 62_010, 359_082)

Matrix = list[list[int]]


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Matrix, list[int]]:
    """An upper triangular matrix of two to eight vertices, often with dangling ones, and labels."""
    size = draw(st.integers(2, 8))
    entries = draw(st.lists(st.booleans(), min_size=size * size, max_size=size * size))
    matrix = [[int(x < y and entries[x * size + y]) for y in range(size)] for x in range(size)]
    return matrix, draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))


def cells() -> st.SearchStrategy[Cell]:
    """Canonical cells of the space, small and large alike."""
    return drawn().map(lambda graph: from_matrix(*graph)).filter(lambda cell: cell is not None)  # pyright: ignore[reportReturnType]


def all_matrices(num_vertices: int) -> list[Matrix]:
    """Every upper triangular matrix, in the order of the released generator."""
    pairs = [(x, y) for y in range(num_vertices) for x in range(y)]
    found = []
    for bits in range(2 ** len(pairs)):
        matrix = [[0] * num_vertices for _ in range(num_vertices)]
        for place, (x, y) in enumerate(pairs):
            matrix[x][y] = bits >> place & 1
        found.append(matrix)
    return found


def relabelled(matrix: Matrix, labels: tuple, order: tuple[int, ...]) -> tuple[tuple, tuple]:
    """The same graph with vertex v at place order[v]."""
    back = sorted(range(len(order)), key=lambda vertex: order[vertex])
    rows = tuple(tuple(matrix[x][y] for y in back) for x in back)
    return rows, tuple(labels[v] for v in back)


def enumerated_by_hand(num_vertices: int) -> list[tuple[tuple, tuple]]:
    """What the generator meets first of each isomorphism class, told apart by all permutations."""
    seen: set[tuple[tuple, tuple]] = set()
    first = []
    orders = [
        (0, *order, num_vertices - 1) for order in permutations(range(1, num_vertices - 1))
    ]  # fmt: skip
    for matrix in all_matrices(num_vertices):
        whole = prune(matrix) == list(range(num_vertices))
        if not whole or sum(map(sum, matrix)) > MAX_EDGES:
            continue
        for interior in product(range(NUM_LABELS), repeat=num_vertices - 2):
            labels = (-1, *interior, -2)
            graph = (tuple(map(tuple, matrix)), labels)
            if graph not in seen:
                first.append(graph)
                seen.update(relabelled(matrix, labels, order) for order in orders)
    return first


@pytest.mark.parametrize("num_vertices", [2, 3, 4, 5])
def test_the_enumeration_is_the_generator_s(num_vertices: int) -> None:
    size = labelled_graphs(num_vertices)
    digits = label_digits(num_vertices)
    ours = []
    for graph, labelling in zip(size.graph, size.labelling, strict=True):
        bits = int(size.edge_bits[graph])
        present = {edge for place, edge in enumerate(edges(num_vertices)) if bits >> place & 1}
        span = range(num_vertices)
        matrix = tuple(tuple(int((x, y) in present) for y in span) for x in span)
        ours.append((matrix, (-1, *digits[labelling].tolist(), -2)))
    assert ours == enumerated_by_hand(num_vertices)


def test_the_counts_per_number_of_vertices_are_the_published_ones() -> None:
    assert tuple(len(size.graph) for size in whole_space()) == PUBLISHED_COUNTS


def test_what_is_enumerated_is_canonical() -> None:
    rng = np.random.default_rng(0)
    for size in whole_space():
        for place in rng.integers(len(size.graph), size=60):
            labels = label_digits(size.num_vertices)[size.labelling[place]]
            bits = int(size.edge_bits[size.graph[place]])
            cell = Cell(size.num_vertices, bits, tuple(labels.tolist()))
            assert canonical(cell) == cell


@given(drawn(), st.randoms(use_true_random=False))
def test_the_order_of_the_vertices_does_not_matter(graph: tuple, random) -> None:
    matrix, labels = graph
    # Swaps neighbours that no edge joins, so that the matrix stays upper triangular.
    order = list(range(len(matrix)))
    for _ in range(10):
        place = random.randrange(1, max(len(matrix) - 2, 2))
        if place < len(matrix) - 2 and not matrix[order[place]][order[place + 1]]:
            order[place], order[place + 1] = order[place + 1], order[place]
    shuffled = [[matrix[x][y] for y in order] for x in order]
    assert from_matrix(shuffled, [labels[v] for v in order]) == from_matrix(matrix, labels)


@given(drawn())
def test_pruning_keeps_the_vertices_on_paths(graph: tuple) -> None:
    matrix, _ = graph
    reach = np.linalg.matrix_power(np.array(matrix) + np.eye(len(matrix), dtype=int), len(matrix))
    on_a_path = [v for v in range(len(matrix)) if reach[0, v] and reach[v, -1]]
    assert prune(matrix) == (on_a_path if reach[0, -1] else [])


@given(drawn())
def test_a_cell_within_the_limits_has_no_dangling_vertices(graph: tuple) -> None:
    matrix, labels = graph
    cell = from_matrix(matrix, labels)
    kept = prune(matrix)
    num_edges = sum(matrix[x][y] for x in kept for y in kept)
    assert (cell is None) == (not kept or len(kept) > MAX_VERTICES or num_edges > MAX_EDGES)
    if cell is not None:
        assert (cell.num_vertices, cell.edge_bits.bit_count()) == (len(kept), num_edges)
        assert sorted(cell.labels) == sorted(labels[v] for v in kept[1:-1])
