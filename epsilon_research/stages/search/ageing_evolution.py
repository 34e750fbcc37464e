"""The search stage of ageing evolution."""

from collections.abc import Sequence
from dataclasses import dataclass

from epsilon_research.search_methods import AgeingEvolution, RandomSearch, SearchMethod
from epsilon_research.stages.search.base import SearchStage


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingEvolutionStage(SearchStage):
    """Ageing evolution, alone, with warm-ups and with moves by score.

    Args:
        population_size: See `AgeingEvolution`.
        tournament_size: See `AgeingEvolution`.
        move: One of its moves, or a list of them, which adds variants: the moves by score with and
            without a warm-up.
        num_children: See `AgeingEvolution`.
        random_search: Whether random search, alone and with the same warm-ups, is run beside it.
    """

    population_size: int = 64
    tournament_size: int = 10
    move: str | Sequence[str] = "fitness"
    num_children: int = 10
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`; evolution alone is always among them."""
        moves = [self.move] if isinstance(self.move, str) else list(self.move)
        evolutions: list[SearchMethod] = [
            AgeingEvolution(
                population_size=self.population_size,
                tournament_size=self.tournament_size,
                move=move,
                num_children=self.num_children,
            )
            for move in dict.fromkeys(["fitness", *moves])
        ]
        return evolutions + ([RandomSearch()] if self.random_search else [])
