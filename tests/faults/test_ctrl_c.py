"""Ctrl-C in each stage: whole files, one sentence, and the same command goes on."""

from pathlib import Path

import numpy as np
import pytest

from tests.faults.jobs import Undisturb, words
from tests.faults.leavings import assert_same, check_store, check_whole
from tests.faults.processes import finish, succeed

pytestmark = pytest.mark.faults

STAGES = {
    "reading": 0.0,
    "scoring": 0.5,
    "table": 0.0,
    "statistics": 0.02,
    "figures": 1.0,
    "search": 0.1,
    "search_tables": 0.0,
    "summary": 0.0,
}
"""Seconds of each stage, at most, after which it is interrupted."""


@pytest.mark.parametrize(
    ("stage", "number"),
    [(stage, number) for stage in STAGES for number in range(3 if stage == "figures" else 1)],
)
def test_ctrl_c_in_any_stage_leaves_whole_files_and_the_same_command_goes_on(
    stage: str,
    number: int,
    undisturbed: Undisturb,
    moments: np.random.Generator,
    tmp_path: Path,
) -> None:
    seconds = moments.uniform(0, STAGES[stage])
    done = finish(words("search", tmp_path, fault=f"interrupt:{stage}:{seconds}"))
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stderr.rstrip().endswith(
        "Interrupted before the end: what was computed is kept, and the same command continues."
    )
    assert "config.yaml" in check_whole(tmp_path / "run")
    assert check_store(tmp_path / "store") == 0
    assert not list(tmp_path.rglob("*.part"))
    succeed(words("search", tmp_path))
    assert_same(tmp_path / "run", undisturbed("search").found)
