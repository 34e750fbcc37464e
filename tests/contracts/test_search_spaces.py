"""Every search space: ids, parsing, sampling, mutation, programs."""

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from epsilon_research.collapse import lower
from tests.commands import ROOT

OPTIONS = sorted(path.stem for path in (ROOT / "conf" / "search_space").glob("*.yaml"))


@pytest.fixture(params=OPTIONS)
def space(request: pytest.FixtureRequest):
    config = OmegaConf.load(ROOT / "conf" / "search_space" / f"{request.param}.yaml")
    return instantiate(config, _convert_="all").space


def test_ids_are_distinct_and_parse_to_themselves(space) -> None:
    assert len(set(space.architecture_ids)) == len(space.architecture_ids)
    for architecture_id in space.sample(50, np.random.default_rng(0)):
        assert space.parse(f" {architecture_id}\n") == architecture_id


def test_a_mutation_is_another_architecture_of_the_space(space) -> None:
    known = set(space.architecture_ids)
    rng = np.random.default_rng(1)
    for parent in space.sample(50, rng):
        child = space.mutate(parent, rng)
        assert child in known
        assert child != parent


def test_programs_have_one_number_per_sample(space) -> None:
    for architecture_id in space.sample(10, np.random.default_rng(2)):
        for program in (
            space.program(architecture_id, num_outputs=1),
            space.core_program(architecture_id),
        ):
            lower(program, height=32, width=32)
        assert space.program(architecture_id, num_outputs=7).layers[-1].channels == 7
