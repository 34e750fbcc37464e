"""The settings of a study are where the configurations of its jobs differ."""

from pathlib import Path

import pytest
import yaml

from epsilon_research.studies.settings import read_configuration, varied_settings


def test_two_spellings_of_one_value_are_one_setting() -> None:
    same = [{"weights": [1e-7, 1]}, {"weights": [1e-07, 1.0]}]
    assert varied_settings(same, first=["weights"]) == []
    assert varied_settings([*same, {"weights": [1e-3, 1]}]) == ["weights"]


def test_what_follows_from_another_setting_is_left_out() -> None:
    jobs = [
        {"task": task, "weights": weights, "batch_size": size}
        for task, weights in (("a", [1, 2]), ("b", [3, 4]))
        for size in (8, 64)
    ]
    assert varied_settings(jobs) == ["task", "batch_size"]
    assert varied_settings(jobs, first=["weights"]) == ["weights", "batch_size"]


def test_null_and_true_are_values_of_their_own() -> None:
    assert varied_settings([{"a": None}, {"a": "None"}]) == ["a"]
    assert varied_settings([{"a": True}, {"a": 1}]) == ["a"]


def test_a_folder_is_read_with_its_groups_and_without_what_changes_no_number(
    tmp_path: Path,
) -> None:
    (tmp_path / ".hydra").mkdir()
    content = {
        "hydra": {"x": 1},
        "store": "s",
        "weights": [1e-7, 1.0],
        "metric": {"epsilon": {"a": 2}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(content))
    choices = {"dataset": "photos", "hydra/launcher": "basic", "study": "x"}
    hydra = {"hydra": {"runtime": {"choices": choices}}}
    (tmp_path / ".hydra" / "hydra.yaml").write_text(yaml.safe_dump(hydra))
    assert list(read_configuration(tmp_path).items()) == [
        ("dataset", "photos"), ("weights", [1e-7, 1.0]), ("metric.epsilon.a", 2)
    ]  # fmt: skip


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must hold the configuration of its run"):
        read_configuration(tmp_path)
