"""NAS-Bench-NLP: recipes, their generator and mutation."""

import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.collapse import canonical_hash, lower
from epsilon_research.programs import count_parameters
from epsilon_research.programs.recurrent import NUM_INPUTS
from epsilon_research.spaces.nbnlp import NasBenchNlp
from epsilon_research.spaces.nbnlp_generator import draw_recipe, is_valid
from epsilon_research.spaces.nbnlp_recipe import Node, needed_names, num_hidden, parse_recipe

SPACE = NasBenchNlp(num_drawn=60)
WIKITEXT2_TOKENS = 33_278

RNN = {
    "f": {"op": "linear", "input": ["x", "h_prev_0"]},
    "h_new_0": {"op": "activation_tanh", "input": ["f"]},
}
LSTM = {
    "i": {"op": "linear", "input": ["x", "h_prev_0"]},
    "i_act": {"op": "activation_tanh", "input": ["i"]},
    "j": {"op": "linear", "input": ["x", "h_prev_0"]},
    "j_act": {"op": "activation_sigm", "input": ["j"]},
    "f": {"op": "linear", "input": ["x", "h_prev_0"]},
    "f_act": {"op": "activation_sigm", "input": ["f"]},
    "o": {"op": "linear", "input": ["x", "h_prev_0"]},
    "o_act": {"op": "activation_tanh", "input": ["o"]},
    "h_new_1_part1": {"op": "elementwise_prod", "input": ["f_act", "h_prev_1"]},
    "h_new_1_part2": {"op": "elementwise_prod", "input": ["i_act", "j_act"]},
    "h_new_1": {"op": "elementwise_sum", "input": ["h_new_1_part1", "h_new_1_part2"]},
    "h_new_1_act": {"op": "activation_tanh", "input": ["h_new_1"]},
    "h_new_0": {"op": "elementwise_prod", "input": ["h_new_1_act", "o_act"]},
}
GRU = {
    "r": {"op": "linear", "input": ["x", "h_prev_0"]},
    "r_act": {"op": "activation_sigm", "input": ["r"]},
    "z": {"op": "linear", "input": ["x", "h_prev_0"]},
    "z_act": {"op": "activation_sigm", "input": ["z"]},
    "rh": {"op": "elementwise_prod", "input": ["r_act", "h_prev_0"]},
    "h_tilde": {"op": "linear", "input": ["x", "rh"]},
    "h_tilde_act": {"op": "activation_tanh", "input": ["h_tilde"]},
    "h_new_0": {"op": "blend", "input": ["z_act", "h_prev_0", "h_tilde_act"]},
}


@pytest.fixture(scope="module")
def logs(shared: Path) -> list[dict]:
    with zipfile.ZipFile(shared / "data" / "nbnlp_wikitext2_logs_245.zip") as archive:
        return [json.loads(archive.read(name)) for name in sorted(archive.namelist())]


def test_every_recipe_of_the_logs_is_read_and_has_the_parameters_that_were_trained(
    logs: list[dict],
) -> None:
    assert len(logs) == 245
    for log in logs:
        architecture_id = SPACE.parse(log["recepie"])
        program = SPACE.program(architecture_id, num_outputs=WIKITEXT2_TOKENS)
        assert count_parameters(program) == log["num_params"]


def test_a_whole_log_stands_for_its_recipe(logs: list[dict]) -> None:
    for log in logs[:5]:
        assert SPACE.parse(json.dumps(log)) == SPACE.parse(log["recepie"])


@pytest.mark.parametrize("recipe", [RNN, LSTM, GRU], ids=["rnn", "lstm", "gru"])
def test_classical_cells_are_recipes(recipe: dict) -> None:
    text = json.dumps(recipe)
    architecture_id = SPACE.parse(text)
    assert json.loads(architecture_id) == recipe
    assert architecture_id == json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    assert SPACE.parse(f" {architecture_id}\n") == architecture_id
    assert SPACE.parse(json.dumps({"recepie": text})) == architecture_id
    assert SPACE.parse(json.dumps({"recepie": recipe})) == architecture_id
    assert lower(SPACE.core_program(architecture_id), height=1, width=1).connected


def linear(*inputs: str) -> dict:
    return {"op": "linear", "input": list(inputs)}


