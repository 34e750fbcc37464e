"""The wheel in a clean environment outside the checkout: `pytest -m wheel`, some minutes."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.commands import ROOT

pytestmark = pytest.mark.wheel
SMALL = ("search_space.num_architectures=20", "batch_size=16", "bootstrap_resamples=20")
API = """
import sys
import epsilon_research as er
frame = er.score("toy", n=5)
assert len(frame) == 5 and frame["epsilon"].notna().any()
assert "wandb" not in sys.modules
print(er.__version__)
"""
NETS = """
from torch import nn
def build_net():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
"""


def _run(*words: str | Path, folder: Path) -> str:
    kept = ("PATH", "HOME", "LANG", "XDG_CONFIG_DIRS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    environment = {
        name: value for name, value in os.environ.items() if name in kept or name.startswith("PIP_")
    }
    environment |= {"EPSILON_STORE": "none", "COLUMNS": "200"}
    process = subprocess.run(
        list(map(str, words)), cwd=folder, env=environment, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def _environment(folder: Path, *wanted: str | Path) -> Path:
    """The programs of a new environment that has what is wanted."""
    _run(sys.executable, "-m", "venv", folder, folder=folder)
    programs = folder / "bin"
    _run(programs / "python", "-m", "pip", "install", "-q", *wanted, folder=folder)
    return programs


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs that publish a package, which are no part of developing it."""
    return _environment(tmp_path_factory.mktemp("tools"), "build", "twine")


@pytest.fixture(scope="module")
def wheel(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the source distribution as `python -m build` does."""
    folder = tmp_path_factory.mktemp("dist")
    _run(tools / "python", "-m", "build", "--outdir", folder, ROOT, folder=folder)
    (found,) = folder.glob("*.whl")
    assert len(list(folder.glob("*.tar.gz"))) == 1
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment that has the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("environment")
    return _environment(folder, "-c", ROOT / "constraints.txt", wheel)


def test_the_wheel_holds_the_package_and_its_configuration_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"epsilon_research"}
    assert "epsilon_research/conf/config.yaml" in names
    assert "epsilon_research/py.typed" in names


def test_its_metadata_are_in_order(tools: Path, wheel: Path) -> None:
    shown = _run(tools / "python", "-m", "twine", "check", "--strict", wheel, folder=wheel.parent)
    assert "PASSED" in shown


def test_the_command_runs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    epsilon = installed / "epsilon"
    assert "epsilon study=list" in _run(epsilon, "--help", folder=tmp_path)
    assert "grey ramp" in _run(epsilon, "study=list", folder=tmp_path)
    _run(epsilon, *SMALL, "tracker=csv", folder=tmp_path)
    (summary,) = tmp_path.glob("outputs/*/*/summary.json")
    assert (summary.parent / "csv" / "scalars.csv").is_file()
    study = ("study=grey_scale", "search_space.first=20", "benchmark=none", "tracker=none")
    _run(epsilon, *study, "batch_size=16", folder=tmp_path)
    assert list(tmp_path.glob("outputs/grey_scale/*/study.json"))
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    settings = ("dataset=random_normal", "dataset.image_size=8", "batch_size=16")
    shown = _run(epsilon, "score", "nets:build_net", *settings, folder=tmp_path)
    assert "collapsed" in shown


def test_python_finds_the_same(installed: Path, tmp_path: Path) -> None:
    shown = _run(installed / "python", "-c", API, folder=tmp_path)
    assert shown.splitlines()[-1].count(".") == 2
