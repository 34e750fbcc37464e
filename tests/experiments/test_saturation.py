"""The plain reading of recurrent cells: the outputs of the engine, what saturates, linear cells."""

import numpy as np
import pytest

from epsilon_research.collapse import RecurrentWorkspace
from epsilon_research.collapse.recurrent import lower_recurrent
from epsilon_research.programs.recurrent import Cell, CellNode, CellOperation, RecurrentProgram
from epsilon_research.spaces.nbnlp import NasBenchNlp
from experiments.leaderboard.saturation import outputs

SUMS = np.random.default_rng(0).normal(2, 1, (5, 7))


def one_node(operation: CellOperation) -> RecurrentProgram:
    nodes = (CellNode(CellOperation.LINEAR, (0, 1)), CellNode(operation, (2,)))
    return RecurrentProgram(Cell(1, nodes, (3,)), 4, (4,), 1)


@pytest.mark.parametrize("weight", [1e-3, 0.3])
def test_outputs_are_those_of_the_engine(weight: float) -> None:
    space = NasBenchNlp(
        recipes=None, num_drawn=30, generator_seed=21, hidden=2, intermediate=7,
        vocabulary_size=100,
    )  # fmt: skip
    seen = set()
    for id_ in space.architecture_ids:
        plan = lower_recurrent(space.program(id_, num_outputs=1))
        seen |= {node.operation for node in plan.cell.nodes}
        (expected,) = RecurrentWorkspace(SUMS).run(plan, weights=[weight])
        found, _ = outputs(plan, SUMS, weight=weight)
        assert found == pytest.approx(expected.values, rel=1e-9, nan_ok=True)
    assert seen == set(CellOperation)


def test_a_large_weight_saturates_all_a_small_one_nothing() -> None:
    plan = lower_recurrent(one_node(CellOperation.TANH))
    positive = np.abs(SUMS) + 1
    assert outputs(plan, positive, weight=10)[1] == 1
    assert outputs(plan, positive, weight=1e-3)[1] == 0
    assert np.isnan(outputs(lower_recurrent(one_node(CellOperation.LEAKY_RELU)), SUMS, weight=1)[1])


def test_a_linear_cell_is_its_tangent_at_zero() -> None:
    plan = lower_recurrent(one_node(CellOperation.SIGMOID))
    usual, linear = (outputs(plan, SUMS, weight=1e-4, linear=which)[0] for which in (False, True))
    assert linear == pytest.approx(usual, abs=1e-9)
    assert linear[:7] == pytest.approx(0.5 + 1e-4 * (SUMS[0] + 4e-4 + 1) / 4, rel=1e-12)