def tanh(name: str) -> dict:
    return {"op": "activation_tanh", "input": [name]}


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        (RNN | {"f": {"op": "conv", "input": ["x"]}}, r"unknown operation 'conv' in node f"),
        (RNN | {"f": linear("x")}, "linear must have 2 or 3 inputs, got 1 in node f"),
        (RNN | {"f": linear("x", "h_prev_0", "x", "x")}, "linear must have 2 or 3 inputs, got 4"),
        (RNN | {"h_new_0": {"op": "blend", "input": ["f", "f"]}}, "blend must have 3 inputs"),
        (RNN | {"h_new_0": tanh("g")}, "'g' in node h_new_0"),
        (RNN | {"f": linear("x", "h_prev_1")}, "'h_prev_1' in node f"),
        (
            {"a": linear("x", "b"), "b": linear("a", "h_prev_0"), "h_new_0": tanh("b")},
            "no cycle within a step, got ",
        ),
        ({"f": linear("x", "h_prev_0")}, "got none: add h_new_0"),
        (RNN | {"h_new_2": tanh("f")}, "got h_new_0, h_new_2: add h_new_1"),
        (
            RNN | {"g": {"op": "elementwise_sum", "input": ["x", "f"]}, "h_new_0": tanh("g")},
            "linear operations only, got it in elementwise_sum of node g",
        ),
        (RNN | {"h_new_0": tanh("x")}, "linear operations only, got it in activation_tanh"),
        (RNN | {"f": linear("x", "x")}, "without use of h_prev_0"),
        (RNN | {"f": linear("h_prev_0", "h_prev_0")}, "without use of x"),
        ({"h_new_0": linear("x", "h_prev_0")}, "directly on a previous one, got h_prev_0 in lin"),
        (
            RNN | {"h_new_0": {"op": "elementwise_sum", "input": ["f", "h_prev_0"]}},
            "directly on a previous one, got h_prev_0 in elementwise_sum of h_new_0",
        ),
        (
            RNN | {"h_new_0": {"op": "blend", "input": ["h_prev_0", "f", "f"]}},
            "directly on a previous one, got h_prev_0 in blend",
        ),
        (RNN | {"x": tanh("f")}, "neither x nor h_prev_"),
        (RNN | {"h_prev_0": tanh("f")}, "neither x nor h_prev_"),
        (RNN | {"a.b": tanh("f")}, "of characters a-z, A-Z, 0-9 and _"),
        (RNN | {"f": {"op": "linear"}}, "node f must be an object"),
        (RNN | {"f": 3}, "node f must be an object"),
        (RNN | {"f": {"op": "linear", "input": "x"}}, "must be a list of names, got 'x'"),
        (RNN | {"f": {"op": "linear", "input": ["x", 1]}}, "must be a list of names"),
        (RNN | {"f": {"op": ["linear"], "input": ["x"]}}, "unknown operation"),
        ({}, "1 to 200 nodes, got 0"),
        (RNN | {f"n{i}": tanh("f") for i in range(200)}, "1 to 200 nodes, got 202"),
        (
            {"f": linear("x", "h_prev_0")} | {f"h_new_{i}": tanh("f") for i in range(9)},
            "at most 8 states, got 9",
        ),
        ([RNN], "must be a JSON object"),
        (None, "must be a JSON object"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_sentence(recipe: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        SPACE.parse(json.dumps(recipe))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "text that is not JSON"),
        ("lstm", "text that is not JSON"),
        ('{"f": ', "text that is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' * 100_000, "nested too deeply"),
        ("9" * 100_000, "must be a JSON object"),
        ('"' + "a" * 1_000_001 + '"', "at most 1000000 characters"),
        ("[" * 900 + "]" * 900, "got (a list|JSON nested too deeply)"),
        ('{"f": ' + "[" * 900 + "]" * 900 + "}", "got (a list|JSON nested too deeply)"),
        ('{"f": 1, "f": 2}', "defined once, got 'f'"),
        ('{"recepie": "{\\"recepie\\": 1}"}', "node recepie must be an object"),
        ('{"' + "a" * 10_000 + '": 1}', "a node's name"),
    ],
)
def test_hostile_text_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        SPACE.parse(text)
    assert len(str(caught.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["op", "input", "recepie", "x", "h_new_0", "f", "h_prev_0"]),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON | st.text(max_size=40))
def test_any_other_value_gives_a_sentence(value: object) -> None:
    with pytest.raises(ValueError, match=r"must|unknown operation"):
        SPACE.parse(value if isinstance(value, str) else json.dumps(value))


