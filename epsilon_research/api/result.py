"""What a search found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from epsilon_research.analysis.pareto import non_dominated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PARAMETER = "params_"
"""Prefix of the columns of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The networks that a search scored, and the best of them.

    Args:
        trials: One row per trial, in order: `architecture_id` (the parameters in their canonical
            form), `feasible` (whether no constraint excludes it), each cost and objective by name
            with `<name>_failure` (why it is NaN, or None), and `params_<name>` of each parameter.
        objectives: {objective: "maximize" or "minimize"}.
        constraints: {cost: the most that it may be}.
    """

    trials: pd.DataFrame
    objectives: Mapping[str, str]
    constraints: Mapping[str, float]

    @property
    def ranked(self) -> pd.DataFrame:
        """Distinct feasible networks with all objectives, the best in the first objective first."""
        first, direction = next(iter(self.objectives.items()))
        scored = self.trials[list(self.objectives)].notna().to_numpy().all(axis=1)
        chosen = scored & self.trials["feasible"].to_numpy(dtype=bool)
        frame = self.trials.loc[chosen].drop_duplicates(subset=["architecture_id"])
        # Stable, so that of equal ones the first that was found comes first.
        ascending = direction == "minimize"
        return frame.sort_values(first, ascending=ascending, kind="stable", ignore_index=True)

    @property
    def pareto(self) -> pd.DataFrame:
        """The networks of `ranked` that none beats in every objective and constrained cost."""
        frame = self.ranked
        signs = {name: 1.0 if way == "minimize" else -1.0 for name, way in self.objectives.items()}
        signs = dict.fromkeys(self.constraints, 1.0) | signs
        criteria = frame[list(signs)].to_numpy(dtype=np.float64) * np.array(list(signs.values()))
        return frame.loc[non_dominated(criteria)].reset_index(drop=True)

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters of the first network of `ranked`, of which there must be one."""
        frame = self.ranked
        if frame.empty:
            feasible = np.count_nonzero(self.trials["feasible"])
            raise ValueError(
                "a search must find a feasible network with a score, got "
                f"{feasible} feasible ones of {len(self.trials)}: relax the constraints, or see "
                "the reasons in trials"
            )
        from epsilon_research.spaces.trials import read

        return read(str(frame.loc[0, "architecture_id"]))

    def plot(self) -> "Figure":
        """Return a figure: the first objective against each constrained cost, with the front."""
        from epsilon_research.plotting.searches import search_front

        name = next(iter(self.objectives))
        return search_front(
            self.trials, front=self.pareto, objective=name, limits=dict(self.constraints)
        )
