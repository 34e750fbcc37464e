"""The base class of metrics whose single pass gives the score itself."""

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

import numpy as np

from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Evaluator, Metric, Pass, Score
from epsilon_research.store import Evaluation


class SinglePassMetric(Metric):
    """A metric whose only pass gives the score itself.

    Its parameters, for the score store's key, are its dataclass fields.
    """

    name: str
    uses_labels: ClassVar[bool] = False
    """Whether the minibatch's labels matter."""
    further_code: ClassVar[Sequence[str]] = ()
    """Modules beside its own whose code makes the number."""
    made_by: ClassVar[Mapping[str, Any]] = {}
    """Libraries that compute the number, and their versions."""

    @abstractmethod
    def scorer(self, minibatch: Minibatch) -> Callable[[Candidate], Score]:
        """A function that scores candidates on one minibatch."""

    @property
    def passes(self) -> Sequence[Pass]:
        """See `Metric`; one."""
        return (
            Pass(
                metric=self.name,
                settings=parameters_of(self),
                engine=self.made_by,
                code=(type(self).__module__, *self.further_code),
                uses_labels=self.uses_labels,
            ),
        )

    def evaluator(self, minibatch: Minibatch) -> Evaluator:
        """See `Metric`."""
        scorer = self.scorer(minibatch)

        def evaluate(candidate: Candidate, passes: Sequence[int]) -> list[Evaluation]:
            start = time.perf_counter()
            score = scorer(candidate)
            return [
                Evaluation(
                    values=np.array([score.value]),
                    failure=score.failure,
                    columns=score.columns,
                    seconds=time.perf_counter() - start,
                )
                for _ in passes
            ]

        return evaluate

    def score(self, evaluations: Mapping[int, Evaluation]) -> Score:
        """See `Metric`."""
        (only,) = evaluations.values()
        return Score(value=float(only.values[0]), failure=only.failure, columns=only.columns)


def parameters_of(metric: Metric) -> Mapping[str, Any]:
    """The fields of a metric that are its own, as text where JSON knows no such type."""
    if not is_dataclass(metric):
        return {}
    inherited = {"name", "shared_by_function", "candidates_per_chunk"}
    found = {f.name: getattr(metric, f.name) for f in fields(metric) if f.name not in inherited}
    return {
        name: value if isinstance(value, str | int | float | bool | None) else repr(value)
        for name, value in found.items()
    }
