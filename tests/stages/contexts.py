"""What the tests of stages hand to them: a small run on NAS-Bench-201 in this process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.data.synthetic import RandomNormal
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.executors import SerialExecutor
from epsilon_research.metrics import Epsilon
from epsilon_research.scoring import Scoring
from epsilon_research.spaces import Selection
from epsilon_research.spaces.nb201 import NasBench201, official_order
from epsilon_research.stages.base import Context, Prepared

EPSILON = Epsilon(weights=[1e-7, 1], engine=CollapsedEngine(dtype="float32"))


def prepared_run(*, ids: Sequence[str] = official_order()[:40], **changes: Any) -> Prepared:
    """A run of `ids`, with epsilon unless `metrics` say otherwise."""
    dataset = RandomNormal(image_size=8)
    scoring = Scoring(
        space=NasBench201(),
        metrics=changes.pop("metrics", {"epsilon": EPSILON}),
        minibatch=dataset.draw(batch_size=8, rng=np.random.default_rng(1)),
        executor=SerialExecutor(),
    )
    parts: dict[str, Any] = {
        "selection": Selection(space=scoring.space, published_weights=[1e-7, 1]),
        "ids": list(ids),
        "dataset": dataset,
        "batch_size": 8,
        "minibatch_seed": 1,
        "scoring": scoring,
        "table": None,
        "accuracies": None,
        "seed": 21,
        "seconds": 0.0,
    }
    return Prepared(**parts | changes)


def scored(prepared: Prepared, *, run_dir: Path = Path(), **changes: Any) -> Context:
    """The context of a run whose scores are computed here, unless a `frame` is given."""
    if "frame" not in changes:
        changes["frame"] = prepared.scoring.score_table(prepared.ids)
    parts: dict[str, Any] = {
        "prepared": prepared,
        "columns": list(prepared.scoring.metrics),
        "summary": {},
        "run_dir": run_dir,
        "figures": None,
        "console": Console(stderr=True),
    }
    return Context(**parts | changes)


def accuracies_of(ids: Sequence[str], values: Sequence[float]) -> AccuracyTable:
    """A made-up table of test accuracies."""
    rows = pd.DataFrame({"architecture_id": list(ids), "test_accuracy": list(values)})
    return AccuracyTable(
        name="made_up",
        rows=rows.assign(validation_accuracy=np.nan),
        target="test_accuracy",
        higher_is_better=True,
        source="made up",
        label="test accuracy",
    )
