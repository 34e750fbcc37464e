"""A scoring run in a process of its own, to be killed: `python -m tests.scoring_process STORE OUT`.

Writes a line when it begins to score, and its table at the end. Parts are written all the time, so
that a kill at a random moment often meets one that is being written.
"""

import sys
from pathlib import Path

import numpy as np

from epsilon_research.data import Minibatch
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.metrics.num_parameters import NumParameters
from epsilon_research.scoring import Scoring, shelves
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.store import open_store
from tests.stand_ins import timeless

NUM_ARCHITECTURES = 120


def score(store: str, out: Path) -> tuple[int, int]:
    """Scores, writes the table, and returns how many values it computed and read."""
    images = np.random.default_rng(0).normal(size=(32, 3, 16, 16)).astype(np.float32)
    engine = CollapsedEngine()
    engine.prepare()
    scoring = Scoring(
        space=NasBench201(),
        metrics={
            "epsilon": Epsilon(weights=[1e-7, 1], engine=engine, candidates_per_chunk=4),
            "num_parameters": NumParameters(candidates_per_chunk=16),
        },
        minibatch=Minibatch(inputs=images, kind="images", dataset="noise"),
        executor=SerialExecutor(),
        store=open_store(store),
    )
    ids = official_order()[:NUM_ARCHITECTURES]
    descriptions = scoring.describe(ids, advance=advance)
    sys.stdout.write("scoring\n")
    sys.stdout.flush()
    result = scoring.score(ids, descriptions, advance=advance)
    timeless(result.frame).to_parquet(out)
    return result.num_computed, result.num_from_store


def advance(done: int, *, from_store: int = 0, failed: int = 0) -> None:
    """Nobody looks."""


if __name__ == "__main__":
    shelves._SECONDS_BETWEEN_PARTS = 0.005
    computed, read = score(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.write(f"{computed} {read}\n")
