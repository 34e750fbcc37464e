"""The base class of metrics whose single pass gives the score itself."""

import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

import numpy as np

from epsilon_research.checks import check_choice
from epsilon_research.data import Minibatch
from epsilon_research.metrics.base import Candidate, Evaluator, Metric, Pass, Score
from epsilon_research.store import Evaluation, Form


class SinglePassMetric(Metric):
    """A metric whose only pass gives the score itself.

    Its parameters, for the score store's key, are its dataclass fields.
    """

    uses_labels: ClassVar[bool] = False
    """True if the minibatch's labels matter."""
    further_code: ClassVar[Sequence[str]] = ()
    """Modules beside its own whose code makes the number."""
    made_by: ClassVar[Mapping[str, Any]] = {}
    """Libraries that compute the number, and their versions."""
    failures: ClassVar[Collection[str] | None] = None
    """Reasons why there may be no score; None: any word."""

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
                form=Form(
                    length=1,
                    dtype="float64",
                    gaps=False,
                    columns=self.columns,
                    failures=self.failures,
                ),
            ),
        )

    def evaluator(self, minibatch: Minibatch) -> Evaluator:
        """See `Metric`."""
        scorer = self.scorer(minibatch)
        # Where a metric gives no more than a reason.
        empty = {name: kind("nan" if kind is float else 0) for name, kind in self.columns.items()}

        def evaluate(candidate: Candidate, passes: Sequence[int]) -> list[Evaluation]:
            start = time.perf_counter()
            score = scorer(candidate)
            if score.failure is not None and self.failures is not None:
                check_choice(f"a reason of metric {self.name}", score.failure, self.failures)
            return [
                Evaluation(
                    values=np.array([score.value]),
                    failure=score.failure,
                    columns=empty | dict(score.columns),
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
