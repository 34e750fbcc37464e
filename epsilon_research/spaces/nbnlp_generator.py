"""Random recipes, drawn as the authors of NAS-Bench-NLP drew theirs."""

from collections.abc import Sequence

import numpy as np

from epsilon_research.programs.recurrent import NUM_INPUTS, CellOperation
from epsilon_research.spaces.nbnlp_recipe import (
    Node,
    Recipe,
    X,
    needed_names,
    new_state,
    num_hidden,
    previous_state,
    to_json,
)

_LINEAR = CellOperation.LINEAR
_MAIN = (*[_LINEAR] * 3, CellOperation.BLEND, CellOperation.PRODUCT, CellOperation.SUM)
"""One of these is drawn uniformly: so linear has three times the weight of the others."""
_ACTIVATIONS = (CellOperation.TANH, CellOperation.SIGMOID, CellOperation.LEAKY_RELU)
_THREE_INPUTS_PROBABILITY = 1 / 5
"""Of a linear operation; otherwise it has two."""
_DRAWS_PER_RECIPE = 1_000
"""2 to 30 draws give a valid recipe, and few of those repeat an earlier one."""


def draw_recipes(
    count: int, *, hidden: int, intermediate: int, rng: np.random.Generator
) -> list[str]:
    """Return `count` distinct valid recipes as canonical JSON, in the order drawn.

    Args:
        count: How many.
        hidden: Hidden states of each.
        intermediate: Nodes that are drawn beside one for each state.
        rng: Makes the draws.

    Raises:
        ValueError: So many distinct recipes were not found.
    """
    found: dict[str, None] = {}
    for _ in range(count * _DRAWS_PER_RECIPE):
        if len(found) == count:
            return list(found)
        recipe = draw_recipe(hidden, intermediate, rng=rng)
        if is_valid(recipe):
            found[to_json(recipe)] = None
    raise ValueError(
        f"there must be enough distinct recipes with {hidden} hidden states, found {len(found)} "
        f"of {count}: draw fewer"
    )


def draw_recipe(hidden: int, intermediate: int, *, rng: np.random.Generator) -> dict[str, Node]:
    """Return one recipe without redundant nodes, valid or not.

    Nodes are drawn one after another until there are `hidden + intermediate` (one more, if a linear
    operation comes last); then random ones become the new hidden states, and what none of these
    needs is removed.

    References:
        Klyuchnikov et al., "NAS-Bench-NLP", arXiv 2006.07116, section 3 and its released code.
    """
    recipe = _draw_nodes(hidden, intermediate, rng=rng)
    chosen = _pick(list(recipe), hidden, rng)
    renamed = {name: new_state(index) for index, name in enumerate(chosen)}
    recipe = {
        renamed.get(name, name): Node(node.op, tuple([renamed.get(i, i) for i in node.inputs]))
        for name, node in recipe.items()
    }
    needed = needed_names(recipe)
    return {name: node for name, node in recipe.items() if name in needed}


def _draw_nodes(hidden: int, intermediate: int, *, rng: np.random.Generator) -> dict[str, Node]:
    states = [previous_state(index) for index in range(hidden)]
    recipe: dict[str, Node] = {}
    activated: list[str] = []
    while len(recipe) < hidden + intermediate:
        name = f"node_{len(recipe)}"
        operation = _MAIN[rng.integers(len(_MAIN))]
        if operation is not _LINEAR:
            candidates = [*states, *recipe]
            (size,) = NUM_INPUTS[operation]
            if size <= len(candidates):
                recipe[name] = Node(operation, _pick(candidates, size, rng))
            continue
        # Linear operations see x, states and activations, but no other operation's result.
        candidates = [X, *states, *activated]
        size = 3 if rng.random() < _THREE_INPUTS_PROBABILITY else 2
        recipe[name] = Node(operation, _pick(candidates, min(size, len(candidates)), rng))
        activated.append(f"node_{len(recipe)}")
        recipe[activated[-1]] = Node(_ACTIVATIONS[rng.integers(len(_ACTIVATIONS))], (name,))
    return recipe


def _pick(candidates: Sequence[str], size: int, rng: np.random.Generator) -> tuple[str, ...]:
    # Faster than `rng.choice` without replacement, of which there are dozens in a recipe.
    places = rng.permutation(len(candidates))[:size].tolist()
    return tuple([candidates[int(place)] for place in places])


def is_valid(recipe: Recipe) -> bool:
    """Return whether x and every previous state are used, none directly as a new state."""
    hidden = num_hidden(recipe)
    states = {previous_state(index) for index in range(hidden)}
    direct = any(states & set(recipe[new_state(index)].inputs) for index in range(hidden))
    return not direct and {X} | states <= needed_names(recipe)
