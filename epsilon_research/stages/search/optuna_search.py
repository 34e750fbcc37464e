"""The search stage of Optuna's samplers."""

from dataclasses import dataclass

from epsilon_research.search_methods import OptunaSearch, RandomSearch, SearchMethod
from epsilon_research.stages.search.base import SearchStage


@dataclass(frozen=True, slots=True, kw_only=True)
class OptunaStage(SearchStage):
    """A sampler of Optuna's, alone and started from the best-scored of a pool.

    Args:
        sampler: "tpe" or "nsga2", see `OptunaSearch`.
        num_first: See `OptunaSearch`.
        random_search: Whether random search, alone and with the same warm-ups, is run beside it.
    """

    sampler: str = "tpe"
    num_first: int = 10
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        found: list[SearchMethod] = [OptunaSearch(name=self.sampler, num_first=self.num_first)]
        return found + ([RandomSearch()] if self.random_search else [])
