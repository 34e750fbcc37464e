"""Optuna's samplers on the genes of a benchmark's architectures."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

from epsilon_research.checks import check_choice
from epsilon_research.search_methods.base import SearchAlgorithm, SearchMethod, Start
from epsilon_research.spaces.base import Genes

SAMPLERS = ("tpe", "nsga2")

_POPULATION = 20
"""Population of NSGA-II: its default of 50 leaves a budget of 300 six generations."""

_MOST_ASKS = 100
"""Asks for one architecture until one is known, as draws of `Domain`."""


class Study(SearchAlgorithm):
    """A study of Optuna's: each gene is a categorical parameter, fitness is maximised.

    Where architectures have a cost, it is minimised as a second objective.
    """

    def __init__(self, *, start: Start, genes: Genes, sampler: str, num_first: int) -> None:
        self._start = start
        self._genes = genes
        self._sampler = sampler
        self._first = deque(start.first[:num_first])
        self._study: Any = None
        self._trial: Any = None

    def ask(self, rng: np.random.Generator) -> str:
        """See `SearchAlgorithm`; first what a warm-up found, then what the sampler proposes."""
        if self._study is None:
            self._study = self._made(seed=int(rng.integers(2**32)))
        if self._first:
            return self._proposed(enqueued=self._first.popleft())
        for _ in range(_MOST_ASKS):
            proposed = self._proposed()
            if self._start.domain.knows(proposed):
                return proposed
            self.tell(proposed, np.nan)
        return self._proposed(enqueued=self._start.domain.draw(rng))

    def _made(self, *, seed: int) -> Any:
        # Late, since Optuna is an extra.
        from epsilon_research.spaces.trials import optuna, quiet

        samplers = optuna.samplers
        with quiet():
            return optuna.create_study(
                directions=["maximize"] if self._start.cost is None else ["maximize", "minimize"],
                sampler=samplers.TPESampler(seed=seed)
                if self._sampler == "tpe"
                else samplers.NSGAIISampler(seed=seed, population_size=_POPULATION),
            )

    def _proposed(self, *, enqueued: str | None = None) -> str:
        if enqueued is not None:
            genes = self._genes.read(enqueued)
            self._study.enqueue_trial({f"gene{i}": gene for i, gene in enumerate(genes)})
        self._trial = self._study.ask()
        return self._genes.write(
            [
                self._trial.suggest_categorical(f"gene{i}", list(options))
                for i, options in enumerate(self._genes.choices)
            ]
        )

    def tell(self, architecture_id: str, fitness: float) -> None:
        """See `SearchAlgorithm`; what has no fitness or cost counts as failed and is left out."""
        from epsilon_research.spaces.trials import optuna

        values = [fitness]
        if self._start.cost is not None and not np.isnan(fitness):
            values += self._start.cost([architecture_id]).tolist()
        if np.isnan(values).any():
            self._study.tell(self._trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._trial, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptunaSearch(SearchMethod):
    """A search by one of Optuna's samplers, on spaces whose genes are independent.

    Args:
        name: "tpe", the tree-structured Parzen estimator, or "nsga2", a genetic algorithm.
        num_first: Architectures of a warm-up that are tried first.

    References:
        Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; Deb et al., "A
        Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II", 2002; Akiba et al., "Optuna",
        KDD 2019.
    """

    uses_cost: ClassVar[bool] = True
    name: str = "tpe"
    num_first: int = 10

    def __post_init__(self) -> None:
        check_choice("sampler", self.name, SAMPLERS)
        if find_spec("optuna") is None:
            raise ModuleNotFoundError(
                f"{self.name} must have the package optuna, got none: "
                "pip install 'epsilon_research[search]'"
            )

    @property
    def needs_score(self) -> bool:
        """See `SearchMethod`; only a warm-up uses scores."""
        return False

    @property
    def settings(self) -> Mapping[str, Any]:
        """See `SearchMethod`."""
        return {"move": None, "num_first": self.num_first}

    def start(self, start: Start) -> Study:
        """See `SearchMethod`.

        Raises:
            ValueError: The genes of the space depend on each other.
        """
        genes = start.domain.space.genes
        if genes is None:
            raise ValueError(
                f"search={self.name} must have a space of independent genes, got "
                f"{start.domain.space.name}: pass search=ageing_evolution or search=local_search"
            )
        return Study(start=start, genes=genes, sampler=self.name, num_first=self.num_first)
