"""Mutations of a recipe: one gene, an operation or a connection, gets another value."""

from collections.abc import Iterator

import numpy as np

from epsilon_research.programs.recurrent import NUM_INPUTS, CellOperation
from epsilon_research.spaces.nbnlp_recipe import (
    Node,
    Recipe,
    X,
    check,
    needed_names,
    num_hidden,
    previous_state,
)


def mutate_recipe(recipe: Recipe, rng: np.random.Generator) -> dict[str, Node]:
    """Return a valid recipe that differs in one operation or in one connection.

    Genes are tried in random order, and each gene's other values too, so no draw is repeated. A
    child has no repeated input within a node, and no redundant node unless its parent has it.

    Raises:
        ValueError: No change of one gene gives a valid recipe.
    """
    genes = [(name, None) for name in recipe]
    genes += [(name, place) for name, node in recipe.items() for place in range(len(node.inputs))]
    needed = recipe.keys() & needed_names(recipe)
    for choice in rng.permutation(len(genes)):
        name, place = genes[choice]
        values = list(_operations(recipe[name]) if place is None else _inputs(recipe, name, place))
        for value in rng.permutation(len(values)):
            child = dict(recipe) | {name: values[value]}
            if _is_valid(child) and needed <= needed_names(child):
                return child
    raise ValueError(
        "a recipe must have a valid neighbour to be mutated, got one in which no change of one "
        "operation or one connection is valid: add a node"
    )


def _operations(node: Node) -> Iterator[Node]:
    for operation in CellOperation:
        if operation != node.op and len(node.inputs) in NUM_INPUTS[operation]:
            yield Node(operation, node.inputs)


def _inputs(recipe: Recipe, name: str, place: int) -> Iterator[Node]:
    node = recipe[name]
    states = [previous_state(index) for index in range(num_hidden(recipe))]
    for source in (X, *states, *recipe):
        if source not in node.inputs:
            yield Node(node.op, (*node.inputs[:place], source, *node.inputs[place + 1 :]))


def _is_valid(recipe: Recipe) -> bool:
    try:
        check(recipe)
    except ValueError:
        # The check says why in words for a user; here only the answer matters.
        return False
    return True
