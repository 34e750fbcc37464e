"""The search stage of local search."""

from dataclasses import dataclass

from epsilon_research.search_methods import LocalSearch, RandomSearch, SearchMethod
from epsilon_research.stages.search.base import SearchStage


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSearchStage(SearchStage):
    """Local search, alone and started from the best-scored of a pool.

    Args:
        num_initial: See `LocalSearch`.
        patience: See `LocalSearch`.
        random_search: Whether random search, alone and with the same warm-ups, is run beside it.
    """

    num_initial: int = 10
    patience: int = 30
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        found: list[SearchMethod] = [
            LocalSearch(num_initial=self.num_initial, patience=self.patience)
        ]
        return found + ([RandomSearch()] if self.random_search else [])
