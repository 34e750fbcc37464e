"""The correlation that is left among architectures which are alike in some respect.

A metric that only counts convolutions correlates with accuracy, too. Among architectures with
equally many convolutions it has nothing left to say.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from epsilon_research.analysis.correlation import spearman_rho
from epsilon_research.analysis.ranked_rows import check_rows

MIN_GROUP = 10
"""Smallest group: smaller ones say little, and Fisher's transform is not yet normal there."""

_NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedCorrelation:
    """Spearman's ρ within groups, and all of them pooled.

    Attributes:
        rho: The pooled ρ; NaN without a group in which ρ is defined.
        interval: Its 95 % interval, [low, high].
        num_rows: Rows in the groups that were pooled.
        groups: {value of the covariate: (rows, ρ)} of all groups, ascending; ρ is NaN in groups
            that are not pooled: fewer than `MIN_GROUP` rows, or one side constant.
    """

    rho: float
    interval: tuple[float, float]
    num_rows: int
    groups: dict[float, tuple[int, float]]

    @property
    def num_groups(self) -> int:
        """Number of groups that were pooled."""
        return sum(bool(np.isfinite(rho)) for _, rho in self.groups.values())


def rho_within_groups(
    scores: Float[np.ndarray, " rows"],
    accuracies: Float[np.ndarray, " rows"],
    *,
    covariate: Float[np.ndarray, " rows"],
) -> GroupedCorrelation:
    """Spearman's ρ among rows with equal covariate, pooled over its values.

    With ρ_g and n_g rows in group g:

        ρ = tanh(Σ (n_g − 3) · artanh ρ_g / Σ (n_g − 3))

    and its interval is ± 1.96 · √((1 + ρ² / 2) / Σ (n_g − 3)) on the scale of artanh. In this
    average a perfect ρ_g counts as the next smaller one, 1 − 12 / (n_g³ − n_g), because artanh 1 is
    infinite.

    Args:
        scores: Values of a metric, finite.
        accuracies: Accuracies of the same rows, finite, higher is better.
        covariate: What is held constant, e.g. the number of convolutions, finite.

    Raises:
        ValueError: The arrays differ in length or hold a value that is not finite.

    References:
        Fisher, "Statistical Methods for Research Workers", 1925, section 35; variance for ranks:
        Bonett and Wright, Psychometrika 65, 2000.
    """
    check_rows(scores, accuracies)
    check_rows(scores, covariate)
    if not scores.size:
        return _pool({})
    groups: dict[float, tuple[int, float]] = {}
    order = np.argsort(covariate, kind="stable")
    values, starts = np.unique(covariate[order], return_index=True)
    for value, rows in zip(values, np.split(order, starts[1:]), strict=True):
        rho = spearman_rho(scores[rows], accuracies[rows]) if rows.size >= MIN_GROUP else np.nan
        groups[float(value)] = (rows.size, rho)
    return _pool(groups)


def _pool(groups: dict[float, tuple[int, float]]) -> GroupedCorrelation:
    defined = [(size, rho) for size, rho in groups.values() if np.isfinite(rho)]
    if not defined:
        return GroupedCorrelation(rho=np.nan, interval=(np.nan, np.nan), num_rows=0, groups=groups)
    sizes, rhos = np.array(defined).T
    most = 1 - 12 / (sizes**3 - sizes)
    weights = sizes - 3
    z = float(weights @ np.arctanh(np.clip(rhos, -most, most)) / weights.sum())
    rho = float(np.tanh(z))
    reach = _NORMAL_975 * float(np.sqrt((1 + rho**2 / 2) / weights.sum()))
    return GroupedCorrelation(
        rho=rho,
        interval=(float(np.tanh(z - reach)), float(np.tanh(z + reach))),
        num_rows=int(sizes.sum()),
        groups=groups,
    )
