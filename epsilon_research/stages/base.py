"""The contract of a stage: what a run has prepared, what a stage gets of it, what it hands back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from epsilon_research.benchmarks import AccuracyTable
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.plotting import RunFigures
from epsilon_research.reporting import Table
from epsilon_research.scoring import Scoring
from epsilon_research.spaces import Selection

_SPAWNED = ("sample", "bootstrap", "agreement", "search", "repeats", "weight_rule")
"""Streams that were once the children of the run's seed, by position; their draws stay."""


def random_stream(seed: int, name: str) -> np.random.Generator:
    """Return a generator for one purpose of a run.

    No stream depends on which others exist, so that a new one changes no number of a run.

    Args:
        seed: Seed of the run.
        name: Purpose; a stage from elsewhere takes its own name.
    """
    if name in _SPAWNED:
        key = (_SPAWNED.index(name),)
    else:
        digest = blake2b(name.encode(), digest_size=16).digest()
        key = tuple(np.frombuffer(digest, dtype="<u4").tolist())
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Architectures, minibatch, accuracies and metrics of a run, read and checked.

    Args:
        selection: Search space, and which of its architectures are scored.
        ids: Architectures that are scored.
        dataset, batch_size, minibatch_seed: What the minibatch was drawn by.
        scoring: Space, metrics, minibatch, executor and store.
        table: Trained accuracies of the whole space, or None.
        accuracies: Rows of `table` for `ids`, in that order; None without a table.
        seed: Seed of the run, see `random_stream`.
        seconds: Time that reading and drawing took.
    """

    selection: Selection
    ids: Sequence[str]
    dataset: Dataset
    batch_size: int
    minibatch_seed: int
    scoring: Scoring
    table: AccuracyTable | None
    accuracies: pd.DataFrame | None
    seed: int
    seconds: float

    @property
    def title(self) -> str:
        """Search space and minibatch in one line, for figures and tables."""
        return f"{self.scoring.space.title}, {self.scoring.minibatch.description}"

    @property
    def weights(self) -> dict[str, Sequence[float]]:
        """Constants of each metric that initialises its networks with constants."""
        settings = {name: metric.settings for name, metric in self.scoring.metrics.items()}
        return {name: found["weights"] for name, found in settings.items() if "weights" in found}

    def draw_minibatch(self, step: int) -> Minibatch:
        """Return the minibatch of the seed that is `step` further on than the run's."""
        return self.dataset.draw(
            batch_size=self.batch_size, rng=np.random.default_rng(self.minibatch_seed + step)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A run whose scores are known, for a stage to work on.

    Args:
        prepared: Architectures, minibatch, accuracies and metrics of the run.
        frame: Table of scores, one row per architecture, with the accuracies where they are known.
        columns: Names of the columns of `frame` that are judged: metrics and aggregates.
        summary: Summary so far, with the parts of all stages before this one.
        run_dir: Folder of the run, which exists.
        figures: Draws figures into the folder `figures`; None: none are drawn.
        console: Where progress is shown.
    """

    prepared: Prepared
    frame: pd.DataFrame
    columns: Sequence[str]
    summary: Mapping[str, Any]
    run_dir: Path
    figures: RunFigures | None
    console: Console

    def rng(self, name: str) -> np.random.Generator:
        """Return a fresh generator of a random stream of the run, see `random_stream`."""
        return random_stream(self.prepared.seed, name)


def drawn_rows(frame: pd.DataFrame, count: int, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return so many rows of a table, or all there are, drawn without replacement, in its order."""
    rows = rng.choice(len(frame), size=min(count, len(frame)), replace=False)
    return frame.iloc[np.sort(rows)]


def best_rows(frame: pd.DataFrame, count: int, *, by: str) -> pd.DataFrame:
    """Return the rows with the highest scores, the best first; of equal ones the first of them."""
    scored = frame.dropna(subset=by)
    return scored.sort_values(by, ascending=False, kind="stable").head(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a stage.

    Args:
        summary: Parts of `summary.json` by key; no two stages share one.
        tables: Tables for people, shown in the terminal and on the page of a study with one job.
            Those of statistics, comparisons and searches are made of the record, see `reporting`.
        frames: Tables for programs: each is written to `<name>.parquet` and given to the tracker.
        figures: Paths of the figures, which the stage has drawn below `<run folder>/figures`.
    """

    summary: Mapping[str, Any] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Sequence[Path] = ()


class Stage(ABC):
    """One thing that a run does with its scores.

    To add one, write a final dataclass of this class and a file `conf/stage/<name>.yaml` with the
    header `# @package stages` and one key of its own.
    """

    def check(self, prepared: Prepared) -> None:  # noqa: B027, most stages can follow any scores
        """Refuse, by a ValueError before any work, a run that this stage cannot follow."""

    @abstractmethod
    def run(self, context: Context) -> Outcome:
        """Return what this stage finds in the scores of a run."""
