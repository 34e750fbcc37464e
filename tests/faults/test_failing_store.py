"""A store on a file system that refuses one call in so many: the numbers are the same."""

from pathlib import Path

import numpy as np
import pytest

from tests.faults.jobs import Undisturb, words
from tests.faults.leavings import assert_same, check_store
from tests.faults.processes import succeed

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("rate", [0.01, 0.03, 0.1])
def test_a_store_that_fails_now_and_then_costs_no_number_and_no_part(
    rate: float, undisturbed: Undisturb, moments: np.random.Generator, tmp_path: Path
) -> None:
    for _ in range(3):
        seed = int(moments.integers(2**31))
        done = succeed(words("small", tmp_path, fault=f"failing_store:{seed}:{rate}"))
        assert "Traceback" not in done.stderr, done.stderr
        assert_same(tmp_path / "run", undisturbed("small").found)
        assert list(tmp_path.glob("store/*/damaged")) == []
    succeed(words("small", tmp_path))
    assert_same(tmp_path / "run", undisturbed("small").found)
    assert check_store(tmp_path / "store") == 0
