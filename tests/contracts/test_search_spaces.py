"""Every search space: ids, parsing, sampling, mutation, programs."""

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from epsilon_research.collapse import lower
from epsilon_research.programs import count_convolutions, count_parameters
from tests.commands import ROOT
from tests.extras import WITHOUT_ZOO, ZOO_IS_INSTALLED

OPTIONS = sorted(path.stem for path in (ROOT / "conf" / "search_space").glob("*.yaml"))


@pytest.fixture(params=OPTIONS, scope="module")
def space(request: pytest.FixtureRequest):
    if request.param == "zoo" and not ZOO_IS_INSTALLED:
        pytest.skip(WITHOUT_ZOO)
    config = OmegaConf.load(ROOT / "conf" / "search_space" / f"{request.param}.yaml")
    assert isinstance(config, DictConfig)
    # What a space chooses in other groups is for Hydra's composition alone.
    config.pop("defaults", None)
    if request.param == "optuna":
        config.build = "tests.builders:build"
    return instantiate(config, _convert_="all").space


def test_ids_are_distinct_and_parse_to_themselves(space) -> None:
    assert len(set(space.architecture_ids)) == len(space.architecture_ids)
    for architecture_id in space.sample(20, np.random.default_rng(0)):
        assert space.parse(f" {architecture_id}\n") == architecture_id


def test_a_mutation_is_another_architecture_of_the_space(space) -> None:
    known = set(space.architecture_ids)
    rng = np.random.default_rng(1)
    for parent in space.sample(20, rng):
        child = space.mutate(parent, rng)
        assert child in known or not space.complete
        assert space.parse(child) == child != parent


def test_programs_have_one_number_per_sample(space) -> None:
    for architecture_id in space.sample(5, np.random.default_rng(2)):
        for program in (
            space.program(architecture_id, num_outputs=1),
            space.core_program(architecture_id),
        ):
            side = space.only_image_size or 32
            lower(program, height=side, width=side)
        assert space.program(architecture_id, num_outputs=7).num_outputs == 7


def test_known_names_are_their_own_ids(space) -> None:
    names = space.sample(20, np.random.default_rng(3))
    assert space.canonical_ids(names) == names
    assert space.canonical_ids([]) == []


def test_positions_are_names_only_where_the_order_is_the_benchmark_s(space) -> None:
    names = ["3", "0"]
    ids = [space.architecture_ids[3], space.architecture_ids[0]]
    assert (space.canonical_ids(names) == ids) is space.enumerated_as_published
    assert space.canonical_ids(["no architecture", "999999999"]) == [None, None]


def test_keys_are_one_per_architecture(space) -> None:
    ids = space.sample(20, np.random.default_rng(4))
    for keys in (space.published_keys(ids), space.function_keys(ids)):
        if keys is not None:
            assert len(keys) == len(ids)
            assert all(isinstance(key, str) for key in keys)
    published = space.published_keys(ids)
    assert published is None or len(set(published)) == len(ids)


def test_what_is_counted_in_bulk_is_the_programs(space) -> None:
    ids = space.sample(20, np.random.default_rng(5))
    for in_bulk, count in (
        (space.count_parameters, count_parameters),
        (space.count_convolutions, count_convolutions),
    ):
        counts = in_bulk(ids)
        if counts is not None:
            assert counts.dtype == np.int64
            programs = [space.program(id_, num_outputs=space.num_classes) for id_ in ids]
            assert counts.tolist() == [count(program) for program in programs]


def test_genes_are_another_way_to_write_an_architecture(space) -> None:
    if space.genes is None:
        return
    choices, read, write = space.genes
    for architecture_id in space.sample(20, np.random.default_rng(4)):
        genes = list(read(architecture_id))
        assert write(genes) == architecture_id
        assert all(gene in options for gene, options in zip(genes, choices, strict=True))
    assert np.prod([len(options) for options in choices]) == len(space.architecture_ids)


def test_graphs_are_drawn_forwards_and_tell_architectures_apart(space) -> None:
    ids = space.sample(20, np.random.default_rng(6))
    drawn = [space.graphs(one) for one in ids]
    for graph in (one for graphs in drawn for one in graphs):
        assert graph.title
        assert all(0 <= source < target < len(graph.nodes) for source, target, _ in graph.edges)
        assert len(set(graph.edges)) == len(graph.edges)
    if any(drawn):
        assert len(set(map(repr, drawn))) == len(ids)
