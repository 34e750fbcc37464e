"""What architectures look like, by hand."""

import pytest

from epsilon_research.spaces import (
    Darts,
    NasBench101,
    NasBench201,
    NasBenchMacro,
    NasBenchNlp,
    NatsSize,
    SearchSpace,
)
from epsilon_research.spaces.cell_graph import CellGraph
from epsilon_research.spaces.tnb101_macro import TransNasMacro
from epsilon_research.spaces.tnb101_micro import TransNasMicro

RECIPE = '{"h_new_0": {"op": "activation_tanh", "input": ["n"]}, "n": {"op": "linear", "input": ["x", "h_prev_0"]}}'  # noqa: E501


@pytest.mark.parametrize(
    ("space", "name", "graph"),
    [
        (
            NasBench201(),
            "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|",
            CellGraph(
                "cell",
                ["input", "1", "2", "output"],
                [(0, 1, "nor_conv_3x3"), (1, 2, "skip_connect"), (2, 3, "avg_pool_3x3")],
            ),
        ),
        (
            TransNasMicro(),
            "64-41414-1_02_003",
            CellGraph(
                "cell",
                ["input", "1", "2", "output"],
                [(0, 1, "identity"), (1, 2, "conv 1×1"), (2, 3, "conv 3×3")],
            ),
        ),
        (
            NasBench101(),
            "110011-c3-mp",
            CellGraph(
                "cell",
                ["input", "conv 3×3", "max pool 3×3", "output"],
                [(0, 1, ""), (0, 2, ""), (1, 3, ""), (2, 3, "")],
            ),
        ),
        (
            NatsSize(),
            "64:8:32:16:48",
            CellGraph(
                "layers",
                [
                    "input", "cell,\n64 channels", "residual,\n8 channels", "cell,\n32 channels",
                    "residual,\n16 channels", "cell,\n48 channels", "output",
                ],
                [(place, place + 1, "") for place in range(6)],
            ),
        ),
        (
            TransNasMacro(),
            "64-1243-basic",
            CellGraph(
                "layers of two residual blocks",
                [
                    "input", "same shape", "channels × 2", "channels × 2,\nstride 2", "stride 2",
                    "output",
                ],
                [(place, place + 1, "") for place in range(5)],
            ),
        ),
        (
            NasBenchNlp(num_drawn=1),
            RECIPE,
            CellGraph(
                "cell",
                ["x", "old state 0", "linear", "tanh", "new state 0"],
                [(0, 2, ""), (1, 2, ""), (2, 3, ""), (3, 4, "")],
            ),
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
def test_a_graph_shows_what_an_id_says(space: SearchSpace, name: str, graph: CellGraph) -> None:
    assert space.graphs(space.parse(name)) == [graph]


def test_blocks_are_in_their_order() -> None:
    (graph,) = NasBenchMacro().graphs("02100000")
    assert graph.nodes[1:4] == ["identity", "5×5,\n6 times wider", "3×3,\n3 times wider"]


def test_both_cells_are_drawn_with_their_joined_nodes() -> None:
    space = Darts(num_drawn=1)
    (name,) = space.architecture_ids
    normal, reduce = space.graphs(name)
    assert (normal.title, reduce.title) == ("normal cell", "reduce cell")
    for graph, words in zip((normal, reduce), name.split(" reduce: "), strict=True):
        edges = [f"{operation}~{source}" for source, _, operation in graph.edges[:8]]
        assert words.removeprefix("normal: ").split() == edges
        assert [target for _, target, _ in graph.edges[:8]] == [2, 2, 3, 3, 4, 4, 5, 5]
        assert list(graph.edges[8:]) == [(node, 6, "") for node in (2, 3, 4, 5)]
