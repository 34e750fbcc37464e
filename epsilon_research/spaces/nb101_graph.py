"""NAS-Bench-101 cells as bit masks: dangling vertices, limits, and one graph per isomorphism class.

A cell of n vertices is an integer of n(n-1)/2 edge bits, numbered as in the benchmark's released
generator, and one label per interior vertex. Vertex 0 is the input, the last one the output.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from typing import NamedTuple

import numpy as np

MAX_VERTICES = 7
MAX_EDGES = 9
OPERATIONS = ("c3", "c1", "mp")
"""Interior operations as ids name them, in the order of the benchmark's enumeration."""
NUM_LABELS = len(OPERATIONS)

_REVERSED = 1 << 40
"""Stands for an edge that a permutation would turn backwards; more than all edge bits together."""


def edge_bit(source: int, target: int) -> int:
    """Return the bit of the edge from `source` to `target` > `source`, in the generator's order."""
    return 1 << (source + target * (target - 1) // 2)


@cache
def edges(num_vertices: int) -> tuple[tuple[int, int], ...]:
    """Return (source, target) of every edge that there can be, in the order of its bit."""
    return tuple((x, y) for y in range(1, num_vertices) for x in range(y))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: the number of vertices, the bits of its edges, the label of each interior vertex."""

    num_vertices: int
    edge_bits: int
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        assert len(self.labels) == self.num_vertices - 2

    def has_edge(self, source: int, target: int) -> bool:
        """Return whether there is an edge from `source` to `target` > `source`."""
        return bool(self.edge_bits & edge_bit(source, target))

    def sources(self, target: int) -> list[int]:
        """Return the vertices that feed `target`."""
        return [source for source in range(target) if self.has_edge(source, target)]


class Permutations(NamedTuple):
    """All orders of the interior vertices of a cell of n, input and output staying in place."""

    vertices: np.ndarray
    """int64 [permutations, n]: the new place of each vertex; the first row changes nothing."""
    moved_bits: np.ndarray
    """float64 [permutations, edges]: the new bit of each edge. Exact, and fast in a product."""
    label_weights: np.ndarray
    """float64 [permutations, n - 2]: how much the label of each vertex counts in the new code."""


@cache
def interior_permutations(num_vertices: int) -> Permutations:
    """Return the permutations of the interior of a cell of `num_vertices`, with what they move."""
    interior = range(1, num_vertices - 1)
    rows = [(0, *order, num_vertices - 1) for order in permutations(interior)]
    moved = [
        [edge_bit(row[x], row[y]) if row[x] < row[y] else _REVERSED for x, y in edges(num_vertices)]
        for row in rows
    ]
    weights = [[NUM_LABELS ** (num_vertices - 2 - row[v]) for v in interior] for row in rows]
    return Permutations(
        np.array(rows),
        np.array(moved, float),
        np.array(weights, float).reshape(len(rows), num_vertices - 2),
    )


@cache
def label_digits(num_vertices: int) -> np.ndarray:
    """Return all labellings in the order of `itertools.product`, int64 [labellings, n - 2]."""
    interior = num_vertices - 2
    powers = NUM_LABELS ** np.arange(interior - 1, -1, -1)
    return np.arange(NUM_LABELS**interior)[:, None] // powers % NUM_LABELS


def permuted_bits(cell: Cell) -> np.ndarray:
    """Return the edge bits in every order, int64 [permutations]; see `reverses_edges`."""
    moved = interior_permutations(cell.num_vertices).moved_bits
    present = [e for e in range(moved.shape[1]) if cell.edge_bits >> e & 1]
    return moved[:, present].sum(axis=1).astype(np.int64)


def reverses_edges(bits: np.ndarray) -> np.ndarray:
    """Return whether a permutation gave no upper triangular matrix, from its `permuted_bits`."""
    return bits >= _REVERSED


def canonical(cell: Cell) -> Cell:
    """Return the isomorphic cell, of one without dead ends, that the enumeration meets first.

    It enumerates edge bits upwards and, for each, labellings in the order of `itertools.product`.
    """
    bits = permuted_bits(cell)
    smallest = bits.min()
    weights = interior_permutations(cell.num_vertices).label_weights[bits == smallest]
    code = int((weights @ np.array(cell.labels, float)).min())
    labels = label_digits(cell.num_vertices)[code]
    return Cell(cell.num_vertices, int(smallest), tuple(labels.tolist()))


def prune(matrix: Sequence[Sequence[int]]) -> list[int]:
    """Return the vertices on a path from the first to the last, empty if there is no such path.

    `matrix[x][y]` says whether there is an edge from x to y; any directed graph.
    """
    last = len(matrix) - 1
    targets = [[y for y, edge in enumerate(row) if edge] for row in matrix]
    sources: list[list[int]] = [[] for _ in matrix]
    for x, row in enumerate(targets):
        for y in row:
            sources[y].append(x)
    kept = _reached(targets, 0) & _reached(sources, last)
    return sorted(kept) if {0, last} <= kept else []


def _reached(neighbours: Sequence[Sequence[int]], start: int) -> set[int]:
    reached, waiting = {start}, [start]
    while waiting:
        new = set(neighbours[waiting.pop()]) - reached
        reached |= new
        waiting += new
    return reached


def from_matrix(matrix: Sequence[Sequence[int]], labels: Sequence[int]) -> Cell | None:
    """Return the canonical cell of an upper triangular matrix; None if it is not in the space.

    Dangling vertices are pruned first. `labels` has one label for every vertex, of which those of
    the first and the last do not count.
    """
    kept = prune(matrix)
    bits = 0
    for y, target in enumerate(kept):
        for x, source in enumerate(kept[:y]):
            if matrix[source][target]:
                bits |= edge_bit(x, y)
    if not kept or len(kept) > MAX_VERTICES or bits.bit_count() > MAX_EDGES:
        return None
    return canonical(Cell(len(kept), bits, tuple(labels[v] for v in kept[1:-1])))
