"""NAS-Bench-101: cells of at most seven vertices and nine edges, operations on the vertices.

`nb101_graph.py` has the cells as bit masks, `nb101_enumeration.py` all of them, `nb101_text.py` and
`nb101_ids.py` how they are written, `nb101_network.py` the networks, `nb101_mutation.py` the
changes, `nb101_hash.py` the published keys, `nb101_functions.py` which cells are one function,
`nb101_paths.py` the features of a predictor.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import eq
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from epsilon_research.checks import check_integer
from epsilon_research.programs import Program
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph
from epsilon_research.spaces.nb101_functions import function_keys_of_graph
from epsilon_research.spaces.nb101_graph import edges
from epsilon_research.spaces.nb101_hash import KEY_DIGITS, published_keys_of_graph
from epsilon_research.spaces.nb101_ids import all_ids, by_graph, enumeration_order
from epsilon_research.spaces.nb101_mutation import mutated
from epsilon_research.spaces.nb101_network import (
    body_parameters,
    head_parameters,
    network_program,
)
from epsilon_research.spaces.nb101_paths import NUM_PATHS, paths
from epsilon_research.spaces.nb101_text import parse_graph, parse_id, to_architecture_id, to_cell

_log = logging.getLogger(__name__)

_NAMES = ("conv 3×3", "conv 1×1", "max pool 3×3")
"""What a graph calls the operations, by label."""

_KEY = re.compile(rf"[0-9a-fA-F]{{{KEY_DIGITS}}}")


def _keys(
    ids: Sequence[str], keys_of_graph: Callable[[int, int, np.ndarray], list[str]]
) -> list[str]:
    """What `keys_of_graph` says of the graphs and labellings of `ids`, in their order."""
    keys = [""] * len(ids)
    for graph, places, labellings in by_graph(ids):
        found = keys_of_graph(graph.num_vertices, graph.edge_bits, labellings)
        for place, key in zip(places.tolist(), found, strict=True):
            keys[place] = key
    return keys


@cache
def _all_keys() -> tuple[str, ...]:
    """The published keys of the whole space, in the order of its enumeration."""
    _log.info("hashing the cells of NAS-Bench-101 to their published keys, which takes seconds")
    return tuple(_keys(enumeration_order(), published_keys_of_graph))


@cache
def _ids_by_key() -> dict[str, str]:
    """The architecture id of every published key."""
    return dict(zip(_all_keys(), enumeration_order(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class NasBench101(SearchSpace):
    """The 423,624 cells of NAS-Bench-101, up to isomorphism, in its skeleton of nine cells.

    Skeleton: conv3×3(3→128)-BN-ReLU; three cells of 128 channels; 2×2 max pool; three cells of 256;
    2×2 max pool; three cells of 512; global mean; linear.

    An id is the upper triangle of the adjacency matrix, row by row, and the interior operations:
    `101000100001001100101-c1-c3-mp-c1-mp`; `1` is the cell of input and output alone. Of isomorphic
    graphs it names the one that the released generator meets first, as the benchmark's files do:
    where channels do not divide among the vertices, their order decides the widths.

    References:
        Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019.
    """

    enumerated_as_published: ClassVar[bool] = False
    name: str = "nb101"
    title: str = "NAS-Bench-101"
    input_kind: str = "images"
    num_classes: int = 10

    def __post_init__(self) -> None:
        check_integer("search_space.space.num_classes", self.num_classes, at_least=1, example=10)

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; in the order of the benchmark's generator, not of its files."""
        return enumeration_order()

    def parse(self, text: str) -> str:
        """See `SearchSpace`; an id in any vertex order, a published key, or a graph in JSON.

        The graph is `{"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]}`; what lies on no
        path from input to output is pruned. The first key takes some seconds.
        """
        text = text.strip()
        if _KEY.fullmatch(text):
            return self._find_key(text)
        return to_architecture_id(parse_graph(text) if text.startswith("{") else parse_id(text))

    def _find_key(self, key: str) -> str:
        architecture_id = _ids_by_key().get(key.lower())
        if architecture_id is None:
            raise ValueError(
                "a NAS-Bench-101 key must be one of the 423,624 published ones, "
                f"got {key}: check its digits, or pass the graph instead"
            )
        return architecture_id

    def canonical_ids(self, names: Sequence[str]) -> list[str | None]:
        """See `SearchSpace`; faster, since most names are ids."""
        known = all_ids()
        return [name if name in known else self._identified(name) for name in names]

    def published_keys(self, ids: Sequence[str]) -> list[str]:
        """See `SearchSpace`; the iterated MD5 hashes. The whole space takes some seconds, once."""
        whole = enumeration_order()
        if len(ids) == len(whole) and all(map(eq, ids, whole)):
            return list(_all_keys())
        return _keys(ids, published_keys_of_graph)

    def function_keys(self, ids: Sequence[str]) -> list[str]:
        """See `SearchSpace`; the 423,624 cells are 387,080 functions. Some seconds for all."""
        return _keys(ids, function_keys_of_graph)

    def encode(self, ids: Sequence[str]) -> Float[np.ndarray, "architectures features"]:
        """See `SearchSpace`; which sequences of operations lead from input to output."""
        encoded = np.zeros((len(ids), NUM_PATHS))
        for row, id_ in enumerate(ids):
            encoded[row, sorted(paths(to_cell(id_)))] = 1.0
        return encoded

    def count_parameters(self, ids: Sequence[str]) -> np.ndarray:
        """See `SearchSpace`."""
        counts = np.zeros(len(ids), np.int64)
        for graph, places, labellings in by_graph(ids):
            counts[places] = body_parameters(*graph)[labellings]
        return counts + head_parameters(self.num_classes)

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`; operations on the nodes."""
        cell = to_cell(architecture_id)
        drawn = [(*edge, "") for edge in edges(cell.num_vertices) if cell.has_edge(*edge)]
        nodes = ["input", *(_NAMES[label] for label in cell.labels), "output"]
        return [CellGraph("cell", nodes, drawn)]

    def program(self, architecture_id: str, *, num_outputs: int) -> Program:
        """See `SearchSpace`."""
        return network_program(to_cell(architecture_id), num_outputs=num_outputs)

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; an edge flipped or an operation exchanged, see `mutated`."""
        return to_architecture_id(mutated(to_cell(architecture_id), rng))
