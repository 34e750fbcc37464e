"""The search stage of random search."""

from dataclasses import dataclass

from epsilon_research.search_methods import RandomSearch, SearchMethod
from epsilon_research.stages.search.base import SearchStage


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSearchStage(SearchStage):
    """Random search, alone and going through a pool from the best-scored down."""

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        return [RandomSearch()]
