"""What a network costs on a device, by HW-NAS-Bench."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from epsilon_research.benchmarks.embedded import read_provenance
from epsilon_research.benchmarks.hardware_costs import COSTS, DATASETS, NAME, hardware_costs
from epsilon_research.checks import check_choice
from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Score
from epsilon_research.metrics.single_pass import SinglePassMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware(SinglePassMetric):
    """A cost of a NAS-Bench-201 cell; less of it is the higher score.

    The score is minus the cost, or the cost itself where more of it is better, as `COSTS` says; the
    column `<metric>_cost` is the cost, in ms or mJ. A network that the device cannot run is NaN
    with the reason "not_measurable", an architecture of another space with "not_in_table".

    Args:
        name: One of `COSTS`.
        dataset: Whose images and classes the network is for, one of `DATASETS`.

    Raises:
        ValueError: There is no such cost or dataset.
    """

    name: str = "pixel3_latency"
    dataset: str = "cifar10"
    # Architectures of one function differ in cost.
    shared_by_function: bool = False
    candidates_per_chunk: int = 4096
    failures: ClassVar[Collection[str] | None] = ("not_in_table", "not_measurable")
    content_hash: str = field(init=False)
    """SHA-256 of the table, which distinguishes its versions in the score store."""

    def __post_init__(self) -> None:
        check_choice("metric.hardware.name", self.name, COSTS)
        check_choice("metric.hardware.dataset", self.dataset, DATASETS)
        object.__setattr__(self, "content_hash", read_provenance(NAME).sha256)

    @property
    def columns(self) -> Mapping[str, type]:
        """See `Metric`."""
        return {"cost": float}

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `Metric`."""
        return {"cost": self.name, "dataset": self.dataset, "unit": COSTS[self.name].unit}

    @property
    def label(self) -> str:
        """See `Metric`."""
        cost = COSTS[self.name]
        sign = "" if cost.higher_is_better else "−"
        return f"{sign}{self.name}" + (f" ({cost.unit})" if cost.unit else "")

    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """See `SinglePassMetric`; the minibatch does not matter."""
        costs = hardware_costs(self.name, dataset=self.dataset).to_dict()
        sign = 1.0 if COSTS[self.name].higher_is_better else -1.0

        def score(candidate: Candidate) -> Score:
            cost = costs.get(candidate.architecture_id)
            if cost is None:
                return Score(value=math.nan, failure="not_in_table")
            if math.isnan(cost):
                return Score(value=math.nan, failure="not_measurable")
            return Score(value=sign * cost, columns={"cost": cost})

        return score
