"""The toy space: what an id means, in genes, layers and parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.collapse import lower
from epsilon_research.programs import count_parameters
from epsilon_research.programs.torch_reader import to_torch
from epsilon_research.spaces.toy import OPERATIONS, Toy

SPACE = Toy()


def test_there_are_5_to_the_3_distinct_architectures() -> None:
    assert len(set(SPACE.architecture_ids)) == len(SPACE.architecture_ids) == 5**3


@given(st.sampled_from(SPACE.architecture_ids), st.integers(0, 2**32 - 1))
def test_mutation_changes_exactly_one_operation(parent: str, seed: int) -> None:
    child = SPACE.mutate(parent, np.random.default_rng(seed))
    pairs = zip(parent.split("-"), child.split("-"), strict=True)
    assert sum(one != other for one, other in pairs) == 1
    assert set(child.split("-")) <= set(OPERATIONS)


def test_every_neighbour_is_found() -> None:
    rng = np.random.default_rng(0)
    assert len({SPACE.mutate("none-skip-pool", rng) for _ in range(500)}) == 3 * 4


def test_only_architectures_without_a_path_are_disconnected() -> None:
    for architecture_id in SPACE.architecture_ids:
        first, shortcut, second = architecture_id.split("-")
        connected = shortcut != "none" or "none" not in (first, second)
        plan = lower(SPACE.program(architecture_id, num_outputs=1), height=8, width=8)
        assert plan.connected is connected, architecture_id


def test_the_networks_have_the_parameters_that_are_counted() -> None:
    # Stem 3·8·9 + 16, edge 3×3 8·8·9 + 16, edge 1×1 8·8 + 16, last norm 16, linear 8·10 + 10; a
    # convolution has no bias.
    program = SPACE.program("conv3x3-none-conv1x1", num_outputs=10)
    assert count_parameters(program) == 232 + 592 + 80 + 16 + 90
    network = to_torch(program)
    assert count_parameters(program) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("text", ["", "skip-skip", "skip-skip-conv5x5", "skip-skip-skip-skip"])
def test_what_is_no_architecture_is_refused_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match="must be 3 operations joined by -, each one of none"):
        SPACE.parse(text)


def test_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="num_classes must be an integer of 1 or more, got 0"):
        Toy(num_classes=0)


def test_of_a_long_text_the_beginning_is_quoted() -> None:
    with pytest.raises(ValueError, match="a toy architecture must be") as caught:
        Toy().parse("skip" * 100_000)
    assert len(str(caught.value)) < 300
