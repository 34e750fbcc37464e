"""What figures need of a score frame, as arrays: scores, trained results, parameters, failures."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The trained result that scores are compared with.

    Attributes:
        column: Column of the score frame: accuracies as fractions in [0, 1], or losses.
        label: Name without a unit, e.g. `CIFAR-10 test accuracy`.
        higher_is_better: False for losses.
    """

    column: str
    label: str
    higher_is_better: bool = True

    @property
    def axis_label(self) -> str:
        """Label of an axis, with the unit of accuracies or the direction of losses."""
        return f"{self.label} (%)" if self.higher_is_better else f"{self.label} (lower is better)"

    def values(self, frame: pd.DataFrame) -> Float[np.ndarray, " architectures"]:
        """Accuracies in percent, or losses, in the order of the frame; NaN where unknown."""
        found = frame[self.column].to_numpy(np.float64)
        return 100 * found if self.higher_is_better else found


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoints:
    """One point per architecture; all arrays have the same length and order.

    Attributes:
        metric: Name of the metric.
        target: What the trained results are, or None.
        scores: Metric values; not finite where undefined.
        targets: Accuracies in percent, or losses; NaN where unknown.
        parameters: Parameter counts, at least 1.
        connected: Whether the input reaches the output.
        float32_undefined: Whether there is a score that float32 cannot compute.
        failures: Number of rows without a finite score by reason, most frequent first.
    """

    metric: str
    target: Target | None
    scores: Float[np.ndarray, " architectures"]
    targets: Float[np.ndarray, " architectures"]
    parameters: Float[np.ndarray, " architectures"]
    connected: Bool[np.ndarray, " architectures"]
    float32_undefined: Bool[np.ndarray, " architectures"]
    failures: dict[str, int]

    @property
    def score_label(self) -> str:
        """Label of the score axis."""
        return f"{self.metric} score"

    def where(self, keep: Bool[np.ndarray, " architectures"]) -> "ScorePoints":
        """Return the points at which `keep` is true; `failures` still counts all rows."""
        return replace(
            self,
            scores=self.scores[keep],
            targets=self.targets[keep],
            parameters=self.parameters[keep],
            connected=self.connected[keep],
            float32_undefined=self.float32_undefined[keep],
        )

    def scored(self) -> "ScorePoints":
        """Return the connected architectures with a finite score."""
        return self.where(np.isfinite(self.scores) & self.connected)

    def ranked(self) -> "ScorePoints":
        """Return protocol `connected`: connected, with a finite score and a known accuracy."""
        return self.where(np.isfinite(self.scores) & self.connected & np.isfinite(self.targets))

    def top_tenth(self) -> "ScorePoints":
        """Return the points beyond the 90th percentile of accuracy (below the 10th, of a loss)."""
        if self.target is None or not len(self.targets):
            return self
        if self.target.higher_is_better:
            return self.where(self.targets > np.quantile(self.targets, 0.9))
        return self.where(self.targets < np.quantile(self.targets, 0.1))


def read_points(frame: pd.DataFrame, *, metric: str, target: Target | None) -> ScorePoints:
    """Return the points of one metric of a score frame.

    Args:
        frame: Columns `connected`, `num_parameters`, `<metric>`; optionally `<metric>_failure`,
            `<metric>_float32_defined` and the target's.
        metric: Name of the score column.
        target: What the trained results are, or None.

    Raises:
        KeyError: A column is not in the frame.
    """
    needed = ["connected", "num_parameters", metric, *([] if target is None else [target.column])]
    missing = [column for column in needed if column not in frame]
    if missing:
        raise KeyError(f"figures need the columns {needed}, {missing} are missing: add them")
    scores = frame[metric].to_numpy(np.float64)
    defined = f"{metric}_float32_defined"
    lost = (
        ~frame[defined].to_numpy(np.bool_) if defined in frame else np.zeros(len(frame), np.bool_)
    )
    return ScorePoints(
        metric=metric,
        target=target,
        scores=scores,
        targets=np.full(len(frame), np.nan) if target is None else target.values(frame),
        parameters=np.maximum(frame["num_parameters"].to_numpy(np.float64), 1.0),
        connected=frame["connected"].to_numpy(np.bool_),
        float32_undefined=np.isfinite(scores) & lost,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementPanel:
    """Values to compare with a reference, e.g. scores of one precision with exact scores.

    Attributes:
        title: Where the values come from.
        values: In the order of the reference; NaN where undefined.
        marked: Which points are drawn in another hue.
    """

    title: str
    values: Float[np.ndarray, " points"]
    marked: Bool[np.ndarray, " points"]
