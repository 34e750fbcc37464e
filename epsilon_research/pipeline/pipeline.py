"""The main job: prepare, choose weights, score, one stage after the other, record."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from epsilon_research.analysis.protocols import PAPER_FILTERS
from epsilon_research.benchmarks import AccuracyTable, Benchmark
from epsilon_research.checks import check_boolean, check_choice, check_integer
from epsilon_research.data import Dataset
from epsilon_research.data.minibatch import MIN_BATCH_SIZE
from epsilon_research.engines import Engine
from epsilon_research.executors import Executor
from epsilon_research.metrics import Metric
from epsilon_research.pipeline.columns import check_aggregates, table_of_run
from epsilon_research.pipeline.record import about_run, counts, flatten, problems
from epsilon_research.plotting import FigureSettings, RunFigures
from epsilon_research.progress import progress
from epsilon_research.scoring import Scoring, ScoringResult
from epsilon_research.spaces import Selection
from epsilon_research.stages.base import Context, Outcome, Prepared, Stage, random_stream
from epsilon_research.store import Store
from epsilon_research.tracking import Tracker, write_json, write_table
from epsilon_research.weights.base import WeightRule, apply_rule, check_rule

logger = logging.getLogger(__name__)

_LONG_PREPARATION = 3.0  # seconds after which a user should hear why a first run took longer

_MANY = 100_000
"""Architectures whose statistics need the memory that idle worker processes would keep."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A run: scores of the chosen architectures, and what its stages make of them.

    Args:
        search_space: The space and which of its architectures.
        batch_size: Samples in the minibatch, at least 3.
        minibatch_seed: Seed of the draw.
        benchmark: Trained accuracies, or one without a table.
        metric: Metrics by name; each becomes a column.
        engine: Runs constant-weight networks; only its default sample size is used here.
        store: Has what earlier runs computed, and keeps what this one does.
        seed: Seed of all random streams of the run but the minibatch's.
        stages: What follows scoring, by name and in this order; None stands for no stage.
        aggregates: Further columns, each the sum of the logarithms of some metrics' ranks.
        weight_rule: Chooses the two constants of epsilon before the run, or None; see `check_rule`.
        console: Where progress is shown.
    """

    search_space: Selection
    dataset: Dataset
    batch_size: int
    minibatch_seed: int
    benchmark: Benchmark
    metric: Mapping[str, Metric]
    engine: Engine
    executor: Executor
    store: Store
    seed: int
    stages: Mapping[str, Stage | None]
    aggregates: Mapping[str, Sequence[str]] | None = None
    weight_rule: WeightRule | None = None
    figures: bool = True
    plotting: FigureSettings = field(default_factory=FigureSettings)
    console: Console = field(default_factory=lambda: Console(stderr=True))

    def __post_init__(self) -> None:
        space = self.search_space.space
        if self.dataset.kind != space.input_kind:
            raise ValueError(
                f"the dataset must hold {space.input_kind} for search_space={space.name}, "
                f"got {self.dataset.name} ({self.dataset.kind}): choose another dataset=..."
            )
        if not self.metric:
            raise ValueError("at least one metric must be chosen, got none: pass metric=epsilon")
        check_choice("search_space.paper_filter", self.search_space.paper_filter, PAPER_FILTERS)
        check_boolean("figures", self.figures)
        check_integer("batch_size", self.batch_size, at_least=MIN_BATCH_SIZE, example=256)
        check_integer("seed", self.seed, at_least=0, example=21)
        check_integer("minibatch_seed", self.minibatch_seed, at_least=0, example=21)
        check_aggregates(self.aggregates or {}, metrics=list(self.metric))
        rule = check_rule(
            self.weight_rule, metrics=self.metric, published=self.search_space.published_weights
        )
        object.__setattr__(self, "weight_rule", rule)
        self.dataset.check(batch_size=self.batch_size)

    @property
    def _stages(self) -> list[Stage]:
        return [stage for stage in self.stages.values() if stage is not None]

    def prepare(self) -> Prepared:
        """Read the files, make the draws and ask each stage: a user's mistakes show here.

        Raises:
            ValueError: A file, the architectures, the batch size or a stage do not fit.
            FileNotFoundError: A file does not exist.
        """
        start = time.perf_counter()
        self.store.check()
        if self.figures and self.plotting.style is not None:
            from epsilon_research.plotting.style import figure_style  # imports matplotlib

            with figure_style(self.plotting):  # refuses a style sheet that does not exist
                pass
        table = self._load_table()
        ids = self.search_space.choose(
            random_stream(self.seed, "sample"),
            auto=self.engine.auto_num_architectures,
            known=None if table is None else list(table.rows["architecture_id"]),
        )
        accuracies = None if table is None else table.lookup(ids)
        minibatch = self.dataset.draw(
            batch_size=self.batch_size, rng=np.random.default_rng(self.minibatch_seed)
        )
        prepared = Prepared(
            selection=self.search_space,
            ids=ids,
            dataset=self.dataset,
            batch_size=self.batch_size,
            minibatch_seed=self.minibatch_seed,
            scoring=Scoring(
                space=self.search_space.space,
                metrics=self.metric,
                minibatch=minibatch,
                executor=self.executor,
                store=self.store,
            ),
            table=table,
            accuracies=accuracies,
            seed=self.seed,
            seconds=time.perf_counter() - start,
        )
        for stage in self._stages:
            stage.check(prepared)
        return prepared

    def _load_table(self) -> AccuracyTable | None:
        table = self.benchmark.load()
        if table is None:
            return None
        names = list(table.rows["architecture_id"])
        return table.renamed(self.search_space.space.canonical_ids(names))

    def run(
        self, prepared: Prepared, *, run_dir: Path, tracker: Tracker, run_facts: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Score, run all stages, write the run's files to `run_dir` and return the summary.

        The tracker gets a copy of numbers, tables and figures; `run_facts` is provenance for the
        summary's part `run`.
        """
        start = time.perf_counter()
        space = prepared.scoring.space
        logger.info(
            "%s: %s of %s architectures, %s, engine %s, %s process(es)",
            space.name, f"{len(prepared.ids):,}", f"{len(space.architecture_ids):,}",
            prepared.scoring.minibatch.description, self.engine.name, self.executor.num_processes,
        )  # fmt: skip
        self._prepare_engine()
        prepared, chosen = self.choose_weights(prepared)
        scoring_start = time.perf_counter()
        result = self.score(prepared)
        scoring_seconds = time.perf_counter() - scoring_start
        if len(prepared.ids) > _MANY:
            self.executor.release()
        frame = table_of_run(result.frame, prepared, aggregates=self.aggregates or {})
        write_table(frame, run_dir / "scores.parquet")
        summary: dict[str, Any] = {
            "run": about_run(prepared, engine=self.engine.name) | dict(run_facts),
            "counts": counts(result, metrics=list(self.metric)),
            "timing": {
                "scoring_seconds": scoring_seconds,
                "total_seconds": prepared.seconds + time.perf_counter() - start,
                "architectures_per_second": len(prepared.ids) / scoring_seconds,
                "processes": self.executor.num_processes,
            },
            **problems(result, self.store),
            **chosen,
        }
        if result.interrupted:
            write_json(summary, run_dir / "summary.json")
            raise KeyboardInterrupt
        outcomes = self._run_stages(prepared, frame, summary, run_dir)
        summary["timing"]["total_seconds"] = prepared.seconds + time.perf_counter() - start
        write_json(summary, run_dir / "summary.json")
        tables = {"scores": frame}
        for outcome in outcomes:
            tables |= outcome.frames
        figures = [path for outcome in outcomes for path in outcome.figures]
        tracker.log(flatten(summary), tables, figures)
        return summary

    def _run_stages(
        self, prepared: Prepared, frame: pd.DataFrame, summary: dict[str, Any], run_dir: Path
    ) -> list[Outcome]:
        """Run the stages and add what they find to `summary`."""
        figures = RunFigures(
            folder=run_dir / "figures",
            title=prepared.title,
            weights=prepared.weights,
            settings=self.plotting,
        )
        context = Context(
            prepared=prepared,
            frame=frame,
            columns=[*self.metric, *(self.aggregates or {})],
            summary=summary,
            run_dir=run_dir,
            figures=figures if self.figures else None,
            console=self.console,
        )
        outcomes: list[Outcome] = []
        for stage in self._stages:
            outcome = stage.run(context)
            taken = sorted(outcome.summary.keys() & summary.keys())
            if taken:
                raise ValueError(
                    f"a stage must have parts of the summary of its own, got {taken[0]} from "
                    f"{type(stage).__name__}, which is there already: name it otherwise"
                )
            summary |= outcome.summary
            for name, table in outcome.frames.items():
                write_table(table, run_dir / f"{name}.parquet")
            outcomes.append(outcome)
        summary["tables"] = [asdict(table) for one in outcomes for table in one.tables]
        return outcomes

    def choose_weights(self, prepared: Prepared) -> tuple[Prepared, dict[str, Any]]:
        """Let the weight rule choose, if there is one, and return its record beside the rest."""
        if self.weight_rule is None:
            return prepared, {}
        rng = random_stream(self.seed, "weight_rule")
        metrics, record = apply_rule(self.weight_rule, scoring=prepared.scoring, rng=rng)
        scoring = replace(prepared.scoring, metrics=metrics)
        return replace(prepared, scoring=scoring), {"weight_rule": record}

    def score(self, prepared: Prepared) -> ScoringResult:
        """Return the table of scores, showing progress."""
        scoring, ids = prepared.scoring, prepared.ids
        with progress(self.console, "reading architectures", len(ids)) as advance:
            descriptions = scoring.describe(ids, advance=advance)
        jobs = scoring.plan(ids, descriptions)
        with progress(self.console, "scoring", len(jobs)) as advance:
            result = scoring.score(ids, descriptions, jobs=jobs, advance=advance)
        if result.num_computed == 0 and result.num_from_store:
            logger.info("nothing had to be computed: all values were in the store")
        return result

    def _prepare_engine(self) -> None:
        start = time.perf_counter()
        self.engine.prepare()
        seconds = time.perf_counter() - start
        if seconds > _LONG_PREPARATION:
            logger.info("engine made ready in %.0f s; later runs find it so", seconds)
