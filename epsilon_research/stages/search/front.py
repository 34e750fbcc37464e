"""The fronts that searches find, of what is reported against a cost, beside the true one."""

from collections.abc import Mapping, Sequence
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
from epsilon_research.stages.search.variants import VariantRuns


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """Fronts of reported values against a cost that the searches of a run found.

    Args:
        points: All architectures that a search may train and whose cost is known: columns
            `architecture_id`, `cost`, `reported` in its own unit, and `on_front`.
        found: What each search chose, by budget: columns `variant`, `repeat`, `budget`,
            `architecture_id`, `cost` and `reported`.
        record: The true front, and by variant and budget the mean share of its hypervolume, with a
            95 % interval over repeats, and the mean number of architectures chosen. `reference`,
            the largest cost and the median value of `points`, bounds the hypervolumes.
    """

    points: pd.DataFrame
    found: pd.DataFrame
    record: Mapping[str, Any]


def find_fronts(
    runs: Sequence[VariantRuns],
    task: Task,
    *,
    cost: str,
    costs: ScoreCache,
    budgets: Sequence[int],
    rng: np.random.Generator,
) -> Fronts:
    """Return what searches found of a front.

    Each search chooses among what it has trained within a budget by what its protocol selects by;
    what that is worth is judged by what is reported. Budgets above that of the searches are left
    out, and if none is left, theirs is taken.
    """
    assert task.known is not None  # `SearchStage.check` has refused the rest
    goal = task.goal
    points = _points(task.known, task, costs=costs)
    if points.empty:
        raise ValueError(
            f"search.front must be a cost that is known of some feasible architecture, got {cost}, "
            f"which none of {len(task.known):,} has: choose another"
        )
    losses = _losses(points, goal.sign)
    points["on_front"] = non_dominated(losses)
    front = points.loc[points["on_front"]].sort_values("cost")
    reference = np.array([losses[:, 0].max(), np.median(losses[:, 1])])
    whole = hypervolume(_losses(front, goal.sign), reference)
    found, shares = [], []
    for one in runs:
        for repeat, trajectory in enumerate(one.trajectories):
            for budget in [b for b in budgets if b <= task.budget] or [task.budget]:
                trained = {
                    trial.architecture_id: trial.fitness for trial in trajectory.trained[:budget]
                }
                chosen = _points(list(trained), task, costs=costs)
                judged = task.protocol.judged(
                    np.array([trained[id_] for id_ in chosen["architecture_id"]]),
                    goal.sign * chosen["reported"].to_numpy(),
                )
                best = non_dominated(np.stack([chosen["cost"].to_numpy(), -judged], axis=1))
                chosen = chosen.loc[best]
                of = {"variant": one.variant.name, "repeat": repeat, "budget": budget}
                found.append(chosen.assign(**of))
                share = hypervolume(_losses(chosen, goal.sign), reference) / whole
                shares.append({**of, "hypervolume": share, "size": len(chosen)})
    record = {
        "cost": cost,
        "reported": goal.reported,
        "selected_on": goal.selected_on,
        "reference": [float(reference[0]), float(-goal.sign * reference[1])],
        "true_front": front[["architecture_id", "cost", "reported"]].to_dict("records"),
        "searched_by_cost": [one.variant.name for one in runs if one.variant.method.uses_cost],
        "variants": _by_variant(pd.DataFrame(shares), rng=rng),
    }
    return Fronts(points=points, found=pd.concat(found, ignore_index=True), record=record)


def _points(ids: Sequence[str], task: Task, *, costs: ScoreCache) -> pd.DataFrame:
    """Return those of some distinct architectures that have a known cost."""
    reported = np.array([task.goal.report(id_) for id_ in ids], dtype=np.float64)
    frame = pd.DataFrame({"architecture_id": ids, "cost": costs(ids), "reported": reported})
    return frame.dropna().reset_index(drop=True)


def _losses(points: pd.DataFrame, sign: float) -> Float[np.ndarray, "rows 2"]:
    """Cost and reported value, lower is better."""
    return np.stack([points["cost"].to_numpy(), -sign * points["reported"].to_numpy()], axis=1)


def _by_variant(shares: pd.DataFrame, *, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    variants: dict[str, dict[str, Any]] = {}
    for key, searches in shares.groupby(["variant", "budget"], sort=False):
        variant, budget = map(str, key)  # type: ignore[arg-type]  # a key of two parts
        volumes = searches["hypervolume"].to_numpy()
        variants.setdefault(variant, {})[budget] = {
            "hypervolume": float(volumes.mean()),
            "hypervolume_interval": mean_interval(volumes, rng=rng),
            "size": float(searches["size"].to_numpy().mean()),
        }
    return variants


def fronts_table(record: Mapping[str, Any], variants: Mapping[str, SearchVariant]) -> Table:
    """Return the table of hypervolumes of `Fronts.record`, whose variants are given by name."""
    budgets = list(next(iter(record["variants"].values())))
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
    heads = [f"hypervolume %\n{budget} models" for budget in budgets]
    return Table(
        title=f"front of {reported} against {cost}",
        head=["variant", "sees\nthe cost", *heads, "its\nsize"],
        rows=rows,
        align="ll" + "r" * (len(budgets) + 1),
        note=(
            f"mean share of the true front's hypervolume (of {len(record['true_front'])} "
            f"architectures, up to {cost} {record['reference'][0]:.4g} and {reported} "
            f"{record['reference'][1]:.4g}), and its 95 % interval\n"
            f"fronts are chosen by {record['selected_on']}"
        ),
    )
