"""NAS-Bench-NLP: recurrent cells for language models, each a recipe of about ten nodes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from epsilon_research.checks import LARGEST_INTEGER, check_integer
from epsilon_research.programs import RecurrentProgram
from epsilon_research.spaces.base import SearchSpace
from epsilon_research.spaces.cell_graph import CellGraph
from epsilon_research.spaces.nbnlp_generator import draw_recipes
from epsilon_research.spaces.nbnlp_mutation import mutate_recipe
from epsilon_research.spaces.nbnlp_recipe import parse_recipe, to_cell, to_json, to_recipe

EMBEDDING_SIZE = 400
HIDDEN_SIZES = (600, 600, 400)


@cache
def _drawn(count: int, seed: int, hidden: int, intermediate: int) -> tuple[str, ...]:
    rng = np.random.default_rng(seed)
    return tuple(draw_recipes(count, hidden=hidden, intermediate=intermediate, rng=rng))


def read_recipes(path: Path) -> list[str]:
    """Return the distinct recipes of a JSON file with a list of them, as ids in its order.

    An entry is a recipe, a recipe as a string, or an object with the key "recepie".

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds something else; says which entry and why.
    """
    sentence = "search_space.space.recipes must be a JSON file with a list of recipes"
    if not path.is_file():
        raise FileNotFoundError(f"{sentence}, got {str(path)!r}, which is not a file: check it")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{sentence}, got {path}, which is no JSON ({error})") from error
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{sentence}, got {path} with none: list them between [ and ]")
    ids: dict[str, None] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            ids[to_json(to_recipe(entry))] = None
        except ValueError as error:
            raise ValueError(f"{path}, entry {number}: {error}") from error
    return list(ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class NasBenchNlp(SearchSpace):
    """Recurrent cells in three layers of 600, 600 and 400 units, with a tied decoder.

    The space is without end; `architecture_ids` are the recipes at hand. An id is a recipe as
    canonical JSON: sorted keys, no spaces, node names kept.

    Args:
        recipes: A JSON file with a list of recipes; None: drawn by the benchmark's own generator.
        num_drawn: How many are drawn.
        generator_seed: Seed of the draw.
        hidden: Hidden states of a drawn cell, 1 to 3. The benchmark has all three.
        intermediate: Nodes drawn for a cell beside one for each state; redundant ones are removed.
            7 is the generator's default; the benchmark has cells from 7, 14 and 21.
        vocabulary_size: Tokens of the trained networks (PTB 10,000; WikiText-2 33,278); decides
            `num_parameters` only.

    References:
        Klyuchnikov et al., "NAS-Bench-NLP: Neural Architecture Search Benchmark for Natural
        Language Processing", arXiv 2006.07116.
    """

    enumerated_as_published: ClassVar[bool] = False
    complete: ClassVar[bool] = False

    recipes: str | None = None
    num_drawn: int = 1000
    generator_seed: int = 21
    hidden: int = 2
    intermediate: int = 7
    vocabulary_size: int = 10_000
    name: str = "nbnlp"
    title: str = "NAS-Bench-NLP"
    input_kind: str = "tokens"

    def __post_init__(self) -> None:
        for name, low, high, example in (
            ("num_drawn", 1, 1_000_000, 1000),
            ("generator_seed", 0, LARGEST_INTEGER, 21),
            ("hidden", 1, 3, 2),
            ("intermediate", 1, 100, 7),
            ("vocabulary_size", 1, 10**9, 10_000),
        ):
            setting, value = f"search_space.space.{name}", getattr(self, name)
            check_integer(setting, value, at_least=low, at_most=high, example=example)
        if self.recipes is not None:
            _read(self.recipes)

    @property
    def num_classes(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The decoder distinguishes one token from another."""
        return self.vocabulary_size

    @property
    def architecture_ids(self) -> Sequence[str]:
        """See `SearchSpace`; in the order of the file or of the draw."""
        if self.recipes is not None:
            return _read(self.recipes)
        return _drawn(self.num_drawn, self.generator_seed, self.hidden, self.intermediate)

    def parse(self, text: str) -> str:
        """See `SearchSpace`; a recipe as JSON, alone or under the key "recepie" of a log."""
        return to_json(parse_recipe(text))

    def graphs(self, architecture_id: str) -> list[CellGraph]:
        """See `SearchSpace`; one step of the cell, operations on the nodes."""
        cell = to_cell(parse_recipe(architecture_id))
        states = range(cell.num_hidden)
        nodes = ["x", *(f"old state {state}" for state in states)]
        nodes += [node.operation.split("_", 1)[-1].replace("_", " ") for node in cell.nodes]
        edges = {
            (source, target, "")
            for target, node in enumerate(cell.nodes, start=cell.first_node)
            for source in node.inputs
        } | {(source, len(nodes) + state, "") for state, source in enumerate(cell.outputs)}
        return [CellGraph("cell", [*nodes, *(f"new state {one}" for one in states)], sorted(edges))]

    def program(self, architecture_id: str, *, num_outputs: int) -> RecurrentProgram:
        """See `SearchSpace`; `num_outputs` is the vocabulary of the decoder."""
        cell = to_cell(parse_recipe(architecture_id))
        return RecurrentProgram(cell, EMBEDDING_SIZE, HIDDEN_SIZES, num_outputs)

    def core_program(self, architecture_id: str) -> RecurrentProgram:
        """See `SearchSpace`; the network itself."""
        return self.program(architecture_id, num_outputs=1)

    def mutate(self, architecture_id: str, rng: np.random.Generator) -> str:
        """See `SearchSpace`; one operation or one connection gets another value."""
        return to_json(mutate_recipe(parse_recipe(architecture_id), rng))


@cache
def _read(path: str) -> tuple[str, ...]:
    return tuple(read_recipes(Path(path)))
