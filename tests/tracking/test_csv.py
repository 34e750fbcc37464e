"""Numbers and tables as CSV in the run folder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epsilon_research.tracking.csv import CsvTracker


def _opened(tracker: CsvTracker, folder: Path) -> CsvTracker:
    tracker.open(folder, {})
    return tracker


def test_numbers_and_tables_are_read_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"architecture_id": ["ä|0", "b,1"], "epsilon": [0.1 + 0.2, np.nan]})
    with _opened(CsvTracker(), tmp_path) as tracker:
        tracker.log_scalars({"epsilon/connected/spearman_rho": 0.5, "n": 3})
        tracker.log_scalars({"n": 4})
        tracker.log_table("scores", table)
        tracker.log_figures([tmp_path / "a.png"])
    found = pd.read_csv(tmp_path / "csv" / "scalars.csv")
    assert dict(found.to_numpy()) == {"epsilon/connected/spearman_rho": 0.5, "n": 4}
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["scalars.csv", "scores.csv"]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "csv" / "scores.csv"), table)


def test_a_second_run_starts_anew(tmp_path: Path) -> None:
    tracker = CsvTracker()
    with _opened(tracker, tmp_path):
        tracker.log_scalars({"old": 1})
    with pytest.raises(RuntimeError, match="must be open"):
        tracker.log_scalars({"between": 2})
    with _opened(tracker, tmp_path):
        tracker.log_scalars({"new": 3})
    assert "old" not in (tmp_path / "csv" / "scalars.csv").read_text(encoding="utf-8")
