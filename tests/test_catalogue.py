"""Options as objects, without Hydra."""

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from epsilon_research import catalogue
from epsilon_research.engines.collapsed import CollapsedEngine

GROUPS = ("search_space", "dataset", "engine", "metric", "benchmark")


@pytest.mark.parametrize("group", GROUPS)
def test_an_option_is_the_object_that_hydra_builds(group: str) -> None:
    built = 0
    for name in catalogue.option_names(group):
        option = OmegaConf.load(catalogue.CONF / group / f"{name}.yaml")
        if "???" in OmegaConf.to_yaml(option):
            with pytest.raises(ValueError, match=f"got '{name}', which needs "):
                catalogue.build_option(group, name)
            continue
        option.pop("defaults", None)
        engine = {"_target_": "epsilon_research.engines.collapsed.CollapsedEngine"}
        config = OmegaConf.create({"weights": [1e-7, 1.0], "engine": engine, group: option})
        expected = instantiate(config[group], _convert_="all")
        settings = {"weights": [1e-7, 1.0], "engine": CollapsedEngine()}
        assert catalogue.build_option(group, name, **settings) == expected, name
        built += 1
    assert built > 2


@pytest.mark.parametrize(
    ("space", "group", "option"),
    [
        ("nb101", "benchmark", "nb101_official"),
        ("nbnlp", "dataset", "random_tokens"),
        ("nb201", "benchmark", "nb201_cifar10_half_test"),
        ("toy", "benchmark", "none"),
        ("nb101", "dataset", "photos"),
    ],
)
def test_a_space_chooses_what_is_beside_it(space: str, group: str, option: str) -> None:
    assert catalogue.option_beside("search_space", space, other=group) == option


def test_an_unknown_name_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ValueError, match=r"one of .*'epsilom': did you mean epsilon"):
        catalogue.build_option("metric", "epsilom")
    with pytest.raises(ValueError, match=r"got '../config': choose one of them"):
        catalogue.build_option("metric", "../config")
