"""The contract of a stage: what it may refuse, what it gets, what it hands back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from epsilon_research.plotting import RunFigures
from epsilon_research.reporting import Table
from epsilon_research.stages.prepared import Prepared
from epsilon_research.stages.random_streams import random_stream


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
        """Refuse a run that this stage cannot follow, before anything is scored.

        Raises:
            ValueError: This stage cannot follow it.
            FileNotFoundError: A file of this stage does not exist.
        """

    @abstractmethod
    def run(self, context: Context) -> Outcome:
        """Return what this stage finds in the scores of a run."""
