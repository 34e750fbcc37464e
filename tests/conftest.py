"""Fixtures that every room's tests share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Compiles the kernels once, in a process of its own, before test workers start.

    Workers that compile at the same time would each cache a variant of the code that rounds in
    another order, and compare its numbers with another worker's.
    """
    if hasattr(config, "workerinput"):
        return
    code = (
        "from epsilon_research.engines.collapsed import CollapsedEngine\n"
        "for dtype in ('float32', 'float64'):\n"
        "    CollapsedEngine(dtype=dtype).prepare()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tables and golden cases that lies beside a developer's checkout."""
    folder = Path(os.environ.get("EPSILON_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"needs real data in {folder}: set EPSILON_SHARED to a folder that has it")
    return folder
