"""What is computed is in the store soon after, also when the next result is long in coming."""

import errno
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.data import Minibatch
from epsilon_research.executors import Executor, SerialExecutor
from epsilon_research.scoring import Scoring, ScoringResult, shelves
from epsilon_research.store import FolderStore, folder
from tests.stand_ins import Chains, CountsConvolutions

IDS = ["c", "cc", "ccc", "cccc"]
MINIBATCH = Minibatch(inputs=np.ones((3, 1, 4, 4), np.float32), kind="images", dataset="ones")
PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits(Executor):
    """Gives the second result only when a condition holds."""

    until: Callable[[], bool]

    @property
    def num_processes(self) -> int:
        """See `Executor`."""
        return 1

    def map(self, function: Callable, tasks: Iterable) -> Iterator:
        """See `Executor`."""
        for number, task in enumerate(tasks):
            if number == 1:
                end = time.monotonic() + PATIENCE
                while not self.until():
                    assert time.monotonic() < end
                    time.sleep(0.01)
            yield function(task)


def score(store: Path, executor: Executor) -> ScoringResult:
    scoring = Scoring(
        space=Chains(),
        metrics={"counts": CountsConvolutions(shared_by_function=False)},
        minibatch=MINIBATCH,
        executor=executor,
        store=FolderStore(path=store),
    )
    return scoring.score(IDS, scoring.describe(IDS))


def test_a_value_is_written_though_no_other_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_SECONDS_BETWEEN_PARTS", 0.01)
    score(tmp_path, Waits(until=lambda: any(tmp_path.glob("*/*.arrow"))))
    assert score(tmp_path, SerialExecutor()).num_computed == 0


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EMFILE], ids=errno.errorcode.get)
def test_a_store_that_refuses_for_a_while_gets_everything_in_the_end(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_SECONDS_BETWEEN_PARTS", 0.01)
    write, refusals = folder.write_shared, []

    def refuse(path: Path, content: bytes) -> None:
        if path.suffix == folder.SUFFIX and len(refusals) < 4:
            refusals.append(path)
            raise OSError(number, os.strerror(number))
        write(path, content)

    monkeypatch.setattr(folder, "write_shared", refuse)
    score(tmp_path, Waits(until=lambda: any(tmp_path.glob("*/*.arrow"))))
    assert len(refusals) == 4
    assert score(tmp_path, SerialExecutor()).num_computed == 0


def test_a_full_disk_ends_the_run_when_it_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "_SECONDS_BETWEEN_PARTS", 0.01)
    refusals = []

    def refuse(path: Path, content: bytes) -> None:
        refusals.append(path)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder, "write_shared", refuse)
    with pytest.raises(OSError, match="No space left on device"):
        score(tmp_path, Waits(until=lambda: bool(refusals)))
