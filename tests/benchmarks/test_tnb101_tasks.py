"""TransNAS-Bench-101's seven tasks that come with the package."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks.tnb101_tasks import TASKS, TransNasTasks


@pytest.mark.parametrize("level", ["micro", "macro"])
@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_its_column(level: str, task: str, shared: Path) -> None:
    table = TransNasTasks(level=level, task=task).load()
    source = pd.read_parquet(shared / "data" / f"tnb101_{level}_tasks.parquet").set_index("net")
    for architecture_id, found in table.rows.set_index("architecture_id")[table.target].items():
        kinds, cell = str(architecture_id).split("-")[1:]
        digits = kinds.ljust(6, "0") if cell == "basic" else cell.replace("_", "")
        # Percentages, SSIM, and a loss with its sign changed.
        expected = source[task][f"({', '.join(digits)})"] * TASKS[task].factor
        np.testing.assert_array_equal(found, expected)
    assert len(table.rows) == len(source)


def test_a_loss_stays_a_loss() -> None:
    table = TransNasTasks(level="micro", task="room_layout").load()
    assert not table.higher_is_better
    assert table.rows["validation_accuracy"].between(0.5, 1.2).all()
    with refused(ValueError, match=r"benchmark.task must be one of class_scene"):
        TransNasTasks(level="micro", task="objects")
