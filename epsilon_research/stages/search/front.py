"""The fronts that searches find, of what is reported against a cost, beside the true one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis.pareto import hypervolume, non_dominated
from epsilon_research.reporting import Table
from epsilon_research.reporting.numbers import percent
from epsilon_research.reporting.run import SearchVariant
from epsilon_research.search_methods import ScoreCache, mean_interval
from epsilon_research.stages.search.task import Task
from epsilon_research.stages.search.variant_runs import VariantRuns


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """Fronts of reported values against a cost that the searches of a run found.

    Args:
        cost: Name of the cost; less is better.
        reported: Name of what is reported.
        selected_on: What the searches chose their fronts by.
        reference: Cost and reported value that bound the hypervolume: the largest cost and the
            median value of all architectures.
        points: All architectures that a search may train and whose cost is known: columns
            `architecture_id`, `cost`, `reported` in its own unit, and `on_front`.
        found: What each search chose, by budget: columns `variant`, `repeat`, `budget`,
            `architecture_id`, `cost` and `reported`.
        shares: `hypervolume` of what each search chose, a share of the true front's, by `variant`,
            `repeat` and `budget`.
        by_cost: Variants that searched by the cost, too.
    """

    cost: str
    reported: str
    selected_on: str
    reference: tuple[float, float]
    points: pd.DataFrame
    found: pd.DataFrame
    shares: pd.DataFrame
    by_cost: Sequence[str]

    def describe(self, *, rng: np.random.Generator) -> dict[str, Any]:
        """Return the record: the true front, and by variant and budget the mean share of it.

        Args:
            rng: Source of the bootstrap behind the 95 % intervals of the means over repeats.
        """
        front = self.points.loc[self.points["on_front"]].sort_values("cost")
        variants: dict[str, dict[str, Any]] = {}
        for variant, budget, shares in self._groups():
            variants.setdefault(variant, {})[f"{budget}"] = {
                "hypervolume": float(shares.mean()),
                "hypervolume_interval": mean_interval(shares, rng=rng),
                "size": self._size(variant, budget),
            }
        return {
            "cost": self.cost,
            "reported": self.reported,
            "selected_on": self.selected_on,
            "reference": list(self.reference),
            "true_front": front[["architecture_id", "cost", "reported"]].to_dict("records"),
            "searched_by_cost": list(self.by_cost),
            "variants": variants,
        }

    def _groups(self) -> Iterator[tuple[str, int, Float[np.ndarray, " repeats"]]]:
        grouped = self.shares.groupby(["variant", "budget"], sort=False)["hypervolume"]
        for (variant, budget), shares in grouped:  # type: ignore[misc]  # a key of two parts
            yield str(variant), int(budget), shares.to_numpy()

    def _size(self, variant: str, budget: int) -> float:
        """Mean number of architectures that a search chose."""
        variants, budgets, repeats = (
            self.found[name].to_numpy() for name in ("variant", "budget", "repeat")
        )
        chosen = (variants == variant) & (budgets == budget)
        return float(chosen.sum() / np.unique(repeats).size)


def fronts_table(record: Mapping[str, Any], variants: Mapping[str, SearchVariant]) -> Table:
    """Return the table of hypervolumes.

    Args:
        record: What `Fronts.describe` returns.
        variants: Variants by their names in the record.
    """
    budgets = list(dict.fromkeys(b for found in record["variants"].values() for b in found))
    rows = []
    for variant, found in record["variants"].items():
        cells = [
            f"{percent(found[budget]['hypervolume'])}\n"
            f"[{', '.join(map(percent, found[budget]['hypervolume_interval']))}]"
            for budget in budgets
        ]
        by_cost = "yes" if variant in record["searched_by_cost"] else "no"
        rows.append([variants[variant].label, by_cost, *cells, f"{found[budgets[-1]]['size']:.1f}"])
    reported, cost = (record[name].replace("_", " ") for name in ("reported", "cost"))
    return Table(
        title=f"front of {reported} against {cost}",
        head=[
            "variant", "sees\nthe cost", *(f"hypervolume %\n{budget} models" for budget in budgets),
            "its\nsize",
        ],
        rows=rows,
        align="ll" + "r" * (len(budgets) + 1),
        note=(
            f"mean share of the true front's hypervolume (of {len(record['true_front'])} "
            f"architectures, up to {cost} {record['reference'][0]:.4g} and {reported} "
            f"{record['reference'][1]:.4g}), and its 95 % interval\n"
            f"fronts are chosen by {record['selected_on']}"
        ),
    )  # fmt: skip


def find_fronts(
    runs: Sequence[VariantRuns],
    task: Task,
    *,
    cost: str,
    costs: ScoreCache,
    budgets: Sequence[int],
) -> Fronts:
    """Return what searches found of a front.

    Each search chooses among what it has trained within a budget by what its protocol selects by;
    what that is worth is judged by what is reported.

    Args:
        runs: The searches of all variants.
        task: A task with known architectures.
        cost: Name of the cost.
        costs: Its values on demand, NaN where unknown.
        budgets: Trained models; those above the budget of the searches are left out, and if none
            is left, that budget is taken.

    Raises:
        ValueError: The cost of no architecture is known.
    """
    assert task.known is not None  # `SearchStage.check` has refused the rest
    sign = 1.0 if task.higher_is_better else -1.0
    points = _points(list(task.known), task, costs=costs)
    if points.empty:
        raise ValueError(
            f"search.front must be a cost that is known of some feasible architecture, got {cost}, "
            f"which none of {len(task.known):,} has: choose another"
        )
    losses = _losses(points, sign)
    on_front = non_dominated(losses)
    reference = np.array([losses[:, 0].max(), np.median(losses[:, 1])])
    whole = hypervolume(losses[on_front], reference)
    within = [b for b in budgets if b <= task.budget] or [task.budget]
    found, shares = [], []
    for one in runs:
        for repeat, trajectory in enumerate(one.trajectories):
            for budget in within:
                trained = trajectory.trained[:budget]
                chosen = _points([trial.architecture_id for trial in trained], task, costs=costs)
                fitness = {trial.architecture_id: trial.fitness for trial in trained}
                judged = task.protocol.judged(
                    np.array([fitness[id_] for id_ in chosen["architecture_id"]]),
                    sign * chosen["reported"].to_numpy(),
                )
                best = non_dominated(np.stack([chosen["cost"].to_numpy(), -judged], axis=1))
                chosen = chosen.loc[best]
                of = {"variant": one.variant.name, "repeat": repeat, "budget": budget}
                found.append(chosen.assign(**of))
                share = hypervolume(_losses(chosen, sign), reference) / whole
                shares.append({**of, "hypervolume": share})
    return Fronts(
        cost=cost,
        reported=task.reported,
        selected_on=task.selected_on,
        reference=(float(reference[0]), float(-sign * reference[1])),
        points=points.assign(on_front=on_front),
        found=pd.concat(found, ignore_index=True),
        shares=pd.DataFrame(shares),
        by_cost=[one.variant.name for one in runs if one.variant.method.uses_cost],
    )


def _points(ids: Sequence[str], task: Task, *, costs: ScoreCache) -> pd.DataFrame:
    """Distinct architectures with a known cost."""
    distinct = list(dict.fromkeys(ids))
    frame = pd.DataFrame(
        {
            "architecture_id": distinct,
            "cost": costs(distinct),
            "reported": np.array([task.report(id_) for id_ in distinct], dtype=np.float64),
        }
    )
    return frame.dropna().reset_index(drop=True)


def _losses(points: pd.DataFrame, sign: float) -> Float[np.ndarray, "rows 2"]:
    """Cost and reported value, lower is better."""
    return np.stack([points["cost"].to_numpy(), -sign * points["reported"].to_numpy()], axis=1)