def test_two_names_for_one_function_share_a_hash() -> None:
    renamed = {"g": RNN["f"], "h_new_0": tanh("g"), "dead": tanh("g")}
    hashes = {
        canonical_hash(lower(SPACE.core_program(SPACE.parse(json.dumps(r))), height=1, width=1))
        for r in (RNN, renamed)
    }
    assert len(hashes) == 1


@given(st.integers(1, 3), st.integers(1, 21), st.integers(0, 2**32 - 1))
def test_a_drawn_recipe_is_one_of_the_generators(hidden: int, intermediate: int, seed: int) -> None:
    recipe = draw_recipe(hidden, intermediate, rng=np.random.default_rng(seed))
    assert num_hidden(recipe) == hidden
    assert needed_names(recipe) >= recipe.keys()
    for name, node in recipe.items():
        assert len(set(node.inputs)) == len(node.inputs) or node.op == "linear"
        assert len(node.inputs) in NUM_INPUTS[node.op]  # pyright: ignore[reportArgumentType]
        assert node.op == "linear" or "x" not in node.inputs, name
        if node.op == "linear":
            sources = [recipe[source].op for source in node.inputs if source in recipe]
            assert all(op.startswith("activation") for op in sources)
    if is_valid(recipe):
        text = json.dumps({k: {"op": n.op, "input": list(n.inputs)} for k, n in recipe.items()})
        assert parse_recipe(text) == recipe


def test_operations_are_drawn_with_the_published_weights() -> None:
    # Of the nodes as drawn: the last states and redundant ones removed would bias the counts.
    from epsilon_research.spaces.nbnlp_generator import _draw_nodes

    rng = np.random.default_rng(0)
    nodes = [node for _ in range(1_000) for node in _draw_nodes(2, 7, rng=rng).values()]
    counts = Counter((node.op, len(node.inputs)) for node in nodes)
    linears = counts["linear", 2] + counts["linear", 3]
    activations = [counts[f"activation_{name}", 1] for name in ("tanh", "sigm", "leaky_relu")]
    assert sum(activations) == linears
    # About 3,400 linear operations: three standard deviations are about 3 % of each share below.
    np.testing.assert_allclose(np.array(activations) / linears, 1 / 3, atol=0.03)
    assert counts["linear", 3] / linears == pytest.approx(0.2, abs=0.03)
    # A draw that finds too few candidates is repeated: blends are a little rarer at the start.
    for name in ("elementwise_sum", "elementwise_prod"):
        assert counts[name, 2] / linears == pytest.approx(1 / 3, abs=0.04)
    assert counts["blend", 3] / linears == pytest.approx(0.3, abs=0.06)


def test_drawn_recipes_are_like_those_of_the_benchmark(logs: list[dict]) -> None:
    """The benchmark mixes 7, 14 and 21 intermediate nodes; its WikiText-2 models are a selection.

    The selection has fewer blends and more sigmoids than the generator makes, so only what it keeps
    is compared: sizes, and linear operations and activations per node.
    """
    rng = np.random.default_rng(0)
    published = [parse_recipe(log["recepie"]) for log in logs]
    for hidden in (1, 2):
        theirs = [recipe for recipe in published if num_hidden(recipe) == hidden]
        ours = []
        for intermediate in (7, 14, 21):
            drawn = [draw_recipe(hidden, intermediate, rng=rng) for _ in range(500)]
            ours += [recipe for recipe in drawn if is_valid(recipe)][:75]
        sizes = [np.mean([len(recipe) for recipe in some]) for some in (ours, theirs)]
        assert sizes[0] == pytest.approx(sizes[1], abs=1.0)
        for kind in ("linear", "activation"):
            shares = [_share(some, kind) for some in (ours, theirs)]
            assert shares[0] == pytest.approx(shares[1], abs=0.06)


def _share(recipes: list[dict[str, Node]], kind: str) -> float:
    operations = [node.op for recipe in recipes for node in recipe.values()]
    return float(np.mean([operation.startswith(kind) for operation in operations]))


def _genes(architecture_id: str) -> dict:
    recipe = parse_recipe(architecture_id)
    operations = {(name, "op"): node.op for name, node in recipe.items()}
    inputs = {(name, i): source for name, n in recipe.items() for i, source in enumerate(n.inputs)}
    return operations | inputs


