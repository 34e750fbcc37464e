"""How a NAS-Bench-101 cell is written: the architecture id, and the graph that a user draws.

The id is the upper triangle of the adjacency matrix, row by row, then the interior operations, all
joined by dashes: `110011-c3-mp`. A user's graph is JSON with a matrix and the operations.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import chain

from epsilon_research.spaces.nb101_graph import (
    MAX_EDGES,
    MAX_VERTICES,
    OPERATIONS,
    Cell,
    edge_bit,
    edges,
    from_matrix,
    prune,
)

MAX_DRAWN_VERTICES = 50
"""Vertices of a user's graph, dangling ones included: so that a hostile one costs no time."""

_INPUT, _OUTPUT = "input", "output"
_LONG_NAMES = {"conv3x3": 0, "conv1x1": 1, "maxpool3x3": 2}
_LABELS = {
    **{name: label for label, name in enumerate(OPERATIONS)},
    **_LONG_NAMES,
    **{f"{name}-bn-relu": label for name, label in _LONG_NAMES.items() if "conv" in name},
}
_ID = re.compile(r"[01]{1,21}(-(c3|c1|mp)){0,5}")
_EXAMPLE = (
    '{"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", "conv3x3-bn-relu", "output"]}'
)


@cache
def _row_major(num_vertices: int) -> tuple[int, ...]:
    """The bits of all edges, row by row of the upper triangle."""
    return tuple(edge_bit(x, y) for x, y in sorted(edges(num_vertices)))


def upper_triangle(num_vertices: int, edge_bits: int) -> str:
    """Return the first part of an id: the upper triangle, row by row."""
    return "".join("1" if edge_bits & bit else "0" for bit in _row_major(num_vertices))


def to_architecture_id(cell: Cell) -> str:
    """Return the id of a canonical cell."""
    operations = [OPERATIONS[label] for label in cell.labels]
    return "-".join([upper_triangle(cell.num_vertices, cell.edge_bits), *operations])


def to_cell(architecture_id: str) -> Cell:
    """Return the cell that an id describes, as it stands: neither pruned nor brought in order.

    Raises:
        ValueError: `architecture_id` has not the form of one.
    """
    triangle, *names = architecture_id.split("-")
    num_vertices = len(names) + 2
    if not _ID.fullmatch(architecture_id) or len(triangle) != len(edges(num_vertices)):
        raise ValueError(
            "a NAS-Bench-101 architecture must be an id (upper triangle of the adjacency matrix "
            "and interior operations c3, c1 or mp, e.g. 110011-c3-mp), a published key of 32 "
            f"hexadecimal digits or a graph in JSON, got {_short(architecture_id)}: pass e.g. "
            f"{_EXAMPLE}"
        )
    bits = sum(bit for bit, digit in zip(_row_major(num_vertices), triangle, strict=True)
               if digit == "1")  # fmt: skip
    return Cell(num_vertices, bits, tuple(_LABELS[name] for name in names))


def parse_id(text: str) -> Cell:
    """Return the canonical cell of an id in any vertex order, with dangling vertices or without.

    Raises:
        ValueError: It is not an id, has no path from input to output or too many edges.
    """
    cell = to_cell(text)
    size = range(cell.num_vertices)
    matrix = [[int(x < y and cell.has_edge(x, y)) for y in size] for x in size]
    return _checked(matrix, [0, *cell.labels, 0])


def parse_graph(text: str) -> Cell:
    """Return the canonical cell of a user's graph in JSON, `{"matrix": [[...]], "ops": [...]}`.

    The matrix may have its vertices in any order in which the graph is acyclic.

    Raises:
        ValueError: It is no such graph, or not in the space; says why.
    """
    matrix, operations = _fields(text)
    _check_matrix(matrix)
    labels, first, last = _labels(operations, num_vertices=len(matrix))
    order = _topological_order(matrix, first=first, last=last)
    return _checked([[matrix[x][y] for y in order] for x in order], [labels[v] for v in order])


