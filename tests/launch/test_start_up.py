"""What a start does without: packages that take longer to import than the work that needs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT

SLOW = {"scipy.stats", "sklearn", "matplotlib", "torch", "wandb", "distributed"}
SCORING = {"numpy", "pandas", "numba", "pyarrow"}
SHORT = (
    "search_space.num_architectures=2", "batch_size=8", "tracker=none", "store=none",
    "figures=false", "executor=serial", "bootstrap_resamples=2",
)  # fmt: skip

LAUNCH = """
import sys
from epsilon_research.launch import launch
try:
    sys.exit(launch(["run.py", *sys.argv[1:]]))
finally:
    print("loaded:", *sys.modules)
"""


def modules_of(*arguments: str) -> set[str]:
    """What is imported once a command has run."""
    found = subprocess.run(
        [sys.executable, "-c", LAUNCH, *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    first, *loaded = found.stdout.splitlines()[-1].split()
    assert first == "loaded:"
    return set(loaded)


@pytest.mark.parametrize("question", ["--help", "--version"])
def test_an_answer_without_work_loads_nothing_that_scores(question: str) -> None:
    assert not modules_of(question) & (SLOW | SCORING)


def test_a_short_run_loads_neither_plots_nor_tests_nor_networks(tmp_path: Path) -> None:
    loaded = modules_of(*SHORT, f"hydra.run.dir={tmp_path / 'run'}")
    assert (tmp_path / "run" / "summary.json").is_file()
    assert loaded >= SCORING
    assert not loaded & SLOW


def test_a_worker_process_loads_no_tables() -> None:
    code = (
        "import sys, epsilon_research.scoring.evaluate, epsilon_research.scoring.description, "
        "epsilon_research.metrics.epsilon, epsilon_research.engines.collapsed; print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not set(run.stdout.split()) & (SLOW | {"pandas"})
