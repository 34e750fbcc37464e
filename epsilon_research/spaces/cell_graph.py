"""What an architecture chooses, as a graph that a person can look at."""

from collections.abc import Sequence
from typing import NamedTuple


class CellGraph(NamedTuple):
    """A directed graph without circles: a cell, or the chain of a network's layers."""

    title: str
    """What is drawn, e.g. `normal cell`."""
    nodes: Sequence[str]
    """Text of each node, in an order in which every edge points forwards."""
    edges: Sequence[tuple[int, int, str]]
    """(source, target, text) of each edge; an empty text where the operations are the nodes."""


def edge_graph(edges: Sequence[tuple[int, int]], operations: Sequence[str]) -> CellGraph:
    """Return the graph of a cell whose nodes sum what operations on their edges bring.

    Args:
        edges: (target, source) of each edge; node 0 is the input, the last one the output.
        operations: The operation on each; empty for one that computes nothing.
    """
    output = max(target for target, _ in edges)
    drawn = [
        (source, target, operation)
        for (target, source), operation in zip(edges, operations, strict=True)
        if operation
    ]
    return CellGraph("cell", ["input", *map(str, range(1, output)), "output"], drawn)


def chain_graph(title: str, layers: Sequence[str]) -> CellGraph:
    """Return the graph of layers that follow one another between input and output."""
    nodes = ["input", *layers, "output"]
    return CellGraph(title, nodes, [(place, place + 1, "") for place in range(len(nodes) - 1)])
