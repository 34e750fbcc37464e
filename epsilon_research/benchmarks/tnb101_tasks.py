"""TransNAS-Bench-101 on seven tasks: validation results that NAS-Bench-Suite-Zero published."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.embedded import read_embedded
from epsilon_research.checks import check_choice


class Task(NamedTuple):
    """A task's measure, its name in the official file, and its unit.

    `factor` makes a fraction of it, or a positive loss.
    """

    measure: str
    metric: str
    factor: float


TASKS = {
    "class_scene": Task("top-1 accuracy", "top1", 0.01),
    "class_object": Task("top-1 accuracy", "top1", 0.01),
    "autoencoder": Task("SSIM", "ssim", 1.0),
    "normal": Task("SSIM", "ssim", 1.0),
    "jigsaw": Task("top-1 accuracy", "top1", 0.01),
    "room_layout": Task("loss", "neg_loss", -1.0),
    "segmentsemantic": Task("accuracy", "acc", 0.01),
}
"""The seven tasks; the embedded columns hold percentages, SSIM, and the loss with its sign changed,
so that higher is better in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransNasTasks(Benchmark):
    """Validation results of some architectures of TransNAS-Bench-101 on one of seven tasks.

    One training seed; the source does not say after which epoch. Where the source has no value for
    a task, an architecture has NaN.

    Args:
        level: "micro" (711 of the 4,096 cells) or "macro" (725 of the 3,256 skeletons).
        task: One of `TASKS`; room_layout is a loss, lower is better.

    References:
        Duan et al., "TransNAS-Bench-101", CVPR 2021; Krishnakumar et al., "NAS-Bench-Suite-Zero",
        NeurIPS 2022 (Apache-2.0).
    """

    level: str
    task: str = "class_object"

    def __post_init__(self) -> None:
        check_choice("benchmark.level", self.level, ("micro", "macro"))
        check_choice("benchmark.task", self.task, TASKS)

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        name, task = f"tnb101_{self.level}_validation", TASKS[self.task]
        table = read_embedded(name)
        rows = table[["architecture_id"]].assign(
            validation_accuracy=table[self.task].astype(np.float64) * task.factor,
            test_accuracy=np.nan,
        )
        return AccuracyTable(
            name=name,
            rows=rows,
            target="validation_accuracy",
            higher_is_better=task.factor > 0,
            source=f"TransNAS-Bench-101 ({self.level}), {self.task}: validation {task.measure} of "
            f"one training, {len(rows)} architectures of NAS-Bench-Suite-Zero",
            label=f"{self.task} validation {task.measure}",
        )
