"""The recurrent collapse against the PyTorch network at full width, and its canonical hash."""

import json
import re

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epsilon_research.collapse import RecurrentWorkspace, canonical_hash, lower, open_workspace, run
from epsilon_research.collapse import recurrent_kernels as kernels
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics.epsilon_formula import epsilon_score
from epsilon_research.programs import Program, ProgramBuilder, RecurrentProgram
from epsilon_research.programs.operations import GlobalMean
from epsilon_research.spaces.nbnlp_generator import draw_recipe, is_valid
from epsilon_research.spaces.nbnlp_recipe import Node, parse_recipe, to_cell
from tests.strategies import weights

EXACT = mpmath.mp.clone()
EXACT.prec = 120


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Node]:
    """Random recipes, valid ones only."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hidden, intermediate = draw(st.integers(1, 3)), draw(st.integers(2, 14))
    while not is_valid(recipe := draw_recipe(hidden, intermediate, rng=rng)):
        pass
    return recipe


@st.composite
def minibatches(draw: st.DrawFn, embedding: int) -> np.ndarray:
    """Embedded tokens of a few steps and samples, centred or positive, small or large."""
    shape = (draw(st.integers(1, 5)), draw(st.integers(2, 4)), embedding)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return draw(st.sampled_from([0.1, 1.0, 30.0])) * (
        rng.uniform(size=shape) - draw(st.sampled_from([0.0, 0.5]))
    )


def test_hidden_states_are_what_the_networks_compute() -> None:
    """A cell whose every value can be followed by hand."""
    recipe = {
        "a": Node("linear", ("x", "h_prev_0")), "h_new_0": Node("elementwise_sum", ("a", "a"))
    }  # fmt: skip
    workspace = RecurrentWorkspace(np.array([[3.0], [5.0]]))
    program = RecurrentProgram(to_cell(recipe), 4, (2, 4), 1)
    (output,) = workspace.run(lower(program, height=1, width=1), weights=[0.5])
    # Layer 1, two units: h = 2 · (w · sum + w · 2 · h + w). Layer 2, four units, two inputs.
    first = 2 * (1.5 + 0.5 * 2 * 0.5 + 0.5)
    second = 2 * (2.5 + 0.5 * 2 * first + 0.5)
    deep = 2 * (0.5 * 2 * first + 0.5 * 4 * 0.5 + 0.5)
    np.testing.assert_array_equal(
        output.values, [deep, 2 * (0.5 * 2 * second + 0.5 * 4 * deep + 0.5)]
    )


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    recipes(),
    st.tuples(*[st.integers(1, 9)] * 3).flatmap(
        lambda sizes: st.tuples(st.just(sizes), minibatches(embedding=sizes[2]))
    ),
    weights(-6, 1),
)
def test_the_collapse_is_the_network_in_float64(
    recipe: dict[str, Node], sized: tuple[tuple[int, ...], np.ndarray], weight: float
) -> None:
    sizes, inputs = sized
    program = RecurrentProgram(to_cell(recipe), sizes[2], sizes, 1)
    (theirs,) = ReferenceEngine(dtype="float64").open(inputs).outputs(program, [weight])
    ours, nearby = CollapsedEngine().open(inputs).outputs(program, [weight, weight * (1 + 1e-15)])
    assert ours.float32_defined == theirs.float32_defined
    # Beyond 1e30 numbers grow without bound: one rounding decides when they become infinite.
    if not np.isfinite(theirs.values).all() or np.abs(theirs.values).max() > 1e30:
        return
    # A blend of large numbers cancels digits, and then so does a change of the weight's last ones.
    tolerance = 1e-11 * np.abs(theirs.values) + 1e3 * np.abs(nearby.values - ours.values)
    assert (np.abs(ours.values - theirs.values) <= tolerance + 1e-300).all()


def test_all_units_of_a_layer_are_equal() -> None:
    from epsilon_research.programs.recurrent_torch import to_torch

    recipe = draw_recipe(2, 14, rng=np.random.default_rng(3))
    network = to_torch(RecurrentProgram(to_cell(recipe), 7, (9, 7), 1)).double()
    for parameter in network.parameters():
        parameter.data.fill_(0.1)
    inputs = torch.rand(4, 3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values = network(inputs, initial_state=0.1)
    torch.testing.assert_close(values, values[:, :, :1].expand_as(values), rtol=1e-14, atol=0)


@pytest.mark.parametrize("batch", [2, kernels.BLOCK - 1, kernels.BLOCK, 2 * kernels.BLOCK + 3])
def test_samples_do_not_depend_on_their_neighbours(batch: int) -> None:
    recipe = draw_recipe(2, 14, rng=np.random.default_rng(1))
    plan = lower(RecurrentProgram(to_cell(recipe), 4, (6, 4), 1), height=1, width=1)
    sums = np.random.default_rng(0).normal(size=(3, batch))
    (together,) = RecurrentWorkspace(sums).run(plan, weights=[0.3])
    for sample in (0, batch // 2, batch - 1):
        (alone,) = RecurrentWorkspace(sums[:, sample : sample + 1]).run(plan, weights=[0.3])
        np.testing.assert_array_equal(together.values.reshape(3, batch)[:, sample], alone.values)


def test_the_minibatch_is_left_as_it_was() -> None:
    recipe = draw_recipe(1, 7, rng=np.random.default_rng(1))
    plan = lower(RecurrentProgram(to_cell(recipe), 4, (4,), 1), height=1, width=1)
    sums = np.random.default_rng(0).normal(size=(3, 5))
    kept = sums.copy()
    workspace = RecurrentWorkspace(sums)
    both = workspace.run(plan, weights=[0.3, 0.3])
    np.testing.assert_array_equal(sums, kept)
    np.testing.assert_array_equal(both[0].values, both[1].values)


GROWING = {"a": Node("linear", ("x", "h_prev_0")), "h_new_0": Node("elementwise_prod", ("a", "a"))}
SATURATED = {"a": Node("linear", ("x", "h_prev_0")), "h_new_0": Node("activation_sigm", ("a",))}


@pytest.mark.parametrize(
    ("recipe", "weight", "state"),
    [(GROWING, 10.0, "overflow"), (SATURATED, 50.0, "constant")],
)
def test_what_overflows_or_saturates_does_so_in_both_engines(
    recipe: dict[str, Node], weight: float, state: str
) -> None:
    inputs = np.random.default_rng(0).uniform(1, 2, size=(12, 3, 4))
    program = RecurrentProgram(to_cell(recipe), 4, (4,), 1)
    for engine in (CollapsedEngine(), ReferenceEngine(dtype="float64"), ReferenceEngine()):
        (output,) = engine.open(inputs).outputs(program, [weight])
        assert not output.float32_defined
        assert np.isnan(epsilon_score(output.values, output.values))
        if state == "overflow":
            assert not np.isfinite(output.values).all()
        else:
            assert (output.values == 1.0).all()


@pytest.mark.parametrize("scale", [1e30, 1e300])
def test_numbers_beyond_float32_are_undefined_there_without_a_warning(scale: float) -> None:
    sums = scale * np.random.default_rng(0).uniform(1, 2, size=(4, 3))
    program = RecurrentProgram(to_cell(GROWING), 4, (4, 4), 1)
    (output,) = RecurrentWorkspace(sums).run(lower(program, height=1, width=1), weights=[1.0])
    assert not output.float32_defined
    assert not np.isfinite(output.values).all()


def test_float32_may_lose_what_float64_keeps() -> None:
    inputs = np.random.default_rng(0).uniform(0, 1, size=(4, 3, 4))
    program = RecurrentProgram(to_cell(SATURATED), 4, (4, 4), 1)
    for engine in (CollapsedEngine(), ReferenceEngine(dtype="float64")):
        (output,) = engine.open(inputs).outputs(program, [1e-9])
        assert output.values.min() < output.values.max()
        assert not output.float32_defined
    (single,) = ReferenceEngine().open(inputs).outputs(program, [1e-9])
    assert single.values.min() == single.values.max()
    assert not single.float32_defined


def _ulps(ours: np.ndarray, exact: list) -> float:
    """The largest difference in units of the last place of a float64."""
    differences = [
        abs(EXACT.mpf(float(a)) - b) / np.spacing(abs(float(b)))
        for a, b in zip(ours, exact, strict=True)
    ]
    return max(differences, default=0.0)


# Within ±25 is all that happens between linear and saturated.
@given(
    st.lists(st.floats(-25, 25) | st.floats(-700, 700), min_size=1, max_size=20),
    st.integers(-300, 0),
)
def test_exponentials_are_exact_to_the_last_digits(values: list[float], exponent: int) -> None:
    x = np.array([*values, *(10.0**exponent * value for value in values)])
    x = x[(x == 0) | (np.abs(x) > 1e-300)]
    result = np.empty_like(x)
    kernels.tanh(result, x, np.float64)
    assert _ulps(result, [EXACT.tanh(float(v)) for v in x]) < 4
    kernels.sigmoid(result, x, np.float64)
    assert _ulps(result, [1 / (1 + EXACT.exp(-float(v))) for v in x]) < 4


def test_exponentials_of_extremes() -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e308, -1e308])
    result = np.empty_like(x)
    kernels.tanh(result, x, np.float64)
    np.testing.assert_array_equal(result, [1, -1, np.nan, 0, 0, 1, -1])
    kernels.sigmoid(result, x, np.float64)
    np.testing.assert_array_equal(result, [1, 0, np.nan, 0.5, 0.5, 1, 0])


@pytest.mark.parametrize("weight", [0.0, -1.0, np.inf, np.nan])
def test_a_weight_that_is_none_is_refused(weight: float) -> None:
    plan = lower(RecurrentProgram(to_cell(SATURATED), 4, (4,), 1), height=1, width=1)
    with pytest.raises(ValueError, match="positive and finite"):
        RecurrentWorkspace(np.ones((2, 2))).run(plan, weights=[weight])


def test_a_minibatch_of_the_other_kind_is_refused() -> None:
    builder = ProgramBuilder(input_channels=1)
    builder.append(GlobalMean(), builder.input)
    images, tokens = np.ones((2, 1, 3, 3), np.float32), np.ones((2, 3, 4), np.float32)
    recurrent = RecurrentProgram(to_cell(SATURATED), 4, (4,), 1)
    cases: list[tuple[Program | RecurrentProgram, np.ndarray]] = [
        (builder.build(), tokens), (recurrent, images),
    ]  # fmt: skip
    for program, inputs in cases:
        with pytest.raises(ValueError, match="of the kind that the network takes"):
            run(program, open_workspace(inputs), weights=[1.0])
        with pytest.raises(ValueError, match="of the kind that the network takes"):
            ReferenceEngine().open(inputs).outputs(program, [1.0])


def _hash(recipe: dict[str, Node]) -> str:
    program = RecurrentProgram(to_cell(recipe), 4, (5, 4), 1)
    return canonical_hash(lower(program, height=1, width=1))


@given(recipes(), st.randoms(use_true_random=False))
def test_names_and_orders_do_not_matter_to_the_hash(recipe: dict[str, Node], random) -> None:
    names = [name for name in recipe if not name.startswith("h_new")]
    renamed = dict(zip(names, random.sample([f"n{i}" for i in range(99)], len(names)), strict=True))
    states = sum(name.startswith("h_new") for name in recipe)
    # The first state is what a layer passes on; the others may change places.
    order = [0, *random.sample(range(1, states), states - 1)]
    renamed |= {f"h_{when}_{i}": f"h_{when}_{j}" for i, j in enumerate(order) for when in
                ("new", "prev")}  # fmt: skip
    entries = []
    for name, node in recipe.items():
        inputs = [renamed.get(source, source) for source in node.inputs]
        if node.op != "blend":
            random.shuffle(inputs)
        entries.append((renamed.get(name, name), {"op": node.op, "input": inputs}))
    random.shuffle(entries)
    assert _hash(parse_recipe(json.dumps(dict(entries)))) == _hash(recipe)


def test_dead_nodes_and_twin_states_do_not_matter_to_the_hash() -> None:
    plain = SATURATED
    dead = plain | {"b": Node("activation_tanh", ("a",)), "c": Node("elementwise_sum", ("a", "b"))}
    twins = {
        "a": Node("linear", ("x", "h_prev_1")), "b": Node("linear", ("h_prev_0", "x")),
        "h_new_0": Node("activation_sigm", ("a",)), "h_new_1": Node("activation_sigm", ("b",)),
    }  # fmt: skip
    assert _hash(plain) == _hash(dead) == _hash(twins)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("activation_sigm", ("a",)), ("activation_tanh", ("a",))),
        (("elementwise_sum", ("a", "b")), ("elementwise_prod", ("a", "b"))),
        (("blend", ("a", "b", "c")), ("blend", ("a", "c", "b"))),
        (("linear", ("a", "b")), ("linear", ("a", "b", "b"))),
        (("linear", ("x", "b")), ("linear", ("a", "b"))),
        (("elementwise_prod", ("a", "a")), ("elementwise_sum", ("a", "a"))),
        (("activation_tanh", ("twice",)), ("activation_tanh", ("a",))),
    ],
)
def test_other_functions_have_another_hash(one: tuple, other: tuple) -> None:
    base = {
        "a": Node("linear", ("x", "h_prev_0")), "b": Node("activation_tanh", ("a",)),
        "c": Node("activation_sigm", ("a",)), "twice": Node("elementwise_sum", ("a", "a")),
    }  # fmt: skip
    assert _hash(base | {"h_new_0": Node(*one)}) != _hash(base | {"h_new_0": Node(*other)})


def test_sums_are_compared_opened() -> None:
    base = {"a": Node("linear", ("x", "h_prev_0")), "b": Node("activation_tanh", ("a",))}
    nested = base | {
        "c": Node("elementwise_sum", ("a", "b")), "d": Node("elementwise_sum", ("b", "a")),
        "h_new_0": Node("linear", ("c", "d")),
    }  # fmt: skip
    other = base | {"c": Node("elementwise_sum", ("a", "b")), "h_new_0": Node("linear", ("c", "c"))}
    assert _hash(nested) == _hash(other)


@pytest.mark.parametrize("hidden", [1, 2])
def test_equal_hashes_are_equal_outputs_and_others_differ(hidden: int) -> None:
    rng = np.random.default_rng(hidden)
    workspace = RecurrentWorkspace(rng.normal(size=(6, 3)))
    outputs: dict[str, list[np.ndarray]] = {}
    for _ in range(600):
        recipe = draw_recipe(hidden, 3, rng=rng)
        if is_valid(recipe):
            plan = lower(RecurrentProgram(to_cell(recipe), 4, (5, 4), 1), height=1, width=1)
            (output,) = workspace.run(plan, weights=[0.3])
            outputs.setdefault(canonical_hash(plan), []).append(output.values)
    for first, *others in outputs.values():
        for other in others:
            np.testing.assert_allclose(other, first, rtol=1e-12)
    assert max(map(len, outputs.values())) > 1
    distinct = {tuple(float(f"{v:.9g}") for v in values[0]) for values in outputs.values()}
    # Few others agree on this minibatch, e.g. a leaky ReLU of what is never negative here.
    assert len(distinct) > 0.9 * len(outputs)


def test_a_state_that_x_never_reaches_is_disconnected() -> None:
    recipe = {
        "a": Node("linear", ("h_prev_0", "h_prev_0")), "h_new_0": Node("activation_tanh", ("a",)),
        "b": Node("linear", ("x", "h_prev_1")), "h_new_1": Node("activation_tanh", ("b",)),
    }  # fmt: skip
    plan = lower(RecurrentProgram(to_cell(recipe), 4, (4,), 1), height=1, width=1)
    assert not plan.connected
    assert plan.cell.num_hidden == 1
    late = recipe | {"a": Node("linear", ("h_prev_0", "h_prev_1"))}
    assert lower(RecurrentProgram(to_cell(late), 4, (4,), 1), height=1, width=1).connected


def test_hashes_are_32_hex_digits() -> None:
    assert re.fullmatch("[0-9a-f]{32}", _hash(SATURATED))
