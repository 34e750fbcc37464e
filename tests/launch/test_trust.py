"""What a configuration may name, and what it may not hold."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.launch.cli import parse
from epsilon_research.launch.trust import check_origin, check_secrets, check_targets
from tests.commands import command, error_in, finished, folder, run, succeeded

OWN = {"run": {"dir": "outputs/x"}, "job_logging": {"loggers": {"run": {"level": "DEBUG"}}}}
FOREIGN = (
    "os.system",
    "subprocess.call",
    "builtins.exec",
    "epsilon_research.atomic_file.os.system",
    "epsilon_research.atomic_file.Path",
    "epsilon_research.tracking.write_json",
    "epsilon_research.launch.trust.check_targets",
    "epsilon_research",
    "epsilon_research.no_such_module.Metric",
    "epsilon_researching.Metric",
    "__main__.main",
    "",
    None,
    7,
)


@pytest.mark.parametrize("target", FOREIGN)
def test_code_of_others_is_refused_wherever_it_is_named(target: Any) -> None:
    settings = {"metric": [{"epsilon": {"engine": {"_target_": target}}}]}
    with pytest.raises(ValueError, match=r"metric\[0\]\.epsilon\.engine\._target_ must name"):
        check_targets(settings)


def test_classes_of_the_project_may_be_named_also_where_a_package_shows_them() -> None:
    check_targets(
        {
            "a": {"_target_": "epsilon_research.spaces.Selection"},
            "b": {"_target_": "epsilon_research.metrics.epsilon.Epsilon", "weights": [1, 2]},
            "store": {"_target_": "epsilon_research.store.open_store"},
        }
    )


def test_a_package_is_trusted_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"metric": {"_target_": "my_lab.Metric"}, "EPSILON_TRUSTED": "my_lab"}
    with pytest.raises(ValueError, match=r"got 'my_lab\.Metric'"):
        check_targets(settings)
    monkeypatch.setenv("EPSILON_TRUSTED", "other, my_lab")
    check_targets(settings)
    with pytest.raises(ValueError, match=r"os\.system"):
        check_targets({"_target_": "os.system"})


@given(st.recursive(st.text(max_size=5) | st.integers() | st.none(), st.lists, max_leaves=9))
def test_settings_without_targets_pass(settings: Any) -> None:
    check_targets({"some": settings})


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("hydra:\n  callbacks:\n    x:\n      _target_: os.system\n", "hydra.callbacks"),
        ("hydra:\n  job_logging:\n    formatters:\n      x:\n        (): os.system\n", "hydra.job"),
        ("hydra:\n  launcher:\n    _target_: os.system\n", "hydra.launcher"),
        ("hydra:\n  searchpath: [file://elsewhere]\n", "hydra.searchpath"),
        ("hydra: 3\n", "hydra.section"),
        ("defaults: [elsewhere]\n", "defaults"),
        ("- a list\n", "must be a YAML file of settings, .*list"),
        ("a: [\n", "must be a YAML file"),
        ("a: &a [1]\nb: [*a, *a]\n", "must be a YAML file"),
        ("a: " + "[" * 5000, "must be a YAML file"),
        ("a: !!python/object/apply:os.system [true]\n", "must be a YAML file"),
    ],
)
def test_a_file_from_elsewhere_may_not_change_how_hydra_works(
    text: str, reported: str, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    for typed in (
        [f"--config-path={tmp_path}"],
        ["-cp", str(tmp_path), "-cn", "config"],
        [f"--config-p={tmp_path}", "--config-n", "config.yaml"],
        ["seed=1", f"--config-path={tmp_path}", "seed=2"],
    ):
        with pytest.raises(ValueError, match=reported):
            check_origin(parse(typed), own=OWN)


def test_a_saved_configuration_may_choose_its_folders_and_a_trusted_one_may_do_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("hydra:\n  run:\n    dir: somewhere\nseed: 1\n")
    check_origin(parse([f"--config-path={tmp_path}"]), own=OWN)
    check_origin(parse([f"--config-path={tmp_path}", "--config-name=absent"]), own=OWN)
    for flag in ("config-dir", "experimental-rerun"):
        with pytest.raises(ValueError, match=f"--{flag} must not"):
            check_origin(parse([f"--{flag}={tmp_path}"]), own=OWN)
    monkeypatch.setenv("EPSILON_TRUSTED", "epsilon_research")
    (tmp_path / "config.yaml").write_text("defaults: [elsewhere]\n")
    check_origin(parse([f"--config-path={tmp_path}", f"--config-dir={tmp_path}"]), own=OWN)


def test_secrets_of_the_environment_stay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "0123456789abcdef0123"
    monkeypatch.setenv("WANDB_API_KEY", secret)
    monkeypatch.setenv("SHORT_KEY", "seed")
    check_secrets({"seed": "seed", "tracker": {"project": "p"}})
    for settings in ({"tracker": {"project": f"x{secret}"}}, {"files": [{secret: 1}]}):
        with pytest.raises(ValueError, match="got the value of WANDB_API_KEY in"):
            check_secrets(settings)


def test_a_hostile_configuration_runs_nothing(tmp_path: Path) -> None:
    succeeded(run(folder(tmp_path / "run"), "search_space.num_architectures=3"))
    saved = (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")
    mark = tmp_path / "executed"
    attacks = {
        "target": saved.replace(
            "epsilon_research.executors.serial.SerialExecutor\n",
            f"pathlib.Path.touch\n  self:\n    _target_: pathlib.Path\n    _args_: ['{mark}']\n",
        ),
        "callback": saved.replace(
            "hydra:\n",
            "hydra:\n  callbacks:\n    x:\n      _target_: pathlib.Path.touch\n      self:\n"
            f"        _target_: pathlib.Path\n        _args_: ['{mark}']\n",
            1,
        ).replace(
            "  callbacks:\n    sweep:\n      _target_: epsilon_research.launch.SweepFolder\n", "", 1
        ),
    }
    for name, text in attacks.items():
        assert text != saved
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        process = finished(*command(f"--config-path={tmp_path}", f"--config-name={name}"))
        assert process.returncode == 1
        assert "must" in error_in(process.stderr)
        assert not mark.exists()
