"""Sweeps by Hydra's submitit launcher: each job a process of its own, as SLURM would start it."""

from pathlib import Path

import pytest
from commands import SMALL, command, finished, summary_of

pytest.importorskip(
    "hydra_plugins.hydra_submitit_launcher",
    reason="needs submitit: pip install 'epsilon_research[slurm]'",
)
WHOLE = {"config.yaml", "run.log", "scores.parquet", "summary.json"}


@pytest.mark.slow
def test_jobs_of_a_sweep_are_whole_runs_in_processes_of_their_own(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    process = finished(
        *command(
            "-m", "hydra/launcher=submitit_local", *SMALL, "batch_size=16,32,1",
            f"store={tmp_path / 'store'}", f"hydra.sweep.dir={sweep}",
        )
    )  # fmt: skip
    # The third cannot be, and the others do not suffer.
    assert process.returncode == 1
    assert "batch_size must be an integer of 3 or more, got 1" in process.stderr
    assert "Traceback" not in process.stderr
    for job, batch_size in (("0", 16), ("1", 32)):
        assert {path.name for path in (sweep / job).iterdir()} >= WHOLE
        summary = summary_of(sweep / job)
        assert summary["run"]["batch_size"] == batch_size
        assert summary["counts"]["computed"] > 0
    assert not (sweep / "2" / "summary.json").exists()
    assert len(list((sweep / ".submitit").glob("*/*_log.err"))) == 3
    assert list((tmp_path / "store").glob("*/*.arrow"))
    # And they come together as those of any sweep.
    assert (sweep / "study.json").is_file()
