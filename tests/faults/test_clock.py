"""A clock that jumps: no number depends on it, and no run waits for it."""

from pathlib import Path

import pytest

from tests.faults.jobs import Undisturb, counted, words
from tests.faults.leavings import assert_same, check_store
from tests.faults.processes import succeed

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("what", ["small", "search"])
def test_a_clock_that_jumps_changes_no_number(
    what: str, seed: int, undisturbed: Undisturb, tmp_path: Path
) -> None:
    arguments = words(what, tmp_path, fault=f"odd_clock:{seed}")
    succeed(arguments)
    assert_same(tmp_path / "run", undisturbed(what).found)
    assert check_store(tmp_path / "store") == 0
    succeed(arguments)
    assert_same(tmp_path / "run", undisturbed(what).found)
    assert counted(tmp_path / "run", "computed") == 0
