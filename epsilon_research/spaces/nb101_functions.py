"""Which NAS-Bench-101 cells are one function under constant weights, though not isomorphic.

With constant weights every vertex holds one map, whatever its width: what feeds it is truncated to
that width and added, and the projections of the cell's input are one map too. So a vertex is an
expression: its operation, its width if it convolves (a convolution sums over its channels), and
the multiset of what feeds it. A cell is the set of what feeds its output, each with its number of
channels in the three stacks, and whether the input is added. Vertices of one expression are one
map: a cell that computes something twice equals one that computes it once and uses it twice.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from operator import add

import numpy as np

from epsilon_research.spaces.nb101_graph import OPERATIONS, Cell, label_digits
from epsilon_research.spaces.nb101_network import STACK_CHANNELS, vertex_channels


def function_keys_of_graph(num_vertices: int, edge_bits: int, labellings: np.ndarray) -> list[str]:
    """Return keys of one graph in several labellings, equal only for cells of equal function.

    Args:
        num_vertices: Vertices of the graph.
        edge_bits: Its edges, which leave no vertex dangling.
        labellings: int [labellings]: rows of `label_digits`.

    Returns:
        32 hexadecimal digits each: the same for two cells exactly where the canonical hashes of
        their networks are, at a hundredth of the cost.
    """
    graph = Cell(num_vertices, edge_bits, (0,) * (num_vertices - 2))
    sources = [graph.sources(vertex) for vertex in range(num_vertices)]
    widths = list(
        zip(*(vertex_channels(graph, channels) for channels in STACK_CHANNELS), strict=True)
    )
    # What the expression of a vertex begins with, for each label. A pool does not see its width.
    heads = [
        [name if name == "mp" else f"{name}{widths[vertex]}" for name in OPERATIONS]
        for vertex in range(num_vertices)
    ]
    return [
        _key(sources, heads, widths, labels)
        for labels in label_digits(num_vertices)[labellings].tolist()
    ]


def _key(
    sources: Sequence[Sequence[int]],
    heads: Sequence[Sequence[str]],
    widths: Sequence[tuple[int, ...]],
    labels: Iterable[int],
) -> str:
    expressions = ["in"]
    for vertex, label in enumerate(labels, start=1):
        fed = "+".join(sorted([expressions[source] for source in sources[vertex]]))
        expressions.append(f"{heads[vertex][label]}[{fed}]")
    channels: dict[str, tuple[int, ...]] = {}
    for source in sources[-1]:
        expression = expressions[source]
        known = channels.get(expression)
        channels[expression] = tuple(map(add, known, widths[source])) if known else widths[source]
    return blake2b(repr(sorted(channels.items())).encode(), digest_size=16).hexdigest()
