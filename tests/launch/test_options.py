"""Every option of every group composes, and builds what it names."""

import re
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

CONF = Path(__file__).resolve().parents[2] / "conf"
OPTIONS = sorted((path.parent.name, path.stem) for path in CONF.glob("*/*.yaml"))
# Options that ask for a path get one; what is in it matters when the run starts.
REQUIRED = {
    ("dataset", "npy"): "dataset.path={tmp}/images.npy",
    ("dataset", "imagenet16_120"): "dataset.root={tmp}",
    ("dataset", "tokens"): "dataset.path={tmp}/text.txt",
    ("benchmark", "table"): "benchmark.path={tmp}/table.csv",
    ("benchmark", "nb201_official"): "benchmark.path={tmp}",
    ("benchmark", "nats_sss_official"): "benchmark.path={tmp}",
    ("benchmark", "tnb101_official"): "benchmark.path={tmp}",
    ("search_space", "optuna"): "search_space.build=tests.builders:build",
    ("metric", "column"): "metric.column={{path:{tmp}/scores.csv,column:score}}",
} | {
    (group, f"{prefix}nb201_{task}"): "files={{nb201_folder:{tmp},imagenet16_images:{tmp}}}"
    for group, prefix in (("task", ""), ("study", "main_"))
    for task in ("cifar100", "imagenet16_120")
}

TEXTS = ("ptb", "random_tokens", "tokens", "wikitext2")
"""Datasets that only networks on text take."""


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", list(overrides), return_hydra_config=True)
    # Outside a job Hydra knows no choices; the name is all that reads them.
    config.name = "test"
    return config


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_builds(group: str, option: str, tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", np.zeros((300, 8, 8, 3), np.uint8))
    (tmp_path / "scores.csv").write_text("architecture_id,score\n")
    (tmp_path / "text.txt").write_text("a b c\n" * 9000)
    for number in range(1, 11):
        (tmp_path / f"train_data_batch_{number}").touch()
    choice = f"{group}=[{option}]" if group == "metric" else f"{group}={option}"
    required = REQUIRED.get((group, option), "seed=1").format(tmp=tmp_path)
    text = group == "dataset" and option in TEXTS
    space = "search_space=nbnlp" if text else "seed=1"
    config = composed(choice, required, space)
    for part in ("pipeline", "tracker"):
        instantiate(config[part], _convert_="all")


@pytest.mark.parametrize("option", [name for group, name in OPTIONS if group == "search_space"])
def test_every_search_space_has_published_weights_or_finds_its_own(option: str) -> None:
    config = composed(f"search_space={option}")
    assert (config.weights is None) == (config.weight_rule is not None)
    assert composed(f"search_space={option}", "weight_rule=widest").weight_rule.undefined


def test_only_the_package_itself_is_named() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in CONF.rglob("*.yaml"))
    targets = re.findall(r"_target_: *(\w+)", text)
    assert len(targets) > 60
    assert set(targets) == {"epsilon_research"}


def test_every_group_is_in_the_defaults_list() -> None:
    defaults = OmegaConf.load(CONF / "config.yaml").defaults
    listed = {next(iter(entry)) for entry in defaults if not isinstance(entry, str)}
    assert listed == {group for group, _ in OPTIONS}


def test_there_is_no_group_that_would_swallow_a_plain_value() -> None:
    for name in ("weights", "batch_size", "minibatch_seed", "seed"):
        assert not (CONF / name).exists()


def test_every_option_says_what_it_is() -> None:
    for group, option in OPTIONS:
        lines = (CONF / group / f"{option}.yaml").read_text(encoding="utf-8").splitlines()
        first = next(line for line in lines if line.startswith("# ") and "@package" not in line)
        # A whole sentence that `--help` can show on one line.
        assert re.fullmatch(r"# \S.{,100}[.?]", first), f"{group}/{option}: {first}"
