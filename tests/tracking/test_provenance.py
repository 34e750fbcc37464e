import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.tracking import config_hash, git_commit, versions


def _git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    _git(tmp_path, "init", "--quiet")
    (tmp_path / "a.txt").write_text("1")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_versions_are_those_installed_and_of_this_python():
    found = versions()
    assert found["numpy"] == version("numpy")
    assert found["torch"] == version("torch")
    assert found["python"] == ".".join(str(part) for part in sys.version_info[:3])


def test_asking_for_versions_imports_none_of_the_packages():
    code = (
        "import sys\nfrom epsilon_research.tracking import versions\n"
        "versions()\nassert not {'torch', 'numba', 'wandb', 'matplotlib'} & set(sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_a_clean_checkout_gives_its_commit(checkout):
    assert git_commit(checkout) == _git(checkout, "rev-parse", "HEAD")


def test_a_changed_checkout_is_dirty(checkout):
    (checkout / "a.txt").write_text("2")
    assert git_commit(checkout) == _git(checkout, "rev-parse", "HEAD") + "-dirty"


def test_a_new_file_makes_a_checkout_dirty(checkout):
    (checkout / "b.txt").write_text("2")
    assert str(git_commit(checkout)).endswith("-dirty")


def test_no_repository_no_commit_and_a_folder_inside_one_give_none(checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert git_commit(elsewhere) is None
    _git(elsewhere, "init", "--quiet")
    assert git_commit(elsewhere) is None
    (checkout / "inner").mkdir()
    assert git_commit(checkout / "inner") is None


def test_variables_of_a_git_hook_do_not_mislead(checkout, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    commit = git_commit(checkout)
    monkeypatch.delenv("GIT_DIR")
    assert commit == _git(checkout, "rev-parse", "HEAD")


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git_commit(checkout) is None


def test_a_config_hash_ignores_order_and_number_types_of_numpy():
    first = config_hash({"weights": [1e-7, 1], "space": {"first": 5, "name": "nb201"}})
    second = config_hash({"space": {"name": "nb201", "first": np.int64(5)}, "weights": (1e-7, 1)})
    assert first == second
    assert len(first) == 64


def test_a_config_hash_differs_when_a_value_differs():
    assert config_hash({"seed": 1}) != config_hash({"seed": 2})
