"""The main job: score architectures, correlate with trained accuracy, plot, record."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from epsilon_research.analysis import compare_metrics, diagnose, summarise_metrics
from epsilon_research.benchmarks import AccuracyTable, Benchmark
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.engines import Engine
from epsilon_research.executors import Executor
from epsilon_research.metrics import Metric
from epsilon_research.progress import progress
from epsilon_research.run_record import (
    about_metrics,
    about_minibatch,
    about_table,
    check_aggregates,
    check_plain_settings,
    counts,
    flatten,
    remarks,
    with_accuracies,
    with_aggregates,
)
from epsilon_research.scoring import Scoring, ScoringResult
from epsilon_research.spaces import Selection
from epsilon_research.stages.engine_comparison import Agreement
from epsilon_research.stages.figures import draw
from epsilon_research.stages.prepared import Prepared
from epsilon_research.stages.search.inputs import SearchInputs, SearchOutcome
from epsilon_research.stages.search.scores import scores_of_run
from epsilon_research.stages.search.stage import SearchStage
from epsilon_research.stages.stability import Repeats
from epsilon_research.store import Store
from epsilon_research.tracking import Tracker, write_json, write_table
from epsilon_research.weights.base import WeightRule, apply_rule, check_rule

logger = logging.getLogger(__name__)

_LONG_PREPARATION = 3.0
"""Seconds after which a user should hear why a first run took longer."""

_MANY = 100_000
"""Architectures whose statistics need the memory that idle worker processes would keep."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Scores the chosen architectures and, where a table knows their accuracy, correlates.

    Args:
        search_space: The space and which of its architectures.
        dataset: Where the minibatch is drawn from.
        batch_size: Samples in the minibatch, at least 3.
        minibatch_seed: Seed of the draw.
        benchmark: Trained accuracies, or one without a table.
        metric: Metrics by name; each becomes a column.
        engine: Runs constant-weight networks; only its default sample size is used here.
        executor: Spreads the scoring.
        store: Has what earlier runs computed, and keeps what this one does.
        seed: Seed of the sample of architectures and of the bootstrap.
        bootstrap_resamples: Resamples behind each interval.
        agreement: Compares the scores with another engine on a sample, or null.
        aggregates: Further columns, each the sum of the logarithms of some metrics' ranks.
        stability: Repeats the scores with other minibatches and seeds, or null.
        search: Searches with and without the scores, or null.
        weight_rule: Chooses the two constants of epsilon before the run, or null.
        figures: Whether figures are drawn.
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
    bootstrap_resamples: int
    agreement: Agreement | None = None
    aggregates: Mapping[str, Sequence[str]] | None = None
    stability: Repeats | None = None
    search: SearchStage | None = None
    weight_rule: WeightRule | None = None
    figures: bool = True
    console: Console | None = None

    def __post_init__(self) -> None:
        space = self.search_space.space
        if self.dataset.kind != space.input_kind:
            raise ValueError(
                f"the dataset must hold {space.input_kind} for search_space={space.name}, "
                f"got {self.dataset.name} ({self.dataset.kind}): choose another dataset=..."
            )
        if not self.metric:
            raise ValueError("at least one metric must be chosen, got none: pass metric=epsilon")
        check_plain_settings(self)
        check_aggregates(self.aggregates or {}, metrics=list(self.metric))
        check_rule(
            self.weight_rule, metrics=self.metric, published=self.search_space.published_weights
        )
        self.dataset.check(batch_size=self.batch_size)

    @property
    def _columns(self) -> list[str]:
        """Columns of the table that are judged: the metrics, and what is made of their ranks."""
        return [*self.metric, *(self.aggregates or {})]

    def prepare(self) -> Prepared:
        """Reads the files and makes the draws: what a user may have got wrong fails here.

        Raises:
            ValueError: A file, the architectures or the batch size are not what they must be.
            FileNotFoundError: A file does not exist.
        """
        start = time.perf_counter()
        self.store.check()
        table = self.benchmark.load()
        sample_rng, *_ = self._generators()
        if self.search is not None:
            self.search.check(list(self.metric), has_table=table is not None)
        if table is not None:
            names = list(table.rows["architecture_id"])
            table = table.renamed(self.search_space.space.canonical_ids(names))
        ids = self.search_space.choose(
            sample_rng,
            auto=self.engine.auto_num_architectures,
            known=None if table is None else list(table.rows["architecture_id"]),
        )
        accuracies = None if table is None else table.lookup(ids)
        minibatch = self.dataset.draw(
            batch_size=self.batch_size, rng=np.random.default_rng(self.minibatch_seed)
        )
        return Prepared(
            ids=ids,
            minibatch=minibatch,
            table=table,
            accuracies=accuracies,
            seconds=time.perf_counter() - start,
        )

    def _generators(self) -> list[np.random.Generator]:
        """For the sample, the bootstrap, agreement, search, repeats and the weight rule."""
        return np.random.default_rng(self.seed).spawn(6)

    def run(
        self,
        prepared: Prepared,
        *,
        run_dir: Path,
        tracker: Tracker,
        run_facts: Mapping[str, Any],
        weight_rule: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Runs all stages, writes the run's files to `run_dir` and returns the summary.

        Args:
            prepared: What `prepare` gave.
            run_dir: An existing folder.
            tracker: Gets a copy of numbers, table and figures.
            run_facts: Provenance to put into the summary's `run` part.
            weight_rule: Record of the rule that chose the weights, where one did.
        """
        if self.weight_rule is not None:
            chosen, record = self._with_chosen_weights(self.weight_rule, prepared.minibatch)
            return chosen.run(
                prepared, run_dir=run_dir, tracker=tracker, run_facts=run_facts, weight_rule=record
            )
        start = time.perf_counter()
        self._announce(prepared.ids, prepared.minibatch)
        result = self._score(prepared.ids, prepared.minibatch)
        scoring_seconds = time.perf_counter() - start
        if len(prepared.ids) > _MANY:
            self.executor.release()
        frame = self._table(result, prepared)
        write_table(frame, run_dir / "scores.parquet")
        summary: dict[str, Any] = {
            "run": self._settings(prepared.minibatch, prepared.table) | dict(run_facts),
            "counts": counts(result, metrics=list(self.metric)),
            "timing": {
                "scoring_seconds": scoring_seconds,
                "total_seconds": prepared.seconds + scoring_seconds,
                "architectures_per_second": len(prepared.ids) / scoring_seconds,
                "processes": self.executor.num_processes,
            },
        }
        summary |= remarks(result, self.store)
        if weight_rule is not None:
            summary["weight_rule"] = dict(weight_rule)
        if result.interrupted:
            write_json(summary, run_dir / "summary.json")
            raise KeyboardInterrupt
        tables, figures = self._stages(frame, prepared, summary, run_dir)
        summary["timing"]["total_seconds"] = prepared.seconds + time.perf_counter() - start
        write_json(summary, run_dir / "summary.json")
        tracker.log_scalars(flatten(summary))
        for name, table in tables.items():
            tracker.log_table(name, table)
        tracker.log_figures(figures)
        return summary

    def _with_chosen_weights(
        self, rule: WeightRule, minibatch: Minibatch
    ) -> tuple["Pipeline", Mapping[str, Any]]:
        self._prepare_engine()
        *_, rng = self._generators()
        scoring = self._scoring(minibatch)
        found = apply_rule(rule, agreement=self.agreement, scoring=scoring, rng=rng)
        chosen = replace(self, metric=found.metrics, agreement=found.agreement, weight_rule=None)
        return chosen, found.record

    def _table(self, result: ScoringResult, prepared: Prepared) -> pd.DataFrame:
        frame = with_aggregates(result.frame, self.aggregates or {})
        frame = with_accuracies(frame, prepared.accuracies)
        keys = self.search_space.space.published_keys(prepared.ids)
        if keys is not None:
            frame.insert(1, "published_key", np.array(keys, dtype=object))
        return frame

    def _stages(
        self, frame: pd.DataFrame, prepared: Prepared, summary: dict[str, Any], run_dir: Path
    ) -> tuple[dict[str, pd.DataFrame], list[Path]]:
        """What follows scoring; adds to `summary`, gives tables by name, and figures."""
        _, bootstrap_rng, check_rng, search_rng, repeat_rng, _ = self._generators()
        table, tables = prepared.table, {"scores": frame}
        if table is not None:
            summary |= self._correlate(frame, table, bootstrap_rng)
        if self.agreement is not None:
            summary["agreement"] = self._compare(frame, prepared.minibatch, check_rng)
        if self.stability is not None:
            summary["stability"] = self._repeat(frame, prepared.minibatch, repeat_rng)
        figures: list[Path] = []
        if self.figures:
            figures += draw(
                frame,
                metrics=self._columns,
                table=table,
                summary=summary,
                folder=run_dir / "figures",
                title=f"{self.search_space.space.title}, {prepared.minibatch.description}",
            )
        if self.search is not None:
            found = self._search(frame, prepared, run_dir=run_dir, rng=search_rng)
            summary |= found.summary
            figures += found.figures
            tables["search_curves"] = found.tables["search_curves"]
        return tables, figures

    def _announce(self, ids: Sequence[str], minibatch: Minibatch) -> None:
        space = self.search_space.space
        logger.info(
            "%s: %s of %s architectures, %s, engine %s, %s process(es)",
            space.name, f"{len(ids):,}", f"{len(space.architecture_ids):,}",
            minibatch.description, self.engine.name, self.executor.num_processes,
        )  # fmt: skip

    def _scoring(self, minibatch: Minibatch) -> Scoring:
        return Scoring(
            space=self.search_space.space,
            metrics=self.metric,
            minibatch=minibatch,
            executor=self.executor,
            store=self.store,
        )

    def _score(self, ids: Sequence[str], minibatch: Minibatch) -> ScoringResult:
        console = self.console or Console(stderr=True)
        scoring = self._scoring(minibatch)
        self._prepare_engine()
        with progress(console, "reading architectures", len(ids)) as advance:
            descriptions = scoring.describe(ids, advance=advance)
        jobs = scoring.plan(ids, descriptions)
        with progress(console, "scoring", len(jobs)) as advance:
            result = scoring.score(ids, descriptions, advance=advance)
        if result.num_computed == 0 and result.num_from_store:
            logger.info("nothing had to be computed: all values were in the store")
        return result

    def _prepare_engine(self) -> None:
        start = time.perf_counter()
        self.engine.prepare()
        seconds = time.perf_counter() - start
        if seconds > _LONG_PREPARATION:
            logger.info("engine made ready in %.0f s; later runs find it so", seconds)

    def _settings(self, minibatch: Minibatch, table: AccuracyTable | None) -> dict[str, Any]:
        return {
            "search_space": self.search_space.space.name,
            "first": self.search_space.first,
            **about_minibatch(minibatch),
            **about_table(table),
            **about_metrics(self.metric),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "minibatch_seed": self.minibatch_seed,
            "engine": self.engine.name,
        }

    def _correlate(
        self, frame: pd.DataFrame, table: AccuracyTable, rng: np.random.Generator
    ) -> dict[str, Any]:
        statistics = summarise_metrics(
            frame,
            metrics=self._columns,
            target=table.target,
            higher_is_better=table.higher_is_better,
            rng=rng,
            num_resamples=self.bootstrap_resamples,
            paper_filter=self.search_space.paper_filter,
        )
        sentences = {
            name: diagnose(frame, statistics[name], metric=name, target=table.target)
            for name in self._columns
        }
        found = {"metrics": statistics, "diagnosis": sentences}
        if len(self._columns) > 1:
            found["comparison"] = compare_metrics(
                frame,
                metrics=self._columns,
                target=table.target,
                higher_is_better=table.higher_is_better,
                rng=rng.spawn(1)[0],
                num_resamples=self.bootstrap_resamples,
            )
        return found

    def _compare(
        self, frame: pd.DataFrame, minibatch: Minibatch, rng: np.random.Generator
    ) -> dict[str, Any]:
        assert self.agreement is not None
        found = self.agreement.measure(
            frame,
            space=self.search_space.space,
            minibatch=minibatch,
            executor=self.executor,
            store=self.store,
            rng=rng,
        )
        logger.info(
            "engine %s and engine %s: largest difference of epsilon %.2g over %s architectures",
            self.engine.name, found["engine"], found.get("largest_difference", np.nan),
            found["compared"],
        )  # fmt: skip
        return found

    def _repeat(
        self, frame: pd.DataFrame, minibatch: Minibatch, rng: np.random.Generator
    ) -> dict[str, Any]:
        assert self.stability is not None
        found = self.stability.measure(
            frame,
            scoring=self._scoring(minibatch),
            dataset=self.dataset,
            batch_size=self.batch_size,
            minibatch_seed=self.minibatch_seed,
            rng=rng,
        )
        for name, kinds in found.items():
            for what, numbers in kinds.items():
                logger.info(
                    "%s with another %s: ρ %.3f on average, at least %.3f, over %s architectures",
                    name, what, numbers["mean_rho"], numbers["least_rho"], numbers["n"],
                )  # fmt: skip
        return found

    def _search(
        self, frame: pd.DataFrame, prepared: Prepared, *, run_dir: Path, rng: np.random.Generator
    ) -> SearchOutcome:
        assert self.search is not None
        table = prepared.table
        return self.search.run(
            SearchInputs(
                space=self.search_space.space,
                accuracies=None if table is None else table.rows,
                higher_is_better=True if table is None else table.higher_is_better,
                label="" if table is None else table.label,
                scores=scores_of_run(
                    frame,
                    scoring=self._scoring(prepared.minibatch),
                    float32_only=self.search.float32_only,
                ),
                metrics=list(self.metric),
                scored=prepared.ids,
                title=f"{self.search_space.space.title}, {prepared.minibatch.description}",
            ),
            run_dir=run_dir,
            rng=rng,
            console=self.console,
            draws_figures=self.figures,
        )
