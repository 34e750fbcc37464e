"""The search stage of a predictor of accuracy."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from epsilon_research.search_methods import SearchMethod, Surrogate
from epsilon_research.stages.search.base import AUTO, SearchStage, beside, named_metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SurrogateStage(SearchStage):
    """Search by a predictor (`Surrogate`) from an architecture's encoding, and from proxies.

    Candidates that the run has not scored are scored when they are met. Proxies are given as
    `warmup_metric` is. The predictor from the encoding alone (`without_proxies`) and random search
    are run beside it.
    """

    model: str = "boosting"
    proxies: str | Sequence[str] = AUTO
    without_proxies: bool = True
    num_initial: int = 20
    refit_every: int = 10
    num_candidates: int = 1000
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`; the predictor without proxies comes first."""
        predictors = [
            Surrogate(
                model=self.model,
                uses_proxies=uses_proxies,
                num_initial=self.num_initial,
                refit_every=self.refit_every,
                num_candidates=self.num_candidates,
            )
            for uses_proxies in ([False, True] if self.without_proxies else [True])
        ]
        return beside(*predictors, random_search=self.random_search)

    def proxies_of(self, metrics: Sequence[str], known: Collection[str]) -> list[str]:
        """See `SearchStage`; at least one."""
        names = named_metrics("search.proxies", self.proxies, metrics, known)
        if not names:
            raise ValueError(
                "search.proxies must name at least one metric, got none: pass e.g. "
                "search.proxies=num_parameters"
            )
        return names
