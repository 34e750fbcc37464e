"""Architecture ids of NAS-Bench-101 in bulk: all of them, and what many of them describe."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from epsilon_research.spaces.nb101_enumeration import whole_space
from epsilon_research.spaces.nb101_graph import MAX_VERTICES, OPERATIONS, label_digits
from epsilon_research.spaces.nb101_text import upper_triangle


class Graph(NamedTuple):
    """A cell without its labels."""

    num_vertices: int
    edge_bits: int


@cache
def enumeration_order() -> tuple[str, ...]:
    """Return all 423,624 architecture ids: by vertices, then edge bits, then labelling."""
    ids: list[str] = []
    for size in whole_space():
        triangles = [upper_triangle(size.num_vertices, bits) for bits in size.edge_bits.tolist()]
        operations = _operation_texts(size.num_vertices)
        ids += [
            triangles[graph] + operations[labelling]
            for graph, labelling in zip(size.graph.tolist(), size.labelling.tolist(), strict=True)
        ]
    return tuple(ids)


@cache
def all_ids() -> frozenset[str]:
    """Return the same as a set."""
    return frozenset(enumeration_order())


@cache
def _operation_texts(num_vertices: int) -> list[str]:
    """What every labelling adds to the triangle, in the order of `label_digits`."""
    return [
        "".join(f"-{OPERATIONS[d]}" for d in row) for row in label_digits(num_vertices).tolist()
    ]


@cache
def _graphs() -> dict[str, Graph]:
    """The graphs of the space by their upper triangles."""
    return {
        upper_triangle(size.num_vertices, bits): Graph(size.num_vertices, bits)
        for size in whole_space()
        for bits in size.edge_bits.tolist()
    }


@cache
def _labellings() -> dict[str, tuple[int, int]]:
    """(vertices, place in `label_digits`) of all texts of operations."""
    return {
        text: (count, place)
        for count in range(2, MAX_VERTICES + 1)
        for place, text in enumerate(_operation_texts(count))
    }


def by_graph(ids: Sequence[str]) -> Iterator[tuple[Graph, np.ndarray, np.ndarray]]:
    """Yield each graph among `ids`, the places in `ids` of its cells, and their labellings.

    Labellings are places in `label_digits`.

    Raises:
        ValueError: Something among `ids` is not an architecture id.
    """
    graphs, labellings = _graphs(), _labellings()
    members: dict[Graph, tuple[list[int], list[int]]] = {}
    for place, architecture_id in enumerate(ids):
        triangle, dash, operations = architecture_id.partition("-")
        graph = graphs.get(triangle)
        num_vertices, labelling = labellings.get(dash + operations, (0, 0))
        if graph is None or graph.num_vertices != num_vertices:
            raise ValueError(
                "an architecture id must be a canonical one of NAS-Bench-101, got "
                f"{architecture_id[:60]!r}: pass what parse returns for it"
            )
        places, found = members.setdefault(graph, ([], []))
        places.append(place)
        found.append(labelling)
    for graph, (places, found) in members.items():
        yield graph, np.array(places), np.array(found)
