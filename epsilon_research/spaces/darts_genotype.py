"""DARTS genotypes: two cells, how they are written, drawn and mutated."""

import re
from collections.abc import Iterator, Sequence
from math import comb, prod
from typing import NamedTuple

import numpy as np

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""In the order by which NAS-Bench-301 numbers them."""

NUM_INPUTS = 2
"""Inputs 0 and 1 of a cell are the outputs of the last but one and the last cell."""
NUM_NODES = 4
"""Intermediate nodes, inputs 2 to 5 of those after them; each has two edges."""

NUM_GENOTYPES = prod(
    comb(NUM_INPUTS + node, 2) * len(OPERATIONS) ** 2 for node in range(NUM_NODES)
) ** len(("normal", "reduce"))
"""1.08e18."""


class Edge(NamedTuple):
    """An operation and the input or node that it reads."""

    operation: str
    source: int


Cell = tuple[Edge, ...]
"""Two edges for each intermediate node, in order of the nodes, and of the sources in a node."""


class Genotype(NamedTuple):
    """The cell that keeps the size of a map and the cell that halves it."""

    normal: Cell
    reduce: Cell


def _spelling(edge: str, whole: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of an edge, and of a genotype with its cells as groups; neither has spaces."""
    unnamed = re.sub(r"\?P<\w+>", "?:", edge)
    cell = rf"((?:{unnamed},?){{{2 * NUM_NODES}}})"
    return re.compile(edge), re.compile(whole.replace("CELL", cell))


_JOINED = r"_concat=(?:range\(2,6\)|[\[(]2,3,4,5[\])])"
"""What published genotypes say of a cell's output: all four nodes."""
_SPELLINGS = (
    _spelling(r"(?P<operation>\w+)~(?P<source>[0-9])", "normal:CELLreduce:CELL"),
    _spelling(
        r"""\(['"](?P<operation>\w+)['"],(?P<source>[0-9])\)""",
        rf"Genotype\(normal=\[CELL\],normal{_JOINED},reduce=\[CELL\],reduce{_JOINED}\)",
    ),
    _spelling(
        r"[\[(](?P<source>[0-9]),(?P<operation>[0-9])[\])]",
        r"[\[(][\[(]CELL[\])],[\[(]CELL[\])],?[\])]",
    ),
)


def to_architecture_id(genotype: Genotype) -> str:
    """Return the id of a genotype, `normal: op~input op~input … reduce: op~input …`."""
    cells = (
        f"{name}: " + " ".join(f"{operation}~{source}" for operation, source in cell)
        for name, cell in zip(Genotype._fields, genotype, strict=True)
    )
    return " ".join(cells)


def parse_genotype(text: str) -> Genotype:
    """Return the genotype that `text` means.

    Args:
        text: An id, a `Genotype(…)` as the code of DARTS prints it, or NAS-Bench-301's lists of
            pairs (input, number of the operation); the two edges of a node in either order.

    Raises:
        ValueError: `text` is no genotype of this space; says what is wrong with it.
    """
    packed = "".join(text.split())
    for edge, whole in _SPELLINGS:
        match = whole.fullmatch(packed)
        if match is not None:
            cells = zip(Genotype._fields, match.groups(), strict=True)
            return Genotype(*[_to_cell(name, list(edge.finditer(cell))) for name, cell in cells])
    raise ValueError(
        "a DARTS genotype must be 'normal: op~input ... reduce: op~input ...' with eight "
        "operations each, or Genotype(normal=[...], normal_concat=range(2, 6), reduce=[...], "
        "reduce_concat=range(2, 6)), or two lists of eight pairs (input, number of the "
        "operation), got "
        f"{text[:100]!r}: write it in one of these ways"
    )


def _to_cell(name: str, matches: Sequence[re.Match[str]]) -> Cell:
    edges = [Edge(_to_operation(match["operation"]), int(match["source"])) for match in matches]
    for node in range(NUM_NODES):
        sources = {edge.source for edge in edges[2 * node : 2 * node + 2]}
        if len(sources) < 2 or max(sources) >= NUM_INPUTS + node:
            found = " and ".join(str(edge.source) for edge in edges[2 * node : 2 * node + 2])
            raise ValueError(
                f"node {NUM_INPUTS + node} of the {name} cell must read two of 0 to "
                f"{NUM_INPUTS + node - 1}, got {found}: correct its inputs"
            )
    return _in_order(edges)


def _to_operation(text: str) -> str:
    numbered = dict(zip(map(str, range(len(OPERATIONS))), OPERATIONS, strict=True))
    operation = numbered.get(text, text)
    if operation not in OPERATIONS:
        raise ValueError(
            f"an operation of a DARTS genotype must be one of {', '.join(OPERATIONS)} (as numbers "
            f"0 to {len(OPERATIONS) - 1}), got {text[:40]!r}: choose one of them"
        )
    return operation


def _in_order(edges: Sequence[Edge]) -> Cell:
    """The cell with the edges of each node by their sources; they are summed."""
    return tuple(
        edge
        for start in range(0, 2 * NUM_NODES, 2)
        for edge in sorted(edges[start : start + 2], key=lambda edge: edge.source)
    )


def draw_genotype(rng: np.random.Generator) -> Genotype:
    """Return a genotype, uniform over all."""
    return Genotype(_draw_cell(rng), _draw_cell(rng))


def _draw_cell(rng: np.random.Generator) -> Cell:
    edges = []
    for node in range(NUM_NODES):
        sources = rng.choice(NUM_INPUTS + node, size=2, replace=False).tolist()
        operations = rng.integers(len(OPERATIONS), size=2).tolist()
        pairs = zip(operations, sources, strict=True)
        edges += [Edge(OPERATIONS[operation], source) for operation, source in pairs]
    return _in_order(edges)


def mutate_genotype(genotype: Genotype, rng: np.random.Generator) -> Genotype:
    """Return a genotype that differs in one gene, an operation or an input of an edge.

    Uniform over the 16 operations and the 12 inputs that can differ (node 2 has no other than 0 and
    1), then over the gene's other values.
    """
    genes = [
        (which, place, values)
        for which, cell in enumerate(genotype)
        for place in range(len(cell))
        for values in _other_values(cell, place)
        if values
    ]
    which, place, values = genes[int(rng.integers(len(genes)))]
    edges = list(genotype[which])
    edges[place] = values[int(rng.integers(len(values)))]
    return genotype._replace(**{Genotype._fields[which]: _in_order(edges)})


def _other_values(cell: Cell, place: int) -> Iterator[list[Edge]]:
    """The edge at `place` with other operations, then with other inputs."""
    operation, source = cell[place]
    yield [Edge(other, source) for other in OPERATIONS if other != operation]
    node = place // 2
    taken = {edge.source for edge in cell[2 * node : 2 * node + 2]}
    yield [Edge(operation, other) for other in range(NUM_INPUTS + node) if other not in taken]