def _checked(matrix: Sequence[Sequence[int]], labels: Sequence[int]) -> Cell:
    cell = from_matrix(matrix, labels)
    if cell is not None:
        return cell
    kept = prune(matrix)
    num_edges = sum(bool(matrix[x][y]) for x in kept for y in kept)
    if not kept:
        raise ValueError(
            "a NAS-Bench-101 cell must have a path from input to output, got a graph without one: "
            "connect them"
        )
    kind, count, limit = (
        ("vertices", len(kept), MAX_VERTICES)
        if len(kept) > MAX_VERTICES
        else ("edges", num_edges, MAX_EDGES)
    )
    raise ValueError(
        f"a NAS-Bench-101 cell must have at most {limit} {kind}, got {count} without dangling "
        f"vertices: leave out {count - limit}"
    )


def _fields(text: str) -> tuple[list, list]:
    try:
        graph = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"a graph must be valid JSON, got {_short(text)} ({reason}): pass e.g. {_EXAMPLE}"
        ) from error
    if not isinstance(graph, dict) or set(graph) != {"matrix", "ops"}:
        given = sorted(graph) if isinstance(graph, dict) else graph
        raise ValueError(
            f"a graph must have exactly the fields matrix and ops, got {_short(given)}: pass e.g. "
            f"{_EXAMPLE}"
        )
    for name, value in graph.items():
        if not isinstance(value, list):
            raise ValueError(f"{name} must be a list, got {_short(value)}: pass e.g. {_EXAMPLE}")
    return graph["matrix"], graph["ops"]


def _check_matrix(matrix: list) -> None:
    size = len(matrix)
    if not 2 <= size <= MAX_DRAWN_VERTICES:
        raise ValueError(
            f"matrix must have 2 to {MAX_DRAWN_VERTICES} rows, one per vertex, got {size}: draw "
            "the input, the output and what lies between"
        )
    if any(not isinstance(row, list) or len(row) != size for row in matrix):
        raise ValueError(
            f"matrix must be square, {size} rows of {size} entries, got {_short(matrix)}: give "
            "every vertex a row and a column"
        )
    for entry in chain(*matrix):
        if not isinstance(entry, int | float) or entry not in (0, 1):
            raise ValueError(
                f"matrix must have entries 0 or 1 only, got {_short(entry)}: write 1 for an edge"
            )


def _labels(operations: list, *, num_vertices: int) -> tuple[list[int], int, int]:
    """The label of each vertex (of no meaning for input and output) and the places of these."""
    if len(operations) != num_vertices:
        raise ValueError(
            f"ops must name one operation per vertex ({num_vertices}), got {len(operations)}: "
            "begin with input and end with output"
        )
    for name in operations:
        if not isinstance(name, str) or name not in (*_LABELS, _INPUT, _OUTPUT):
            raise ValueError(
                f"ops must be known operations, got {_short(name)}: choose from "
                "conv3x3-bn-relu, conv1x1-bn-relu, maxpool3x3 (or c3, c1, mp), besides input and "
                "output"
            )
    for end in (_INPUT, _OUTPUT):
        if operations.count(end) != 1:
            raise ValueError(
                f"ops must name {end} exactly once, got {operations.count(end)} times: every cell "
                "has one"
            )
    labels = [_LABELS.get(name, 0) for name in operations]
    return labels, operations.index(_INPUT), operations.index(_OUTPUT)


def _topological_order(matrix: list[list[int]], *, first: int, last: int) -> list[int]:
    """The vertices from input to output so that all edges point forward, as drawn where they do."""
    size = range(len(matrix))
    sorter = TopologicalSorter({y: [x for x in size if matrix[x][y]] for y in size})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        cycle = " -> ".join(str(vertex) for vertex in reversed(error.args[1]))
        raise ValueError(
            f"matrix must be the upper triangular one of an acyclic graph, got the cycle {cycle}: "
            "remove one of its edges"
        ) from error
    # What comes before the input or after the output dangles, so these may move past it.
    return [first, *[v for v in order if v not in (first, last)], last]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
