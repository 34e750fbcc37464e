"""All 423,624 cells of NAS-Bench-101, one per isomorphism class, without a hash.

References:
    Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019; the
    order of the released generator: vertices, then edge bits, then labellings.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from epsilon_research.spaces.nb101_graph import (
    MAX_EDGES,
    MAX_VERTICES,
    edge_bit,
    edges,
    interior_permutations,
    label_digits,
)


class LabelledGraphs(NamedTuple):
    """All cells of one number of vertices, in the order of the benchmark's generator."""

    num_vertices: int
    edge_bits: np.ndarray
    """int64 [graphs]: graphs without labels, ascending."""
    graph: np.ndarray
    """int64 [cells]: the place in `edge_bits` of each cell's graph."""
    labelling: np.ndarray
    """int64 [cells]: the place in `label_digits` of each cell's labelling."""


def _without_dead_ends(num_vertices: int) -> np.ndarray:
    """Edge bits, ascending, of all graphs within the limit on edges in which every vertex counts.

    Every vertex but the output feeds one, every vertex but the input is fed.
    """
    bits = np.arange(1 << len(edges(num_vertices)), dtype=np.int64)
    bits = bits[np.bitwise_count(bits) <= MAX_EDGES]
    for vertex in range(num_vertices):
        leaving = sum(edge_bit(vertex, y) for y in range(vertex + 1, num_vertices))
        entering = sum(edge_bit(x, vertex) for x in range(vertex))
        for needed in (leaving, entering):
            if needed:
                bits = bits[(bits & needed) != 0]
    return bits


@cache
def labelled_graphs(num_vertices: int) -> LabelledGraphs:
    """Return all cells of `num_vertices`, each in the form that the generator meets first."""
    permutations = interior_permutations(num_vertices)
    bits = _without_dead_ends(num_vertices)
    present = (bits[:, None] >> np.arange(len(edges(num_vertices)))) & 1
    permuted = present.astype(float) @ permutations.moved_bits.T  # (graphs, permutations)
    first = permuted.min(axis=1) == bits
    bits, symmetric = bits[first], permuted[first] == bits[first, None]
    codes = label_digits(num_vertices).astype(float) @ permutations.label_weights.T
    # The smallest code among the labellings that the graph's symmetries make of each labelling.
    smallest = np.tile(codes[:, 0], (len(bits), 1))
    for place in range(1, symmetric.shape[1]):
        rows = np.flatnonzero(symmetric[:, place])
        smallest[rows] = np.minimum(smallest[rows], codes[:, place])
    graph, labelling = np.nonzero(smallest == codes[:, 0])
    return LabelledGraphs(num_vertices, bits, graph, labelling)


@cache
def whole_space() -> tuple[LabelledGraphs, ...]:
    """Return all cells, by the number of vertices from two upwards."""
    return tuple(labelled_graphs(count) for count in range(2, MAX_VERTICES + 1))
