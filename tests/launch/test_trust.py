"""What a configuration may name, and what it may not hold."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research import launch as room
from epsilon_research.catalogue import CONF
from epsilon_research.launch.sweep import graphs_of
from epsilon_research.launch.trust import check_secrets, check_targets
from tests.commands import ROOT, error_in, folder

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


SECRETS = {
    "MYSQL_PWD": "a-word-of-mine",
    "WANDB_API_KEY": "0123456789abcdef0123",
    "PGPASSWORD": "hunter-2",
    "GITHUB_PAT": "a1b2",
    "MY_CREDENTIALS_FILE": "some/file",
    "db_passwd": "correct horse",
    "HF_TOKEN": "hf-x9",
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_of_the_environment_stay_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = SECRETS[name]
    monkeypatch.setenv(name, secret)
    monkeypatch.setenv("SHORT_KEY", "seed")
    monkeypatch.setenv("KEYBOARD", "1")
    monkeypatch.setenv("EMPTY_TOKEN", "")
    check_secrets({"seed": "seed", "tracker": {"project": "p"}, "n": 1})
    held = {"tracker": {"project": secret if len(secret) < 8 else f"x{secret}"}}
    written = {"name": f"x${{oc.env:{name}}}"}
    for settings in (held, written, {"files": [secret]}):
        with pytest.raises(ValueError, match=f"got the value of {name} in"):
            check_secrets(settings)


def test_a_secret_in_a_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", SECRETS["WANDB_API_KEY"])
    with pytest.raises(ValueError, match="got the value of WANDB_API_KEY in a key:"):
        check_secrets({"files": [{SECRETS["WANDB_API_KEY"]: 1}]})


@pytest.mark.parametrize(
    "address",
    ["tcp://me:word@host:1", "https://:x@host/a", "a b ftp://u:p@h", "me:word@host/db",
     "https://host/?a=1&api_key=x", "wss://host?access-token=x"],
)  # fmt: skip
def test_an_address_with_a_password_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"got an address with a password in executor\.scheduler"):
        check_secrets({"executor": {"scheduler": address}})
    for address in ("tcp://host:8786", "me@host", "https://host/?epochs=108", "tls://[::1]:1"):
        check_secrets({"executor": {"scheduler": address}})


@pytest.mark.parametrize(
    "typed",
    [
        "name=x${oc.env:WANDB_API_KEY}",
        "hydra.run.dir={tmp}/${oc.env:WANDB_API_KEY}",
        "tracker.entity=0123456789abcdef0123",
        "+typo=0123456789abcdef0123",
    ],
)
def test_nothing_is_written_of_a_secret(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", SECRETS["WANDB_API_KEY"])
    monkeypatch.chdir(tmp_path)
    assert room.launch(["run.py", typed.replace("{tmp}", str(tmp_path))]) == 1
    shown = error_in(capsys.readouterr().err)
    assert "WANDB_API_KEY" in shown
    assert SECRETS["WANDB_API_KEY"] not in shown
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "typed", ["seed=x", "+typo=1", "weights=[1,1,x]", "metric.epsilon.engine=3"]
)
@pytest.mark.parametrize("sweep", [[], ["-m", "batch_size=8,16"]])
def test_a_wrong_setting_leaves_no_folder(
    typed: str, sweep: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert room.launch(["run.py", typed, *sweep]) == 1
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_is_not_a_runs_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    package = ROOT / "epsilon_research"
    for taken in (tmp_path / "mine", CONF, CONF / "metric", package / "new"):
        assert room.launch(["run.py", folder(taken)]) == 1
        assert "the run folder must be new, empty or a run's" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


def test_the_page_of_a_folder_builds_no_space_of_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "config.yaml"
    left = tmp_path / "left"
    config.write_text(f"search_space: {{_target_: pathlib.Path.mkdir, self: {left}}}\n")
    assert graphs_of(tmp_path) is None
    assert "are not drawn" in caplog.text
    assert "must name a class of the project" in caplog.text
    shipped = (CONF / "search_space" / "nb201.yaml").read_text(encoding="utf-8").splitlines()
    config.write_text("\n".join(["search_space:", *(f"  {line}" for line in shipped)]))
    graphs = graphs_of(tmp_path)
    assert graphs is not None
    assert graphs("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
