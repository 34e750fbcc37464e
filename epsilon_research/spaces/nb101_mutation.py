"""One change of a NAS-Bench-101 cell: an edge flipped or an operation exchanged."""

import numpy as np

from epsilon_research.spaces.nb101_graph import (
    MAX_VERTICES,
    NUM_LABELS,
    Cell,
    from_matrix,
    interior_permutations,
    permuted_bits,
    reverses_edges,
)

_LAST = MAX_VERTICES - 1


def mutated(parent: Cell, rng: np.random.Generator) -> Cell:
    """Return a canonical cell that differs from `parent` in one gene.

    The literature evolves matrices of seven vertices, of which dangling ones are pruned before an
    evaluation, and redraws a change until it is valid and matters. An id has no dangling vertices,
    and mutating it as it stands could never add one. So each draw begins with one of the matrices
    that prune to the parent: its vertices in a random order that keeps all edges forward, missing
    ones back in place, each with a random operation and hanging on one random edge. Then one of
    the 21 edges is flipped or one of the five operations exchanged, one kind as likely as the
    other, as in the benchmark's released example, where one change of each kind is expected.

    References:
        Real et al., "Regularized Evolution for Image Classifier Architecture Search", AAAI 2019;
        Ying et al., "NAS-Bench-101", ICML 2019, section 4.2 and the released example of it.
    Differs from them:
        exactly one gene changes; they change each with a probability.
    """
    while True:
        matrix, labels = unpruned(parent, rng)
        if rng.integers(2):
            vertex = int(rng.integers(1, _LAST))
            labels[vertex] = (labels[vertex] + int(rng.integers(1, NUM_LABELS))) % NUM_LABELS
        else:
            source, target = sorted(rng.choice(MAX_VERTICES, size=2, replace=False).tolist())
            matrix[source][target] ^= 1
        child = from_matrix(matrix, labels)
        if child is not None and child != parent:
            return child


def unpruned(cell: Cell, rng: np.random.Generator) -> tuple[list[list[int]], list[int]]:
    """Return an upper triangular matrix of seven vertices and their labels that prune to `cell`."""
    places = _random_places(cell, rng)
    matrix = [[0] * MAX_VERTICES for _ in range(MAX_VERTICES)]
    labels = rng.integers(NUM_LABELS, size=MAX_VERTICES).tolist()
    last = cell.num_vertices - 1
    for target in range(1, cell.num_vertices):
        if target < last:
            labels[places[target]] = cell.labels[target - 1]
        for source in cell.sources(target):
            matrix[places[source]][places[target]] = 1
    for vertex in set(range(MAX_VERTICES)) - set(places):
        # One edge alone, in or out, leads nowhere.
        neighbour = (vertex + int(rng.integers(1, MAX_VERTICES))) % MAX_VERTICES
        matrix[min(vertex, neighbour)][max(vertex, neighbour)] = 1
    return matrix, labels


def _random_places(cell: Cell, rng: np.random.Generator) -> list[int]:
    """A place among seven for each vertex, uniform among those that keep all edges forward."""
    forward = np.flatnonzero(~reverses_edges(permuted_bits(cell)))
    order = interior_permutations(cell.num_vertices).vertices[rng.choice(forward)]
    interior = rng.choice(np.arange(1, _LAST), size=cell.num_vertices - 2, replace=False)
    places = np.array([0, *sorted(interior.tolist()), _LAST])
    return places[order].tolist()
