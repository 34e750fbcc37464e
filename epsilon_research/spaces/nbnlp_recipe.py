"""Recipes of NAS-Bench-NLP: their check, canonical JSON, and the cell that each describes."""

import json
import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from epsilon_research.programs.recurrent import NUM_INPUTS, Cell, CellNode, CellOperation

X = "x"
MAX_CHARACTERS = 1_000_000
MAX_NODES = 200
MAX_HIDDEN = 8
"""Limits far above the benchmark's (23 nodes, 3 hidden states) that keep hostile text cheap."""

_OPERATIONS = {str(operation): operation for operation in CellOperation}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_STATE = re.compile(r"h_(new|prev)_(\d+)")
_ADVICE = (
    'a recipe must be a JSON object {"name": {"op": ..., "input": [...]}, ...} that defines h_new_0'
)


class Node(NamedTuple):
    """One entry of a recipe."""

    op: str
    inputs: tuple[str, ...]


Recipe = Mapping[str, Node]


def new_state(index: int) -> str:
    """Return the name of a new hidden state."""
    return f"h_new_{index}"


def previous_state(index: int) -> str:
    """Return the name of a previous hidden state."""
    return f"h_prev_{index}"


def num_hidden(recipe: Iterable[str]) -> int:
    """Return the number of hidden states of a recipe whose names were checked."""
    return sum(name.startswith("h_new_") and bool(_STATE.fullmatch(name)) for name in recipe)


def parse_recipe(text: str) -> dict[str, Node]:
    """Return the recipe that `text` writes as JSON, alone or under the key "recepie" of a log.

    Raises:
        ValueError: `text` is no valid recipe; says why in one sentence.
    """
    return to_recipe(_load(text))


def to_recipe(value: Any) -> dict[str, Node]:
    """Return the checked recipe in a decoded JSON value: object, string, or log with "recepie".

    Raises:
        ValueError: It is no valid recipe; says why in one sentence.
    """
    if isinstance(value, Mapping) and "recepie" in value:
        value = value["recepie"]
    if isinstance(value, str):
        value = _load(value)
    if not isinstance(value, Mapping):
        raise ValueError(f"{_ADVICE}, got {_short(value)}")
    if not 1 <= len(value) <= MAX_NODES:
        raise ValueError(f"a recipe must have 1 to {MAX_NODES} nodes, got {len(value)}")
    recipe = {name: _node(name, entry) for name, entry in value.items()}
    check(recipe)
    return recipe


def to_json(recipe: Recipe) -> str:
    """Return the canonical text of a recipe: its architecture id."""
    plain = {name: {"input": list(node.inputs), "op": node.op} for name, node in recipe.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def to_cell(recipe: Recipe) -> Cell:
    """Return the cell of a checked recipe, nodes that no new hidden state needs included."""
    count = num_hidden(recipe)
    places = {X: 0} | {previous_state(index): 1 + index for index in range(count)}
    nodes = []
    for name in _computing_order(recipe):
        node = recipe[name]
        nodes.append(CellNode(_OPERATIONS[node.op], tuple([places[i] for i in node.inputs])))
        places[name] = len(places)
    return Cell(count, tuple(nodes), tuple([places[new_state(i)] for i in range(count)]))


def check(recipe: Recipe) -> None:
    """Checks the wiring of a recipe.

    A previous state may go into a new one only through another node, or as one of the two values
    between which a blend chooses, as in a GRU.

    Raises:
        ValueError: Says in one sentence what is wrong.
    """
    count = _check_outputs(recipe)
    leaves = {X} | {previous_state(index) for index in range(count)}
    for name, node in recipe.items():
        _check_inputs(name, node, known=leaves | recipe.keys())
    _computing_order(recipe)
    for index in range(count):
        _check_indirect(new_state(index), recipe[new_state(index)], leaves - {X})
    unused = sorted(leaves - needed_names(recipe))
    if unused:
        raise ValueError(
            f"x and every previous hidden state must reach a new hidden state, got a recipe "
            f"without use of {', '.join(unused)}: connect it"
        )


def needed_names(recipe: Recipe) -> set[str]:
    """Return the nodes and inputs on which the new hidden states depend, within one step."""
    waiting = [new_state(index) for index in range(num_hidden(recipe))]
    needed = set(waiting)
    while waiting:
        node = recipe.get(waiting.pop())
        fresh = set(node.inputs) - needed if node else set()
        needed |= fresh
        waiting += fresh
    return needed


def _load(text: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"a recipe must have at most {MAX_CHARACTERS} characters, got {len(text)}: shorten it"
        )
    try:
        # Numbers never matter here, and as floats they cannot be too long.
        return json.loads(text, object_pairs_hook=_unique, parse_int=float)
    except RecursionError as error:
        raise ValueError(f"{_ADVICE}, got JSON nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{_ADVICE}, got text that is not JSON ({error})") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"every name must be defined once, got {_short(repeated)} repeatedly")
    return value


