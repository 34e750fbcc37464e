"""How architectures are written: ids, keys, graphs, recipes, files of them, training logs."""

import json
import re
from collections.abc import Callable, Sequence

import numpy as np

from epsilon_research.benchmarks.nbnlp_logs import parse_log
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.spaces.darts import Darts
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbnlp import NasBenchNlp, read_recipes
from epsilon_research.spaces.selection import Selection
from epsilon_research.spaces.toy import Toy
from tests.fuzz.target import Target, answered, in_file

_KEY = re.compile("[0-9a-fA-F]{32}")

RECIPE = {
    "f": {"op": "linear", "input": ["x", "h_prev_0"]},
    "h_new_0": {"op": "activation_tanh", "input": ["f"]},
}
LOG = {
    "data": "data/ptb", "recepie_id": 17, "epochs": 3, "recepie": json.dumps(RECIPE),
    "val_losses": [5.0, None, 4.5], "test_losses": "[5.1, nan, -inf]", "status": "OK",
}  # fmt: skip


def _parser(space: SearchSpace) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        # As the command line and files hand over what is no UTF-8.
        text = data.decode("utf-8", "surrogateescape")
        if _KEY.fullmatch(text.strip()):
            # The first key makes a table of all of them, which takes seconds.
            return
        with answered():
            found = space.parse(text)
            assert space.parse(found) == found
            space.core_program(found)

    return run


def _lines(data: bytes) -> None:
    """A text file with one architecture a line."""
    path = in_file(data, "architectures.txt")
    with answered():
        selection = Selection(space=Toy(), published_weights=(1e-7, 1.0), architectures=str(path))
        selection.choose(np.random.default_rng(0), auto=None)


def _recipes(data: bytes) -> None:
    path = in_file(data, "recipes.json")
    with answered():
        for architecture_id in read_recipes(path):
            NasBenchNlp().core_program(architecture_id)


def _log(data: bytes) -> None:
    for epoch in ("last", "best"):
        with answered():
            run = parse_log(data, epoch=epoch, what="log 1")
            assert isinstance(run.test_loss, float)


def _graphs() -> Sequence[bytes]:
    graphs = [
        {"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]},
        {
            "matrix": [[0, 1, 1], [0, 0, 1], [0, 0, 0]],
            "ops": ["input", "conv3x3-bn-relu", "output"],
        },
    ]
    return [
        b"101000100001001100101-c1-c3-mp-c1-mp",
        b"110011-c3-mp",
        b"1",
        b"0",
        *(json.dumps(graph).encode() for graph in graphs),
        b'{"matrix": [[0, 1e400], [NaN, 0]], "ops": ["input", "output"]}',
    ]


def _genotypes() -> Sequence[bytes]:
    cell = "[(0, 3), (1, 3), (0, 2), (2, 5), (1, 0), (3, 1), (0, 4), (4, 6)]"
    pairs = "('skip_connect', 0), ('max_pool_3x3', 1), " * 4
    printed = (
        f"Genotype(normal=[{pairs}], normal_concat=range(2, 6), reduce=[{pairs}], "
        "reduce_concat=[2, 3, 4, 5])"
    )
    texts = [*Darts(num_drawn=1).architecture_ids, f"[{cell}, {cell}]", printed, "Genotype(" * 99]
    return [text.encode() for text in texts]


def _recipe_seeds() -> Sequence[bytes]:
    drawn = NasBenchNlp(num_drawn=3, hidden=3).architecture_ids
    return [json.dumps(RECIPE).encode(), json.dumps(LOG).encode(), *(id_.encode() for id_ in drawn)]


def _recipe_file_seeds() -> Sequence[bytes]:
    return [json.dumps([RECIPE, json.dumps(RECIPE), LOG]).encode(), b"[]", b"[" * 5000]


def _log_seeds() -> Sequence[bytes]:
    return [
        json.dumps(LOG).encode(),
        json.dumps(LOG | {"recepie": RECIPE, "val_losses": [], "test_losses": []}).encode(),
        json.dumps(LOG).encode("utf-16"),
    ]


_NB201 = b"|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"

TARGETS = (
    Target(name="nb201_text", run=_parser(NasBench201()), seeds=lambda: [_NB201]),
    Target(name="nb101_text", run=_parser(NasBench101()), seeds=_graphs),
    Target(name="toy_text", run=_parser(Toy()), seeds=lambda: [b"conv3x3-skip-conv1x1"]),
    Target(name="darts_text", run=_parser(Darts()), seeds=_genotypes),
    Target(name="nbnlp_text", run=_parser(NasBenchNlp()), seeds=_recipe_seeds),
    Target(
        name="architecture_file",
        run=_lines,
        seeds=lambda: [b"conv3x3-skip-conv1x1\npool-none-skip\n", b"\xff\n", b"\n"],
    ),
    Target(name="recipe_file", run=_recipes, seeds=_recipe_file_seeds),
    Target(name="nbnlp_log", run=_log, seeds=_log_seeds),
)
