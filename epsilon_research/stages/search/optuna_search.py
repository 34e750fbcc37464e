"""The search stage of Optuna's samplers."""

from dataclasses import dataclass

from epsilon_research.search_methods import OptunaSearch, SearchMethod
from epsilon_research.stages.search.base import SearchStage, beside


@dataclass(frozen=True, slots=True, kw_only=True)
class OptunaStage(SearchStage):
    """A sampler of Optuna's (`OptunaSearch`), alone and started from the best-scored of a pool.

    With `random_search`, random search, alone and with the same warm-ups, is run beside it.
    """

    sampler: str = "tpe"
    num_first: int = 10
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        method = OptunaSearch(name=self.sampler, num_first=self.num_first)
        return beside(method, random_search=self.random_search)
