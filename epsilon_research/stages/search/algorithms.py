"""The search stages, one for each algorithm: its settings beside the shared ones."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from epsilon_research.search_methods import (
    AgeingEvolution,
    LocalSearch,
    OptunaSearch,
    RandomSearch,
    SearchMethod,
    Surrogate,
)
from epsilon_research.stages.search.base import AUTO, SearchStage, named_metrics


def _beside(*methods: SearchMethod, random_search: bool) -> list[SearchMethod]:
    """Return methods, and random search after them if it is wanted."""
    return [*methods, *([RandomSearch()] if random_search else [])]


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSearchStage(SearchStage):
    """Random search, alone and going through a pool from the best-scored down."""

    def methods(self) -> list[SearchMethod]:
        """See `SearchStage`."""
        return [RandomSearch()]


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
        return _beside(*evolutions, random_search=self.random_search)


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
        return _beside(method, random_search=self.random_search)


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
        return _beside(method, random_search=self.random_search)


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
        return _beside(*predictors, random_search=self.random_search)

    def proxies_of(self, metrics: Sequence[str], known: Collection[str]) -> list[str]:
        """See `SearchStage`; at least one."""
        names = named_metrics("search.proxies", self.proxies, metrics, known)
        if not names:
            raise ValueError(
                "search.proxies must name at least one metric, got none: pass e.g. "
                "search.proxies=num_parameters"
            )
        return names
