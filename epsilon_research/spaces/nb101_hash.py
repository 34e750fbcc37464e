"""The published keys of NAS-Bench-101: an iterated MD5 hash of a labelled graph.

Every vertex starts from its degrees and label and is hashed, once per vertex of the graph, from
its neighbours' digests and its own; the key hashes the sorted digests.

References:
    Ying et al., "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019,
    appendix; the iteration is that of Weisfeiler and Lehman.
"""

from functools import cache
from hashlib import md5

import numpy as np

from epsilon_research.spaces.nb101_graph import (
    MAX_VERTICES,
    NUM_LABELS,
    edge_bit,
    edges,
    label_digits,
)
from epsilon_research.spaces.nb101_md5 import iterated_md5

KEY_DIGITS = 32
_INPUT_LABEL, _OUTPUT_LABEL = -1, -2
"""The labels of input and output in the published hash."""


@cache
def _first_digests() -> np.ndarray:
    """uint32 [outdegree, indegree, label, 4]: the digest that each kind of vertex starts from."""
    table = np.zeros((MAX_VERTICES, MAX_VERTICES, NUM_LABELS + 2, 4), np.uint32)
    for outdegree in range(MAX_VERTICES):
        for indegree in range(MAX_VERTICES):
            for label in range(_OUTPUT_LABEL, NUM_LABELS):
                digest = md5(str((outdegree, indegree, label)).encode()).digest()
                # The labels of input and output, -1 and -2, are the last places of the axis.
                table[outdegree, indegree, label] = np.frombuffer(digest, "<u4")
    return table


def published_keys_of_graph(num_vertices: int, edge_bits: int, labellings: np.ndarray) -> list[str]:
    """Return the published keys of one graph in several labellings.

    Args:
        num_vertices: Vertices of the graph.
        edge_bits: Its edges, which leave no vertex dangling.
        labellings: int [labellings]: rows of `label_digits`.
    """
    matrix = np.zeros((num_vertices, num_vertices), bool)
    for x, y in edges(num_vertices):
        matrix[x, y] = edge_bits & edge_bit(x, y)
    labels = np.empty((len(labellings), num_vertices), np.int64)
    labels[:, 0], labels[:, -1] = _INPUT_LABEL, _OUTPUT_LABEL
    labels[:, 1:-1] = label_digits(num_vertices)[labellings]
    start = _first_digests()[matrix.sum(axis=1), matrix.sum(axis=0), labels]
    keys = np.empty((len(labellings), 4), np.uint32)
    iterated_md5(matrix, start, keys)
    text = keys.astype("<u4").tobytes().hex()
    return [text[at : at + KEY_DIGITS] for at in range(0, len(text), KEY_DIGITS)]
