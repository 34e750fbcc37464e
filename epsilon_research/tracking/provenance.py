"""Where a number comes from: versions, commit, settings."""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from epsilon_research import __version__
from epsilon_research.tracking.record import to_plain

# The packages that can change a number or a file.
_PACKAGES = (
    "numpy", "scipy", "torch", "numba", "pandas", "pyarrow", "scikit-learn", "analog-nasbench",
    "hydra-core", "omegaconf", "matplotlib", "wandb",
)  # fmt: skip
# Set inside git's own hooks, where they would point git at another repository.
_GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this code and of the packages, without importing them."""
    found = {"python": platform.python_version(), "epsilon_research": __version__}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_commit(root: Path) -> str | None:
    """Return the commit of the checkout whose top folder is `root`, `-dirty` if files differ.

    It is None if git is not installed, if there is no commit yet, or if `root` is not the top of a
    repository: a copy inside somebody's other repository is not of its commit.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != root.resolve():
        return None
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    return f"{commit}-dirty" if commit and _git(root, "status", "--porcelain") else commit


def config_hash(config: Mapping[str, Any]) -> str:
    """Return a sha256 in hexadecimal, equal for equal settings whatever the order of their keys."""
    text = json.dumps(to_plain(config), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _git(root: Path, *arguments: str) -> str | None:
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_VARIABLES}
    # A run only looks: it takes no lock on the index.
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
