"""The search stage: what would a search have found, alone and started by scores?"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from epsilon_research.progress import progress
from epsilon_research.search import (
    PROTOCOLS,
    AgeingEvolution,
    RandomSearch,
    ScoreCache,
    SearchMethod,
    draw_pool,
    read_score_file,
    select_one,
)
from epsilon_research.stages.search.inputs import (
    Results,
    Scores,
    SearchInputs,
    SearchOutcome,
    read_results,
    stored_scores,
)
from epsilon_research.stages.search.record import curves_table, describe_variants
from epsilon_research.stages.search.repeats import Repeats, Task, run_repeats
from epsilon_research.stages.search.variants import Variant, make_variants
from epsilon_research.tracking import write_table

logger = logging.getLogger(__name__)

AUTO = "auto"

Objective = Callable[[str], float]
"""A user's own fitness of an architecture id, higher is better, NaN where it has none."""

_WHOLE_NUMBERS = (
    ("budget", 1, 300),
    ("repeats", 1, 100),
    ("warmup_pool", 0, 3000),
    ("selection_runs", 1, 500),
)
"""Settings with their smallest value and an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStage(ABC):
    """Searches with and without scores, many times, on results that are known already.

    The fields are the settings that all algorithms share. They stand here, and an algorithm's own
    ones in the final classes below, so that a command line reads `search.budget=100
    search.population_size=32`, without a word for which part of the stage a setting goes to.

    Warm-up pools are drawn from the architectures that the run has scored: a pool per repeat, and
    no score beyond the run's. If the run has scored the whole space, that is the published
    protocol; if it has scored no more than `warmup_pool`, all repeats share one pool.

    Args:
        budget: Trained models per search.
        repeats: Searches per variant; repeat i of all variants has the same seeds.
        warmup_pool: Architectures scored before the search starts from the best of them; 0: none.
        warmup_metric: What ranks the pool: a metric of the run, `num_parameters`, a column of
            `score_file`, a list of such (one variant each), or "auto" (every metric of the run).
        protocol: "sound" or "published" (see `epsilon_research.search.protocols`).
        score_file: A table with an `architecture_id` and columns of scores, or None.
        objective: Fitness of an architecture id, instead of a table's; or None. Its values are
            kept, so that each architecture is evaluated once in the whole run.
        targets: Accuracies (fractions, or losses) whose cost in trained models is told, besides
            what the first variant reaches at the end.
        sample_sizes: Of the choice of one architecture without training.
        selection_runs: Samples of each size.
    """

    budget: int = 300
    repeats: int = 100
    warmup_pool: int = 3000
    warmup_metric: str | Sequence[str] = AUTO
    protocol: str = "sound"
    score_file: str | None = None
    objective: Objective | None = None
    targets: Sequence[float] = ()
    sample_sizes: Sequence[int] = (10, 100, 1000)
    selection_runs: int = 500

    def __post_init__(self) -> None:
        for name, least, example in _WHOLE_NUMBERS:
            value = getattr(self, name)
            if not _is_whole(value, least):
                raise ValueError(
                    f"search.{name} must be a whole number of {least} or more, got {value!r}: "
                    f"pass e.g. search.{name}={example}"
                )
        if self.protocol not in PROTOCOLS:
            raise ValueError(
                f"search.protocol must be one of {', '.join(PROTOCOLS)}, got {self.protocol!r}: "
                "choose one of them"
            )
        if self.objective is not None and not callable(self.objective):
            raise ValueError(
                "search.objective must be something that can be called with an architecture id, "
                f"got {self.objective!r}: name a class that has __call__, or pass null"
            )
        if not all(_is_whole(size, 1) for size in self.sample_sizes):
            raise ValueError(
                "search.sample_sizes must be whole numbers of 1 or more, got "
                f"{list(self.sample_sizes)}: pass e.g. search.sample_sizes=[10,100]"
            )
        self.methods()

    @property
    def float32_only(self) -> bool:
        """Whether the protocol knows only scores that the published float32 code has."""
        return PROTOCOLS[self.protocol].float32_only

    @abstractmethod
    def methods(self) -> list[SearchMethod]:
        """The algorithms with their settings, the one that the others are compared with first."""

    def check(self, metrics: Sequence[str], *, has_table: bool) -> None:
        """Fails before any work where a search cannot follow it.

        Args:
            metrics: Those of the run.
            has_table: Whether there are accuracies.

        Raises:
            ValueError: There is nothing to search by, or a metric does not exist.
            FileNotFoundError: `score_file` does not exist.
        """
        if self.objective is None and not has_table:
            raise ValueError(
                "search must have accuracies or an objective to search by, got neither: pass a "
                "benchmark, or search.objective"
            )
        self._check_metrics(metrics, [*metrics, "num_parameters", *self._file()])

    def run(
        self,
        inputs: SearchInputs,
        *,
        run_dir: Path,
        rng: np.random.Generator,
        console: Console | None = None,
        draws_figures: bool = True,
    ) -> SearchOutcome:
        """Runs all variants, writes tables and figure, and returns the record.

        Args:
            inputs: See there.
            run_dir: An existing folder.
            rng: The one source of randomness: seeds of repeats, samples, bootstrap.
            console: Where progress is shown.
            draws_figures: False to leave the figure out.

        Raises:
            ValueError: As for `check`, or the table knows none of the scored architectures.
        """
        scores = self._scores(inputs)
        names = self._check_metrics(inputs.metrics, list(scores))
        variants = make_variants(self.methods(), metrics=names, has_warmup=self.warmup_pool > 0)
        results = None
        if inputs.accuracies is not None:
            results = read_results(inputs.accuracies, higher_is_better=inputs.higher_is_better)
        search_rng, selection_rng, bootstrap_rng = rng.spawn(3)
        task = self._task(inputs, results, search_rng)
        found = self._search(variants, task, scores=scores, console=console)
        summary = {
            "search": describe_variants(
                found,
                task,
                **self._words(results),
                targets=self.targets,
                rng=bootstrap_rng,
            ),
            "selection": self._select(task, results, names, scores=scores, rng=selection_rng),
        }
        tables = {
            "search_curves": curves_table(found),
            "search_trials": pd.concat([part.trials() for part in found], ignore_index=True),
        }
        for name, table in tables.items():
            write_table(table, run_dir / f"{name}.parquet")
        figures: list[Path] = []
        if draws_figures:
            figures = self._plot(summary["search"], inputs, folder=run_dir / "figures")
        return SearchOutcome(summary=summary, tables=tables, figures=figures)

    def _words(self, results: Results | None) -> dict[str, str]:
        """What selects and what is reported, for the record."""
        if self.objective is not None or results is None:
            return {"selected_on": "objective", "reported": "objective"}
        return {"selected_on": results.selected_on, "reported": results.reported}

    def _file(self) -> list[str]:
        if self.score_file is None:
            return []
        return [str(name) for name in read_score_file(Path(self.score_file)).columns]

    def _scores(self, inputs: SearchInputs) -> dict[str, ScoreCache]:
        found: dict[str, Scores] = dict(inputs.scores)
        if self.score_file is not None:
            scores = read_score_file(Path(self.score_file), float32_only=self.float32_only)
            ids = inputs.space.canonical_ids(list(scores.index))
            for name in scores.columns:
                found[str(name)] = stored_scores(ids, scores[name].to_numpy())
        return {name: ScoreCache(compute) for name, compute in found.items()}

    def _check_metrics(self, metrics: Sequence[str], known: Collection[str]) -> list[str]:
        wanted = self.warmup_metric
        if wanted == AUTO:
            return list(metrics)
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        for name in names:
            if name not in known:
                raise ValueError(
                    f"search.warmup_metric must be among {', '.join(dict.fromkeys(known))}, got "
                    f"{name}: run that metric too (metric=[...]), or bring search.score_file"
                )
        return names

    def _task(
        self, inputs: SearchInputs, results: Results | None, rng: np.random.Generator
    ) -> Task:
        protocol = PROTOCOLS[self.protocol]
        if self.objective is not None:
            evaluate = report = _Memory(self.objective)
            known = None
        else:
            assert results is not None  # `check` has refused the rest
            evaluate, report = results.fitness().__getitem__, results.report().__getitem__
            known = list(results.rows.index)
        universe = self._universe(inputs, known, rng)
        if 0 < len(universe) <= self.warmup_pool:
            logger.info(
                "search: warm-up pools are all %s scored architectures, the same in each repeat",
                f"{len(universe):,}",
            )
        return Task(
            space=inputs.space,
            known=known,
            evaluate=evaluate,
            report=report,
            higher_is_better=True if self.objective is not None else inputs.higher_is_better,
            protocol=protocol,
            universe=universe,
            pool_size=min(self.warmup_pool, len(universe)),
            budget=self.budget,
            repeats=self.repeats,
            seed=int(rng.integers(2**63)),
        )

    def _universe(
        self, inputs: SearchInputs, known: Sequence[str] | None, rng: np.random.Generator
    ) -> list[str]:
        if inputs.scored is None:
            ids = inputs.space.architecture_ids if known is None else known
            return draw_pool(ids, size=self.warmup_pool, with_replacement=False, rng=rng)
        if known is None:
            return list(inputs.scored)
        members = set(known)
        universe = [id_ for id_ in inputs.scored if id_ in members]
        if not universe:
            raise ValueError(
                "search must have some scored architecture with a known accuracy, got none among "
                f"{len(inputs.scored)}: score others, or pass another benchmark"
            )
        return universe

    def _search(
        self,
        variants: Sequence[Variant],
        task: Task,
        *,
        scores: Mapping[str, ScoreCache],
        console: Console | None,
    ) -> list[Repeats]:
        shown = console or Console(stderr=True)
        with progress(shown, "searching", len(variants) * self.repeats) as advance:
            return [
                run_repeats(variant, task, scores=scores, advance=advance) for variant in variants
            ]

    def _select(
        self,
        task: Task,
        results: Results | None,
        metrics: Sequence[str],
        *,
        scores: Mapping[str, ScoreCache],
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        if results is None or not metrics:
            return {}
        ids = [id_ for id_ in task.universe if id_ in results.rows.index]
        rows = results.rows.loc[ids]
        return select_one(
            {name: task.protocol.rank(scores[name](ids)) for name in metrics},
            {str(name): rows[name].to_numpy() for name in rows},
            judged_by=results.reported,
            higher_is_better=results.higher_is_better,
            sample_sizes=self.sample_sizes,
            num_runs=self.selection_runs,
            rng=rng,
        )

    def _plot(
        self, entries: Mapping[str, Any], inputs: SearchInputs, *, folder: Path
    ) -> list[Path]:
        # Matplotlib takes half a second to import: only when there is something to draw.
        from epsilon_research.plotting.search_curves import save_search_curves

        return save_search_curves(
            entries,
            folder=folder,
            title=inputs.title,
            label="objective" if self.objective is not None else inputs.label,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSearchStage(SearchStage):
    """Random search, alone and going through a pool from the best-scored down."""

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        return [RandomSearch()]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingEvolutionStage(SearchStage):
    """Ageing evolution, alone, with warm-ups and with moves by score.

    Args:
        population_size: See `AgeingEvolution`.
        tournament_size: See `AgeingEvolution`.
        move: One of its moves, or a list of them, which adds variants: the moves by score with and
            without a warm-up.
        num_children: See `AgeingEvolution`.
        random_search: Whether random search, alone and with the same warm-ups, is run beside it.
    """

    population_size: int = 64
    tournament_size: int = 10
    move: str | Sequence[str] = "fitness"
    num_children: int = 10
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`; evolution alone is always among them."""
        moves = [self.move] if isinstance(self.move, str) else list(self.move)
        evolutions: list[SearchMethod] = [
            AgeingEvolution(
                population_size=self.population_size,
                tournament_size=self.tournament_size,
                move=move,
                num_children=self.num_children,
            )
            for move in dict.fromkeys(["fitness", *moves])
        ]
        return evolutions + ([RandomSearch()] if self.random_search else [])


class _Memory:
    """An objective that evaluates each architecture once."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._known: dict[str, float] = {}

    def __call__(self, architecture_id: str) -> float:
        if architecture_id not in self._known:
            self._known[architecture_id] = float(self._objective(architecture_id))
        return self._known[architecture_id]


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
