"""What is installed, and where the package finds its configuration then and in a checkout."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.commands import ROOT, SMALL, folder, succeeded, summary_of

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
HOMES = {name: ROOT / name.replace(".", "/") for name in SETUPTOOLS["packages"]} | {
    name: ROOT / path for name, path in SETUPTOOLS["package-dir"].items()
}


def test_every_folder_of_modules_is_installed() -> None:
    folders = {path.parent for path in (ROOT / "epsilon_research").rglob("__init__.py")}
    assert {*folders, ROOT / "conf"} == set(HOMES.values())
    assert all((home / "__init__.py").is_file() for home in HOMES.values())
    assert {name.partition(".")[0] for name in HOMES} == {"epsilon_research"}


def test_every_file_beside_the_modules_is_installed() -> None:
    installed = {
        path
        for name, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for path in HOMES[name].glob(pattern)
    }
    found = [
        path
        for home in (ROOT / "epsilon_research", ROOT / "conf")
        for path in home.rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    ]
    assert len(found) > 100
    assert [path for path in found if path not in installed] == []


def _uninstalled(
    *words: str, cwd: Path, before: tuple[Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Python with the installed dependencies, but without what is installed in editable mode."""
    # -S: no .pth file is read, by which an editable install is found.
    dependencies = [path for path in sys.path if Path(path).name.endswith("-packages")]
    path = os.pathsep.join(map(str, (*before, *dependencies)))
    environment = os.environ | {"PYTHONPATH": path, "EPSILON_STORE": "none"}
    environment.pop("HYDRA_FULL_ERROR", None)
    return subprocess.run(
        [sys.executable, "-S", *words], cwd=cwd, env=environment, capture_output=True, text=True
    )


def test_a_checkout_that_is_not_installed_runs_from_any_folder(tmp_path: Path) -> None:
    absent = _uninstalled("-c", "import epsilon_research", cwd=tmp_path)
    assert "No module named 'epsilon_research'" in absent.stderr
    words = (str(ROOT / "run.py"), "search_space=nb101", "weights=[1e-7,1]", *SMALL)
    succeeded(_uninstalled(*words, "benchmark=none", folder(tmp_path / "run"), cwd=tmp_path))
    assert summary_of(tmp_path / "run")["run"]["search_space"] == "nb101"
    assert summary_of(tmp_path / "run")["run"]["weights"] == [1e-7, 1.0]


def test_an_installed_package_has_its_configuration_inside(tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    for name, home in HOMES.items():
        into = installed / name.replace(".", "/")
        shutil.copytree(home, into, dirs_exist_ok=True)
    # Another's folder of the usual name beside it is not ours.
    (installed / "conf").mkdir()
    (installed / "conf" / "config.yaml").write_text("seed: 7\n", encoding="utf-8")
    code = "import sys; from epsilon_research.launch import launch; sys.exit(launch(sys.argv))"
    shown = succeeded(
        _uninstalled("-c", code, "--cfg", "job", "seed=3", cwd=tmp_path, before=(installed,))
    )
    assert "\nseed: 3\n" in shown.stdout
    assert "search_space:" in shown.stdout


def test_every_package_that_a_development_install_pulls_in_has_a_pinned_version() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"]
    required = [*project["dependencies"], *extras["dev"]]
    # Installed by `make docs` only, and so in few environments that run this test.
    if find_spec("mkdocs") is not None:
        required += extras["docs"]
    waiting, found = [Requirement(line) for line in required], set()
    while waiting:
        one = waiting.pop()
        asked = (canonicalize_name(one.name), frozenset({"", *one.extras}))
        if asked in found:
            continue
        found.add(asked)
        own = asked[0] == "epsilon-research"
        lines = [line for extra in one.extras for line in extras[extra]] if own else None
        waiting += [
            further
            for further in map(Requirement, lines or requires(one.name) or [])
            if further.marker is None
            or any(further.marker.evaluate({"extra": extra}) for extra in asked[1])
        ]
    names = {name for name, *_ in found} - {"epsilon-research"}
    assert len(names) > 100
    assert names - pinned == set()


def test_the_hashed_requirements_are_the_pinned_ones() -> None:
    text = (ROOT / "requirements-hashed.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([\w.-]+)==(\S+) \\\n((?: +--hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.M
    )
    hashed = {canonicalize_name(name): version.partition("+")[0] for name, version, _ in entries}
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", constraints, re.M))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    assert len(hashed) == len(re.findall(r"^[\w.-]+==", text, re.M)) > 50
    assert {name: pinned.get(name) for name in hashed} == hashed
    direct = {
        canonicalize_name(Requirement(one).name) for one in PYPROJECT["project"]["dependencies"]
    }
    assert direct - set(hashed) == set()
