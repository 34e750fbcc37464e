"""Little memory: a sentence or fewer scores, never a traceback or a death without a word."""

import sys
from pathlib import Path

import pytest

from tests.faults.jobs import words
from tests.faults.leavings import check_store, check_whole
from tests.faults.processes import finish

pytestmark = pytest.mark.faults

LIMITED = (
    "import os, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)\n"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


@pytest.mark.parametrize("batch_size", ["1000", "100000", "100000000"])
def test_a_limit_to_memory_is_met_by_a_sentence_or_reasons(batch_size: str, tmp_path: Path) -> None:
    command = words("small", tmp_path, f"batch_size={batch_size}", "benchmark=none")
    done = finish([sys.executable, "-c", LIMITED, str(4 << 30), *command])
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1), done.stderr
    if done.returncode:
        assert "error: " in done.stderr
        assert "memory" in done.stderr
    check_store(tmp_path / "store")
    if (tmp_path / "run").exists():
        check_whole(tmp_path / "run")
