"""Fixtures that every room's tests share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.commands import restored

# No test is about time: another job on the machine would fail it.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Turns the user's score store off; compiles the kernels, before test workers start.

    In a process of its own. Workers that compile at the same time would each cache a variant of
    the code that rounds in another order, and compare its numbers with another worker's.
    """
    # What a test computes must be computed by today's code, and leave nothing behind.
    os.environ["EPSILON_STORE"] = "none"
    if hasattr(config, "workerinput"):
        return
    code = (
        "from epsilon_research.engines.collapsed import CollapsedEngine\n"
        "for dtype in ('float32', 'float64'):\n"
        "    CollapsedEngine(dtype=dtype).prepare()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs the internet or takes a quarter of an hour, unless asked for."""
    reasons = {
        "network": "needs the internet: pytest -m network",
        "faults": "takes a quarter of an hour: make test-faults",
        "wheel": "installs the wheel with all it needs: make test-wheel",
    }
    for marker, reason in reasons.items():
        if marker in config.option.markexpr:
            continue
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tables and golden cases that lies beside a developer's checkout."""
    folder = Path(os.environ.get("EPSILON_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"needs real data in {folder}: set EPSILON_SHARED to a folder that has it")
    return folder


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """A test that runs a whole program changes nothing for the next."""
    with restored():
        yield