@given(st.integers(0, 59), st.integers(0, 2**32 - 1))
def test_mutation_changes_exactly_one_gene(index: int, seed: int) -> None:
    parent = SPACE.architecture_ids[index]
    child = SPACE.mutate(parent, np.random.default_rng(seed))
    assert SPACE.parse(child) == child
    before, after = _genes(parent), _genes(child)
    assert before.keys() == after.keys()
    assert sum(before[gene] != after[gene] for gene in before) == 1
    recipe = parse_recipe(child)
    assert needed_names(recipe) >= recipe.keys()


def test_mutations_reach_operations_and_connections() -> None:
    rng = np.random.default_rng(0)
    changed = Counter()
    for parent in SPACE.architecture_ids[:20]:
        for _ in range(10):
            before, after = _genes(parent), _genes(SPACE.mutate(parent, rng))
            (gene,) = [gene for gene in before if before[gene] != after[gene]]
            changed[gene[1] == "op"] += 1
    assert min(changed.values()) > 30


def test_the_smallest_cell_can_be_mutated() -> None:
    child = SPACE.mutate(SPACE.parse(json.dumps(RNN)), np.random.default_rng(0))
    assert json.loads(child)["f"] == RNN["f"]
    assert json.loads(child)["h_new_0"]["op"] in ("activation_sigm", "activation_leaky_relu")


def test_a_cell_without_a_valid_neighbour_says_so() -> None:
    fixed = {"a": linear("x", "h_prev_0"), "h_new_0": linear("x", "a")}
    with pytest.raises(ValueError, match="must have a valid neighbour"):
        SPACE.mutate(SPACE.parse(json.dumps(fixed)), np.random.default_rng(0))


def test_drawn_recipes_are_distinct_valid_and_decided_by_the_seed() -> None:
    ids = SPACE.architecture_ids
    assert len(set(ids)) == len(ids) == 60
    assert all(SPACE.parse(id_) == id_ for id_ in ids)
    assert NasBenchNlp(num_drawn=30).architecture_ids == ids[:30]
    assert NasBenchNlp(num_drawn=30, generator_seed=22).architecture_ids != ids[:30]


def test_names_of_a_table_become_ids() -> None:
    spaced = json.dumps(LSTM, indent=2)
    assert SPACE.canonical_ids([spaced, "lstm"]) == [SPACE.parse(spaced), None]


def test_what_cannot_be_drawn_is_said() -> None:
    # One hidden state and one node: few cells exist.
    space = NasBenchNlp(num_drawn=60, hidden=1, intermediate=1)
    with pytest.raises(ValueError, match=r"enough distinct recipes .* found \d+ of 60"):
        _ = space.architecture_ids


def test_recipes_come_from_a_file_once_each(tmp_path: Path) -> None:
    path = tmp_path / "recipes.json"
    path.write_text(json.dumps([GRU, json.dumps(RNN), {"recepie": json.dumps(LSTM)}, RNN]))
    space = NasBenchNlp(recipes=str(path))
    assert [json.loads(id_) for id_ in space.architecture_ids] == [GRU, RNN, LSTM]
    assert space.sample(2, np.random.default_rng(0)) == [
        id_ for id_ in space.architecture_ids if id_ in space.sample(2, np.random.default_rng(0))
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{}", "with none"),
        ("[]", "with none"),
        ("nonsense", "which is no JSON"),
        ("[" * 100_000, "which is no JSON"),
        (json.dumps([RNN, {"f": 1}]), "entry 2: "),
    ],
)
def test_a_file_of_something_else_is_refused(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "recipes.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=sentence):
        NasBenchNlp(recipes=str(path))


def test_a_file_that_does_not_exist_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"recipes must be .*nowhere\.json"):
        NasBenchNlp(recipes="nowhere.json")


@pytest.mark.parametrize(
    "settings", [{"num_drawn": 0}, {"hidden": 4}, {"vocabulary_size": 0}, {"generator_seed": -1},
                 {"intermediate": 0}, {"num_drawn": True}]
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings: dict) -> None:
    (name,) = settings
    with refused(ValueError, f"search_space.space.{name} must be an integer "):
        NasBenchNlp(**settings)


def test_the_vocabulary_decides_the_number_of_outputs() -> None:
    assert NasBenchNlp().num_classes == 10_000
    assert NasBenchNlp(vocabulary_size=33_278).num_classes == 33_278
    assert not NasBenchNlp.enumerated_as_published
