"""What the figures need of a score frame, as arrays, and the words on the axes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The words of a figure, and the direction of its accuracy axis.

    Attributes:
        metric: Name of the metric, as in the score frame.
        target: What the accuracies are, without a unit, e.g. `CIFAR-10 test accuracy`.
        title: One line over the figure; may be empty.
        higher_is_better: False for a loss, whose axis says so.
    """

    metric: str
    target: str
    title: str
    higher_is_better: bool = True

    @property
    def target_axis(self) -> str:
        """The label of the accuracy axis, with its unit (accuracies) or its direction (losses)."""
        return f"{self.target} (%)" if self.higher_is_better else f"{self.target} (lower is better)"

    @property
    def score_axis(self) -> str:
        """The label of the score axis."""
        return "epsilon score" if self.metric == "epsilon" else f"{self.metric} score"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoints:
    """One point per architecture; all arrays have the same length and order.

    Attributes:
        scores: Metric values; not finite where undefined.
        targets: Accuracies in percent, or losses; NaN where unknown.
        parameters: Parameter counts, at least 1.
        connected: Whether the input reaches the output.
        float32_undefined: True where there is a score that float32 cannot compute; None: not known.
        failures: Number of rows without a finite score by reason, most frequent first.
    """

    scores: Float[np.ndarray, " architectures"]
    targets: Float[np.ndarray, " architectures"]
    parameters: Float[np.ndarray, " architectures"]
    connected: Bool[np.ndarray, " architectures"]
    float32_undefined: Bool[np.ndarray, " architectures"] | None
    failures: dict[str, int]

    def where(self, keep: Bool[np.ndarray, " architectures"]) -> "ScorePoints":
        """The points at which `keep` is true; `failures` still counts all rows."""
        rescued = self.float32_undefined
        return ScorePoints(
            scores=self.scores[keep],
            targets=self.targets[keep],
            parameters=self.parameters[keep],
            connected=self.connected[keep],
            float32_undefined=None if rescued is None else rescued[keep],
            failures=self.failures,
        )

    def scored(self) -> "ScorePoints":
        """The connected architectures with a finite score."""
        return self.where(np.isfinite(self.scores) & self.connected)

    def ranked(self) -> "ScorePoints":
        """Protocol `connected`: the connected ones with a finite score and a known accuracy."""
        return self.where(np.isfinite(self.scores) & self.connected & np.isfinite(self.targets))

    def top_tenth(self, *, higher_is_better: bool) -> "ScorePoints":
        """The points beyond the 90th percentile of accuracy (before the 10th, of a loss)."""
        if not len(self.targets):
            return self
        if higher_is_better:
            return self.where(self.targets > np.quantile(self.targets, 0.9))
        return self.where(self.targets < np.quantile(self.targets, 0.1))


def read_points(
    frame: pd.DataFrame, *, metric: str, target: str | None, higher_is_better: bool = True
) -> ScorePoints:
    """The points of one metric of a score frame.

    Args:
        frame: Columns `connected`, `num_parameters`, `<metric>`; optionally `<metric>_failure`,
            `<metric>_float32_defined` and the target.
        metric: Name of the score column.
        target: Column of accuracies (fractions in [0, 1]) or losses; None: there are none.
        higher_is_better: True for accuracies, which become percentages; losses stay as they are.

    Raises:
        KeyError: A column is not in the frame.
    """
    needed = ["connected", "num_parameters", metric, *([] if target is None else [target])]
    missing = [column for column in needed if column not in frame]
    if missing:
        raise KeyError(f"figures need the columns {needed}, {missing} are missing: add them")
    scores = frame[metric].to_numpy(np.float64)
    targets = np.full(len(frame), np.nan) if target is None else frame[target].to_numpy(np.float64)
    defined = f"{metric}_float32_defined"
    rescued = None
    if defined in frame:
        rescued = np.isfinite(scores) & ~frame[defined].to_numpy(np.bool_)
    return ScorePoints(
        scores=scores,
        targets=targets * 100 if higher_is_better else targets,
        parameters=np.maximum(frame["num_parameters"].to_numpy(np.float64), 1.0),
        connected=frame["connected"].to_numpy(np.bool_),
        float32_undefined=rescued,
        failures=_count_failures(frame, metric=metric),
    )


def _count_failures(frame: pd.DataFrame, *, metric: str) -> dict[str, int]:
    undefined = frame.loc[~np.isfinite(frame[metric].to_numpy(np.float64))]
    column = f"{metric}_failure"
    if column not in frame:
        return {"no reason given": len(undefined)} if len(undefined) else {}
    reasons = undefined[column].astype(object)
    reasons = reasons.where(reasons.notna(), "no reason given")
    return {str(reason): int(count) for reason, count in reasons.value_counts().items()}
