"""No memory for one architecture: it is named, and all others have their scores."""

import logging
import math
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epsilon_research.data import Minibatch
from epsilon_research.executors import Executor, SerialExecutor
from epsilon_research.executors.processes import ProcessExecutor
from epsilon_research.metrics import Candidate, Score, SinglePassMetric
from epsilon_research.scoring import Scoring, ScoringResult
from epsilon_research.store import FolderStore
from tests.commands import summary_of
from tests.faults.jobs import Undisturb, counted, words
from tests.faults.leavings import assert_same, check_whole
from tests.faults.processes import finish, succeed
from tests.faults.test_full_disk import the_sentence
from tests.stand_ins import Chains

pytestmark = pytest.mark.faults

IDS = ["".join(letters) for letters in product("cr", repeat=4)]
HUNGRY = "rccr"


def ask_for_too_much() -> None:
    """Allocates until the operating system refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, hard))
    taken = []
    try:
        while True:
            taken.append(np.ones(2**21))
    finally:
        del taken
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def ask_torch_for_too_much() -> None:
    import torch

    torch.zeros(2**48)


def be_killed() -> None:
    """As the kernel does with whoever has most when memory is out."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Greedy(SinglePassMetric):
    """The number of letters c, but for one architecture, while there is no `plenty`."""

    demand: Callable[[], None]
    plenty: str
    name: str = "greedy"
    candidates_per_chunk: int = 4
    shared_by_function: bool = False

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`."""

        def score(candidate: Candidate) -> Score:
            if candidate.architecture_id == HUNGRY and not Path(self.plenty).exists():
                self.demand()
            return Score(value=float(candidate.architecture_id.count("c")))

        return score


def score(demand: Callable[[], None], executor: Executor, folder: Path) -> ScoringResult:
    scoring = Scoring(
        space=Chains(),
        metrics={"greedy": Greedy(demand=demand, plenty=str(folder / "plenty"))},
        minibatch=Minibatch(
            inputs=np.ones((3, 1, 4, 4), np.float32), kind="images", dataset="ones"
        ),
        executor=executor,
        store=FolderStore(path=folder / "store"),
    )
    descriptions = scoring.describe(IDS, advance=advance)
    return scoring.score(IDS, descriptions, advance=advance)


def advance(done: int, *, from_store: int = 0, failed: int = 0) -> None:
    """Nobody looks."""


@pytest.mark.parametrize(
    ("demand", "executor", "failure"),
    [
        (ask_for_too_much, SerialExecutor(), "out_of_memory"),
        (ask_for_too_much, ProcessExecutor(processes=2), "out_of_memory"),
        (ask_torch_for_too_much, ProcessExecutor(processes=2), "out_of_memory"),
        (be_killed, ProcessExecutor(processes=2), "worker_died"),
    ],
)
def test_no_memory_for_one_architecture_costs_it_alone_and_names_it(
    demand: Callable[[], None],
    executor: Executor,
    failure: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        found = score(demand, executor, tmp_path)
    assert found.lost == (HUNGRY,)
    assert HUNGRY in caplog.text
    for id_, value, reason in zip(
        found.frame["architecture_id"], found.frame["greedy"], found.frame["greedy_failure"],
        strict=True,
    ):  # fmt: skip
        if id_ == HUNGRY:
            assert math.isnan(value)
            assert reason == failure
        else:
            assert value == id_.count("c")
            assert pd.isna(reason)
    (tmp_path / "plenty").touch()
    again = score(demand, executor, tmp_path)
    assert (again.num_computed, again.lost) == (1, ())
    assert again.frame["greedy"].tolist() == [float(id_.count("c")) for id_ in IDS]


def test_a_run_that_lacks_memory_for_one_architecture_ends_with_all_others(
    undisturbed: Undisturb, tmp_path: Path
) -> None:
    done = finish(words("small", tmp_path, fault="hungry:7"))
    assert done.returncode == 1
    sentence = the_sentence(done.stderr)
    assert sentence.startswith("error: worker processes must survive their work")
    # Named in full, where it happened and at the end.
    assert sentence.count("nor_conv") or sentence.count("|"), sentence
    assert "scores.parquet" in check_whole(tmp_path / "run")
    assert summary_of(tmp_path / "run")["counts"]["failed"] >= 1
    succeed(words("small", tmp_path))
    assert counted(tmp_path / "run", "computed") == 2
    assert_same(tmp_path / "run", undisturbed("small").found)


@pytest.mark.parametrize("stage", ["reading", "statistics", "figures"])
def test_no_memory_for_the_run_itself_is_one_sentence(
    stage: str, undisturbed: Undisturb, tmp_path: Path
) -> None:
    done = finish(words("small", tmp_path, fault=f"no_memory:{stage}"))
    assert done.returncode == 1
    assert "memory must be enough for the run" in the_sentence(done.stderr)
    check_whole(tmp_path / "run")
    succeed(words("small", tmp_path))
    assert_same(tmp_path / "run", undisturbed("small").found)
