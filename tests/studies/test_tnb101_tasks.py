"""The study of seven tasks: one scoring, another correlation for each task."""

import json
from pathlib import Path

from commands import run, succeeded, summary_of


def test_tasks_share_one_scoring_and_differ_in_correlation(tmp_path: Path) -> None:
    succeeded(
        run(
            "study=tnb101_tasks", "search_space=tnb101_micro", "benchmark.task=normal,room_layout",
            f"store={tmp_path}/store", f"hydra.sweep.dir={tmp_path}/sweep",
        )
    )  # fmt: skip
    first, second = (summary_of(tmp_path / "sweep" / job) for job in "01")
    assert first["counts"]["computed"] > 0
    assert second["counts"]["computed"] == 0
    assert (first["run"]["higher_is_better"], second["run"]["higher_is_better"]) == (True, False)
    jobs = json.loads((tmp_path / "sweep" / "study.json").read_text(encoding="utf-8"))["jobs"]
    rhos = {
        job["settings"]["benchmark.task"]: job["metrics"]["epsilon"]["worst"]["spearman_rho"]
        for job in jobs
    }
    assert sorted(rhos) == ["normal", "room_layout"]
    assert rhos["normal"] != rhos["room_layout"]