def _short(value: Any) -> str:
    """A decoded JSON value for a sentence; what nests could be too deep to print."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _node(name: str, entry: Any) -> Node:
    state = _STATE.fullmatch(name)
    if not _NAME.fullmatch(name) or name == X or (state and state[1] == "prev"):
        raise ValueError(
            f"a node's name must be of characters a-z, A-Z, 0-9 and _, and neither x nor h_prev_*, "
            f"got {_short(name)}: rename it"
        )
    if not isinstance(entry, Mapping) or set(entry) != {"op", "input"}:
        raise ValueError(
            f'node {name} must be an object {{"op": ..., "input": [...]}}, got {_short(entry)}'
        )
    operation, inputs = entry["op"], entry["input"]
    if not isinstance(operation, str) or operation not in _OPERATIONS:
        raise ValueError(
            f"unknown operation {_short(operation)} in node {name}: choose from "
            f"{', '.join(_OPERATIONS)}"
        )
    if not isinstance(inputs, list) or not all(isinstance(i, str) for i in inputs):
        raise ValueError(f"the input of node {name} must be a list of names, got {_short(inputs)}")
    allowed = NUM_INPUTS[_OPERATIONS[operation]]
    if len(inputs) not in allowed:
        raise ValueError(
            f"{operation} must have {' or '.join(map(str, allowed))} "
            f"input{'s' if allowed != (1,) else ''}, got {len(inputs)} in node {name}"
        )
    return Node(operation, tuple(inputs))


def _check_outputs(recipe: Recipe) -> int:
    """The number of hidden states, their names checked."""
    found = {name for name in recipe if name.startswith("h_new_") and _STATE.fullmatch(name)}
    expected = [new_state(index) for index in range(max(len(found), 1))]
    missing = [name for name in expected if name not in found]
    if missing:
        given = ", ".join(sorted(found)[:5]) or "none"
        raise ValueError(
            f"a recipe must define its new hidden states as h_new_0, h_new_1, ..., got {given}: "
            f"add {missing[0]}"
        )
    if len(found) > MAX_HIDDEN:
        raise ValueError(f"a recipe must have at most {MAX_HIDDEN} states, got {len(found)}")
    return len(found)


def _check_inputs(name: str, node: Node, *, known: set[str]) -> None:
    for source in node.inputs:
        if source not in known:
            raise ValueError(
                f"inputs must be nodes of the recipe, x or a previous hidden state "
                f"(h_prev_i for each h_new_i), got {_short(source)} in node {name}"
            )
    if X in node.inputs and node.op != CellOperation.LINEAR:
        raise ValueError(
            f"x must go into linear operations only, got it in {node.op} of node {name}: "
            "put a linear operation between them"
        )


def _check_indirect(name: str, node: Node, previous: set[str]) -> None:
    carried = node.inputs[1:] if node.op == CellOperation.BLEND else ()
    direct = [source for source in node.inputs if source in previous and source not in carried]
    if direct:
        raise ValueError(
            f"a new hidden state must not depend directly on a previous one, got {direct[0]} in "
            f"{node.op} of {name}: put an operation between them"
        )


def _computing_order(recipe: Recipe) -> list[str]:
    graph = {name: node.inputs for name, node in recipe.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = " -> ".join(error.args[1][:8])
        raise ValueError(
            f"a recipe must have no cycle within a step, got {cycle}: use a previous hidden state"
        ) from error
    return [name for name in order if name in recipe]
