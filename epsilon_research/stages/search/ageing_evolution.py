"""The search stage of ageing evolution."""

from collections.abc import Sequence
from dataclasses import dataclass

from epsilon_research.search_methods import AgeingEvolution, SearchMethod
from epsilon_research.stages.search.base import SearchStage, beside


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingEvolutionStage(SearchStage):
    """Ageing evolution (`AgeingEvolution`), alone, with warm-ups and with moves by score.

    A list as `move` adds variants: the moves by score with and without a warm-up. With
    `random_search`, random search, alone and with the same warm-ups, is run beside them.
    """

    population_size: int = 64
    tournament_size: int = 10
    move: str | Sequence[str] = "fitness"
    num_children: int = 10
    random_search: bool = True

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`; evolution alone is always among them."""
        moves = [self.move] if isinstance(self.move, str) else list(self.move)
        evolutions = [
            AgeingEvolution(
                population_size=self.population_size,
                tournament_size=self.tournament_size,
                move=move,
                num_children=self.num_children,
            )
            for move in dict.fromkeys(["fitness", *moves])
        ]
        return beside(*evolutions, random_search=self.random_search)
