"""A stage that the package does not know: one Python file and one YAML file, nothing edited."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import run, succeeded

STAGE = """
from dataclasses import dataclass

import pandas as pd

from epsilon_research.reporting import Table
from epsilon_research.stages.base import Outcome, Stage


@dataclass(frozen=True, kw_only=True)
class Spread(Stage):
    unit: str

    def check(self, prepared):
        if "epsilon" not in prepared.scoring.metrics:
            raise ValueError("spread must have a metric epsilon, got none: pass metric=epsilon")

    def run(self, context):
        figure = context.run_dir / "figures" / "spread.png"
        figure.parent.mkdir(exist_ok=True)
        figure.write_bytes(b"a picture")
        draw = float(context.rng("spread").random())
        frame = pd.DataFrame({"score": context.frame["epsilon"]})
        rho = context.summary["metrics"]["epsilon"]["connected"]["spearman_rho"]
        return Outcome(
            summary={"spread": {"draw": draw, "rho": rho}},
            tables=[Table(title="Spread of scores", head=["unit"], rows=[[self.unit]])],
            frames={"spread": frame},
            figures=[figure],
        )
"""
OPTION = """# @package stages
# How far scores lie apart.
spread:
  _target_: my_lab.Spread
  unit: ells and furlongs
"""
SETTINGS = ("dataset=random_normal", "dataset.image_size=8", "figures=false")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the stage and its option, trusted and found."""
    (tmp_path / "my_lab.py").write_text(STAGE)
    (tmp_path / "conf" / "stage").mkdir(parents=True)
    (tmp_path / "conf" / "stage" / "spread.yaml").write_text(OPTION)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_lab", raising=False)
    monkeypatch.setenv("EPSILON_TRUSTED", "my_lab")
    return tmp_path


def test_all_that_it_finds_arrives_and_nothing_else_changes(elsewhere: Path) -> None:
    with_it, without = elsewhere / "with", elsewhere / "without"
    found = succeeded(
        run(
            f"--config-dir={elsewhere / 'conf'}", *SETTINGS, "stage=spread",
            f"hydra.run.dir={with_it}",
        )
    )  # fmt: skip
    succeeded(run(*SETTINGS, f"hydra.run.dir={without}"))
    summary, plain = (
        json.loads((folder / "summary.json").read_text()) for folder in (with_it, without)
    )
    part = summary.pop("spread")
    assert part["rho"] == plain["metrics"]["epsilon"]["connected"]["spearman_rho"]
    assert 0 < part["draw"] < 1
    assert summary["tables"].pop()["rows"] == [["ells and furlongs"]]
    assert "Spread of scores" in found.stdout
    assert "ells and furlongs" in found.stdout
    scores = pd.read_parquet(with_it / "scores.parquet")["epsilon"]
    pd.testing.assert_series_equal(
        pd.read_parquet(with_it / "spread.parquet")["score"], scores, check_names=False
    )
    assert (with_it / "figures" / "spread.png").read_bytes() == b"a picture"
    assert summary.keys() == plain.keys()
    for name in ("metrics", "diagnosis", "best_scored", "tables", "counts"):
        assert summary[name] == plain[name]


def test_what_it_cannot_follow_it_refuses_before_any_work(elsewhere: Path) -> None:
    folder = elsewhere / "refused"
    process = run(
        f"--config-dir={elsewhere / 'conf'}", *SETTINGS, "stage=spread", "metric=num_parameters",
        f"hydra.run.dir={folder}",
    )  # fmt: skip
    assert process.returncode == 1
    assert process.stderr.strip() == (
        "error: spread must have a metric epsilon, got none: pass metric=epsilon"
    )
    assert not (folder / "scores.parquet").exists()
