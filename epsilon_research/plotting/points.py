"""What figures need of a score frame: scores, trained results, parameters, failures."""

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
    """One point per architecture, with the label of the score axis.

    The table has a row per architecture: `score`, not finite where undefined; `failure`, the reason
    there; `target`, accuracies in percent or losses, NaN where unknown; `parameters`, at least 1;
    `connected`, whether the input reaches the output; `float32_undefined`, whether there is a score
    that float32 cannot compute.
    """

    score_label: str
    target: Target | None
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, column: str) -> np.ndarray:
        return self.table[column].to_numpy()

    @property
    def is_finite(self) -> Bool[np.ndarray, " architectures"]:
        """Return whether there is a score."""
        return np.isfinite(self["score"])

    def where(self, keep: Bool[np.ndarray, " architectures"]) -> "ScorePoints":
        """Return the points at which `keep` is true."""
        return replace(self, table=self.table[keep])

    def scored(self) -> "ScorePoints":
        """Return the connected architectures with a finite score."""
        return self.where(self.is_finite & self["connected"])

    def ranked(self) -> "ScorePoints":
        """Return protocol `connected`: connected, with a finite score and a known accuracy."""
        scored = self.scored()
        return scored.where(np.isfinite(scored["target"]))

    def top_tenth(self) -> "ScorePoints":
        """Return the points beyond the 90th percentile of accuracy (below the 10th, of a loss)."""
        if self.target is None or not len(self):
            return self
        targets = self["target"]
        if self.target.higher_is_better:
            return self.where(targets > np.quantile(targets, 0.9))
        return self.where(targets < np.quantile(targets, 0.1))


def read_points(
    frame: pd.DataFrame, *, metric: str, target: Target | None, label: str = ""
) -> ScorePoints:
    """Return the points of one metric of a score frame.

    Args:
        frame: Columns `connected`, `num_parameters`, `<metric>`; optionally `<metric>_failure`,
            `<metric>_float32_defined` and the target's.
        metric: Name of the score column.
        target: What the trained results are, or None.
        label: What the scores are, with their unit; empty: the name of the column.

    Raises:
        KeyError: A column is not in the frame.
    """
    needed = ["connected", "num_parameters", metric, *([] if target is None else [target.column])]
    missing = [column for column in needed if column not in frame]
    if missing:
        raise KeyError(f"figures need the columns {needed}, {missing} are missing: add them")
    scores = frame[metric].to_numpy(np.float64)
    defined = frame.get(f"{metric}_float32_defined", np.ones(len(frame), np.bool_))
    columns = {
        "score": scores,
        "failure": frame.get(f"{metric}_failure"),
        "target": np.nan if target is None else target.values(frame),
        "parameters": np.maximum(frame["num_parameters"].to_numpy(np.float64), 1.0),
        "connected": frame["connected"].to_numpy(np.bool_),
        "float32_undefined": np.isfinite(scores) & ~np.asarray(defined, np.bool_),
    }
    return ScorePoints(
        score_label=label or f"{metric} score",
        target=target,
        table=pd.DataFrame(columns, index=frame.index),
    )
