"""`er.score` and `er.correlate`, as a user types them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import epsilon_research as er
from epsilon_research.launch import launch
from epsilon_research.spaces import Selection
from epsilon_research.spaces.toy import Toy
from tests.commands import ROOT

N = 12
CELL = "conv3x3-skip-conv1x1"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return er.score("nb201", n=N, metrics=["epsilon", "num_parameters"], batch_size=16)


def test_a_table_of_scores_is_that_of_a_run(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status = launch(
        [
            "run.py",
            "search_space=nb201",
            f"search_space.num_architectures={N}",
            "batch_size=16",
            "metric=[epsilon,num_parameters]",
            "tracker=none",
            "figures=false",
            "executor=serial",
            "bootstrap_resamples=50",
            "hydra.run.dir=run",
        ]
    )
    assert status == 0
    run = pd.read_parquet("run/scores.parquet")
    assert list(frame) == list(run)
    kept = [name for name in run if not name.endswith(("seconds", "failure"))]
    pd.testing.assert_frame_equal(frame[kept], run[kept], check_dtype=False)
    assert frame["epsilon_failure"].isna().tolist() == run["epsilon_failure"].isna().tolist()
    frame.to_parquet("frame.parquet")
    assert pd.read_parquet("frame.parquet").attrs == frame.attrs
    summary = json.loads(Path("run/summary.json").read_text(encoding="utf-8"))

    found = er.correlate(frame, num_resamples=50)

    assert found.index.names == ["metric", "protocol"]
    for (metric, protocol), row in found.iterrows():
        expected = summary["metrics"][metric][protocol]
        assert row["n"] == expected["n"]
        assert row["spearman_rho"] == pytest.approx(expected["spearman_rho"], nan_ok=True)
        ends = [row["spearman_rho_low"], row["spearman_rho_high"]]
        assert ends == pytest.approx(expected["spearman_rho_interval"], nan_ok=True)
    assert len(found) == sum(map(len, summary["metrics"].values()))
    # A table that was read from the file says nothing of itself.
    again = er.correlate(
        run,
        metrics=["epsilon", "num_parameters"],
        target="test_accuracy",
        higher_is_better=True,
        num_resamples=50,
    )
    pd.testing.assert_frame_equal(found, again)


def test_images_are_an_array_a_tensor_a_dataset_or_its_name() -> None:
    settings: dict[str, Any] = {"ids": [CELL, "none-skip-pool"], "progress": False}
    dataset = er.data.RandomNormal(image_size=8)
    batch = dataset.draw(batch_size=8, rng=np.random.default_rng(21))
    scores = [
        er.score("toy", images=images, batch_size=8, **settings)["epsilon"]
        for images in (batch.inputs, torch.from_numpy(batch.inputs.copy()), batch, dataset)
    ]
    assert all(score.equals(scores[0]) for score in scores)
    named = er.score("toy", images="random_normal", batch_size=8, **settings)
    assert not named["epsilon"].equals(scores[0])  # 32 pixels
    assert list(named["architecture_id"]) == settings["ids"]


def test_spaces_metrics_and_benchmarks_are_objects_or_names(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"architecture_id,test_accuracy\n{CELL},0.5\n", encoding="utf-8")
    settings: dict[str, Any] = {
        "ids": [CELL, "none-skip-pool"], "images": "random_normal", "batch_size": 8,
        "progress": False, "processes": 1,
    }  # fmt: skip
    found = er.score(
        er.spaces.Toy(),
        metrics=er.metrics.Naswot(num_samples=4),
        benchmark=er.benchmarks.Table(path=str(path)),
        **settings,
    )
    assert found["test_accuracy"].tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    named = er.score("toy", metrics={"four": er.metrics.Naswot(num_samples=4)}, **settings)
    assert named["four"].tolist() == pytest.approx(found["naswot"].tolist(), nan_ok=True)
    assert named["test_accuracy"].isna().all()
    assert named.attrs["metrics"] == ["four"]


def test_weights_are_the_published_ones_of_the_space_unless_given() -> None:
    settings: dict[str, Any] = {"n": 3, "images": "random_normal", "batch_size": 8}
    scores = [
        er.score("nb101", benchmark=None, progress=False, **settings, **more)["epsilon"]
        for more in ({}, {"weights": (1e-4, 10)}, {"weights": (1e-7, 1)})
    ]
    assert scores[0].equals(scores[1])
    assert not scores[0].equals(scores[2])


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["nb202"], {}, "search_space must be one of .*, got 'nb202': did you mean nb201?"),
        ([7], {}, "space must be the name or object of a search space, got 7"),
        (["toy"], {"n": 3, "ids": [CELL]}, "either n or ids must be given, got both"),
        (["toy"], {"n": 0}, "must lie between 1 and 125"),
        (["toy"], {"ids": ["conv9x9"]}, "line 1: a toy architecture must be"),
        (["toy"], {"metrics": ["snipp"]}, "did you mean snip?"),
        (["toy"], {"images": "photoz"}, "dataset must be one of .*did you mean photos?"),
        (["toy"], {"images": [1, 2]}, "images must be a tensor or an array"),
        (["toy"], {"images": np.zeros((8, 5, 4, 4))}, "images must have 3 channels on toy, got 5"),
        (["toy"], {"benchmark": 3}, "benchmark must be the name or object"),
        (["toy"], {"weights": (1, 1)}, "two distinct positive"),
        (["toy"], {"progress": "no"}, "progress must be true or false"),
        (["nbnlp"], {"images": "photos"}, "must hold tokens"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(
    arguments: list[Any], settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        er.score(*arguments, **{"n": None, "progress": False, "processes": 1} | settings)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"target": None}, "target must be given"),
        ({"metrics": ["fisher"]}, "none called 'fisher' among architecture_id"),
        ({"higher_is_better": "yes"}, "higher_is_better must be true or false"),
        ({"num_resamples": 0}, "num_resamples must be an integer of 1 or more"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    settings: dict[str, Any], sentence: str, frame: pd.DataFrame
) -> None:
    poor = frame.copy()
    if settings == {"target": None}:
        poor.attrs = {"metrics": ["epsilon"]}
    with pytest.raises(ValueError, match=sentence):
        er.correlate(poor, **settings)


CHEAP = """
import sys
import epsilon_research as er
assert {"score", "correlate", "score_network", "spaces", "metrics"} <= set(dir(er))
heavy = {"torch", "scipy", "matplotlib", "numpy", "pandas", "hydra", "sklearn"}
print(sorted(heavy & set(sys.modules)))
er.score
print(sorted({"torch", "scipy.stats", "matplotlib", "hydra", "sklearn"} & set(sys.modules)))
"""


def test_the_import_is_cheap_and_needs_neither_hydra_nor_pytorch() -> None:
    found = subprocess.run(
        [sys.executable, "-c", CHEAP], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert found.stdout == "[]\n[]\n", found.stderr


def test_a_name_stays_what_it_is_when_rooms_are_imported() -> None:

    assert callable(er.score)
    assert callable(er.correlate)
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        er.scores  # noqa: B018


def test_a_space_without_published_weights_finds_its_own() -> None:
    images = np.random.default_rng(0).normal(size=(16, 3, 8, 8)).astype(np.float32)
    space = Selection(space=Toy(), published_weights=None, num_architectures=8)
    found = er.score(space, images=images, benchmark=None, processes=1)["epsilon"]
    limits = er.score(space, images=images, weights=[1e-9, 1e9], benchmark=None, processes=1)
    other = er.score(space, images=images, weights=[1e-1, 1], benchmark=None, processes=1)
    assert found.notna().any()
    np.testing.assert_allclose(found, limits["epsilon"], atol=5e-3)
    assert (found - other["epsilon"]).abs().max() > 1e-2
