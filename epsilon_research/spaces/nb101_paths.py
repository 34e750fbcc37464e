"""The paths of a NAS-Bench-101 cell from input to output, as features of a predictor."""

from epsilon_research.spaces.nb101_graph import MAX_VERTICES, NUM_LABELS, Cell

NUM_PATHS = sum(NUM_LABELS**length for length in range(MAX_VERTICES - 1))
"""Sequences of no operation to one of each interior vertex."""


def paths(cell: Cell) -> set[int]:
    """Return which sequences of operations lead from input to output.

    Isomorphic cells have equal paths, whatever the order of their vertices.

    Returns:
        Numbers below `NUM_PATHS`: shorter sequences first, of equal length the last operation
        fastest.

    References:
        White et al., "BANANAS: Bayesian Optimization with Neural Architectures for Neural
        Architecture Search", AAAI 2021, section 3.
    """
    # A sequence is numbered in the bijective base of the labels: the empty one is 0.
    last = cell.num_vertices - 1
    found: list[set[int]] = [{0}]
    for vertex in range(1, cell.num_vertices):
        before = set().union(*(found[source] for source in cell.sources(vertex)))
        label = 0 if vertex == last else cell.labels[vertex - 1] + 1
        found.append(before if vertex == last else {NUM_LABELS * one + label for one in before})
    return found[last]
