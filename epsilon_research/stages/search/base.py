"""What all search stages share: would a search have been faster when it is started by scores?"""

import logging
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from epsilon_research.benchmarks.hardware_costs import DATASETS
from epsilon_research.checks import check_choice, check_integer, check_number
from epsilon_research.plotting import RunFigures
from epsilon_research.progress import progress
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.reporting.typed_json import read_record
from epsilon_research.search_methods import (
    PROTOCOLS,
    ScoreCache,
    SearchMethod,
    select_one,
)
from epsilon_research.stages.base import Context, Outcome, Prepared, Stage
from epsilon_research.stages.search.front import find_fronts, fronts_table
from epsilon_research.stages.search.on_demand import (
    NUM_PARAMETERS,
    Constraints,
    check_costs,
    cost_label,
    costs_of_run,
    scores_of_run,
)
from epsilon_research.stages.search.task import (
    Goal,
    Objective,
    SearchInputs,
    Task,
    objective_goal,
    table_goal,
)
from epsilon_research.stages.search.variants import (
    best_found,
    curves_frame,
    describe_variants,
    make_variants,
    run_variant,
    trials_frame,
)

AUTO = "auto"

logger = logging.getLogger(__name__)


def named_metrics(
    setting: str, wanted: str | Sequence[str], metrics: Sequence[str], known: Collection[str]
) -> list[str]:
    """Return the metrics that a setting names: one, several, or "auto" for those of the run.

    Raises:
        ValueError: A metric is not among the `known` ones.
    """
    if wanted == AUTO:
        return list(metrics)
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in known:
            raise ValueError(
                f"{setting} must be among {', '.join(dict.fromkeys(known))}, got {name}: run that "
                "metric too (metric=[...]; metric=column reads scores from a file)"
            )
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStage(Stage):
    """Searches with and without scores, many times, on results that are known already.

    The fields are the settings that all algorithms share, beside which final classes have an
    algorithm's own, so that a command line reads `search.budget=100 search.population_size=32`. The
    files of `conf/search/` say what each is for.

    Warm-up pools are drawn from the architectures that the run has scored: a pool per repeat, and
    no score beyond the run's. If the run has scored the whole space, that is the published
    protocol; if it has scored no more than `warmup_pool`, all repeats share one pool.

    What exceeds a limit of `constraints`, or has no known cost, is infeasible: never trained, in no
    pool, and no part of the budget. Values of an `objective` are kept, so that each architecture is
    evaluated once in the whole run. `protocol` is one of `search_methods.protocols`, not of rows.
    """

    budget: int = 300
    repeats: int = 100
    warmup_pool: int = 3000
    warmup_metric: str | Sequence[str] = AUTO
    protocol: str = "sound"
    constraints: Mapping[str, float] | None = None
    front: str | None = None
    front_budgets: Sequence[int] = (100, 300)
    hardware_dataset: str = "cifar10"
    objective: Objective | None = None
    targets: Sequence[float] = ()
    sample_sizes: Sequence[int] = (10, 100, 1000)
    selection_runs: int = 500

    def __post_init__(self) -> None:
        for name, example in (("budget", 300), ("repeats", 100), ("selection_runs", 500)):
            check_integer(f"search.{name}", getattr(self, name), at_least=1, example=example)
        check_integer("search.warmup_pool", self.warmup_pool, at_least=0, example=3000)
        for name in ("sample_sizes", "front_budgets"):
            for size in getattr(self, name):
                check_integer(f"search.{name}", size, at_least=1, example=100)
        check_choice("search.protocol", self.protocol, PROTOCOLS)
        check_choice("search.hardware_dataset", self.hardware_dataset, DATASETS)
        for name, limit in (self.constraints or {}).items():
            check_number(f"search.constraints.{name}", limit, above=0, example=10)
        if self.objective is not None and not callable(self.objective):
            raise ValueError(
                "search.objective must be something that can be called with an architecture id, "
                f"got {self.objective!r}: name a class that has __call__, or pass null"
            )
        self.methods()

    @abstractmethod
    def methods(self) -> list[SearchMethod]:
        """Return the algorithms with their settings, the one to compare the others with first."""

    def proxies_of(self, metrics: Sequence[str], known: Collection[str]) -> list[str]:
        """Return the metrics whose scores are features of a predictor, see `named_metrics`."""
        return []

    def check(self, prepared: Prepared) -> None:
        """Refuse a run without anything to search by, or without a metric or cost that is named."""
        space, metrics = prepared.scoring.space, list(prepared.scoring.metrics)
        check_costs("search.constraints", list(self.constraints or ()), space)
        check_costs("search.front", [self.front] if self.front else [], space)
        if self.objective is None and prepared.table is None:
            raise ValueError(
                "search must have accuracies or an objective to search by, got neither: pass a "
                "benchmark, or search.objective"
            )
        if self.front and (self.objective is not None or prepared.table is None):
            raise ValueError(
                f"search.front={self.front} must have a table of accuracies, whose front is the "
                "true one, got an objective or no benchmark: pass a benchmark, or search.front=null"
            )
        known = [*metrics, NUM_PARAMETERS]
        named_metrics("search.warmup_metric", self.warmup_metric, metrics, known)
        self.proxies_of(metrics, known)

    def run(self, context: Context) -> Outcome:
        """Return the parts `search` (one entry per variant) and `selection` (per sample size)."""
        scoring, frame = context.prepared.scoring, context.frame
        only = PROTOCOLS[self.protocol].float32_only
        inputs = SearchInputs(
            space=scoring.space,
            table=context.prepared.table,
            scores=scores_of_run(frame, scoring=scoring, float32_only=only),
            metrics=list(scoring.metrics),
            scored=context.prepared.ids,
            costs=costs_of_run(frame, scoring=scoring, dataset=self.hardware_dataset),
        )
        return self.search(
            inputs, rng=context.rng("search"), console=context.console, figures=context.figures
        )

    def search(
        self,
        inputs: SearchInputs,
        *,
        rng: np.random.Generator,
        console: Console | None = None,
        figures: RunFigures | None = None,
    ) -> Outcome:
        """Run all variants, and return the record, the tables and the figures.

        The frames are `search_curves`, `search_trials` and, with a front, `search_fronts`.

        Args:
            inputs: What the run has scored, and what is known of its space.
            rng: The one source of randomness: seeds of repeats, samples, bootstrap.
            console: Where progress is shown; standard error by default.
            figures: Draws the figures; None: none are drawn.
        """
        scores, metrics = inputs.scores, inputs.metrics
        names = named_metrics("search.warmup_metric", self.warmup_metric, metrics, scores)
        variants = make_variants(
            self.methods(),
            metrics=names,
            has_warmup=self.warmup_pool > 0,
            proxies=self.proxies_of(metrics, scores),
        )
        search_rng, selection_rng, bootstrap_rng, front_rng = rng.spawn(4)
        accuracies = None if inputs.table is None else table_goal(inputs.table)
        task = self._task(inputs, accuracies, seed=int(search_rng.integers(2**63)))
        shown = console or Console(stderr=True)
        with progress(shown, "searching", len(variants) * self.repeats) as advance:
            found = [run_variant(one, task, scores=scores, advance=advance) for one in variants]
        entries = describe_variants(found, task, targets=self.targets, rng=bootstrap_rng)
        summary: dict[str, Any] = {"search": entries, "selection": {}}
        if accuracies is not None and names:
            chosen = {name: scores[name] for name in names}
            summary["selection"] = self._select(task, accuracies, chosen, rng=selection_rng)
        limited = [*task.constraints.limits, *([] if self.front is None else [self.front])]
        costs = {name: inputs.costs[name] for name in limited}
        frames = {"search_curves": curves_frame(found), "search_trials": trials_frame(found)}
        tables = [best_found(frames["search_trials"], task.goal, scores={**scores, **costs})]
        label = task.goal.label
        records = {name: read_record(SearchVariant, one) for name, one in entries.items()}
        paths = figures.save_searches(list(records.values()), label=label) if figures else []
        if self.front is not None:
            fronts = find_fronts(
                found, task, cost=self.front, costs=costs[self.front], budgets=self.front_budgets,
                rng=front_rng,
            )  # fmt: skip
            summary["search_front"] = fronts.record
            tables.append(fronts_table(fronts.record, records))
            frames["search_fronts"] = fronts.found
            if figures:
                paths += figures.save_fronts(
                    variants=records,
                    points=fronts.points,
                    found=fronts.found,
                    worst=fronts.record["reference"][1],
                    cost_label=cost_label(self.front),
                    label=label,
                )
        return Outcome(summary=summary, tables=tables, frames=frames, figures=paths)

    def _task(self, inputs: SearchInputs, accuracies: Goal | None, *, seed: int) -> Task:
        """Search by the objective if there is one, else by the table."""
        constraints = Constraints(limits=self.constraints or {}, costs=inputs.costs)
        known, universe = None, list(inputs.scored)
        if self.objective is not None:
            goal = objective_goal(self.objective)
        else:
            assert accuracies is not None  # `check` has refused the rest
            goal = accuracies
            rated = dict.fromkeys(goal.rows.index)
            known = constraints.among(list(rated), what="architectures with an accuracy")
            universe = [id_ for id_ in universe if id_ in rated]
            if not universe:
                raise ValueError(
                    "search must have some scored architecture with a known accuracy, got none "
                    f"among {len(inputs.scored)}: score others, or pass another benchmark"
                )
            if self.constraints:
                limits = (f"{name} ≤ {limit:g}" for name, limit in self.constraints.items())
                logger.info(
                    "search: %s of %s architectures are feasible (%s)",
                    f"{len(known):,}", f"{len(rated):,}", ", ".join(limits),
                )  # fmt: skip
        universe = constraints.among(universe, what="scored architectures")
        if 0 < len(universe) <= self.warmup_pool:
            logger.info(
                "search: warm-up pools are all %s scored architectures, the same in each repeat",
                f"{len(universe):,}",
            )
        return Task(
            space=inputs.space,
            goal=goal,
            known=known,
            constraints=constraints,
            cost=None if self.front is None else inputs.costs[self.front],
            protocol=PROTOCOLS[self.protocol],
            universe=universe,
            pool_size=min(self.warmup_pool, len(universe)),
            budget=self.budget,
            repeats=self.repeats,
            seed=seed,
        )

    def _select(
        self,
        task: Task,
        accuracies: Goal,
        scores: Mapping[str, ScoreCache],
        *,
        rng: np.random.Generator,
    ) -> dict[str, Any]:
        """Choose one architecture without training, see `select_one`."""
        ids = [id_ for id_ in task.universe if id_ in accuracies.rows.index]
        rows = accuracies.rows.loc[ids]
        return select_one(
            {name: task.protocol.rank(score(ids)) for name, score in scores.items()},
            {str(name): rows[name].to_numpy() for name in rows},
            judged_by=accuracies.reported,
            higher_is_better=accuracies.higher_is_better,
            sample_sizes=self.sample_sizes,
            num_runs=self.selection_runs,
            rng=rng,
        )
