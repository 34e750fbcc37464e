"""The search stage of local search."""

from dataclasses import dataclass

from epsilon_research.search_methods import LocalSearch, SearchMethod
from epsilon_research.stages.search.base import SearchStage, beside


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSearchStage(SearchStage):
    """Local search (`LocalSearch`), alone and started from the best-scored of a pool.

    With `random_search`, random search, alone and with the same warm-ups, is run beside it.
    """

    num_initial: int = 10
    patience: int = 30
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        method = LocalSearch(num_initial=self.num_initial, patience=self.patience)
        return beside(method, random_search=self.random_search)
