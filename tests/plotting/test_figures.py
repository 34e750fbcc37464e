import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from epsilon_research.plotting import FigureSettings, RunFigures, Target
from tests.plotting.comparisons import METRICS, compared_frame, compared_summary

TARGET = Target(column="test_accuracy", label="CIFAR-10 test accuracy")
SCORES = ("score_vs_accuracy", "score_vs_accuracy_top10", "score_vs_parameters", "score_histogram")
COMPARISON = ("metrics_rho", "metrics_ndcg", "rank_matrix")
ONE_FORMAT = FigureSettings(formats=["png"], dpi=60)


def save(
    frame: pd.DataFrame, folder: Path, *, settings: FigureSettings = ONE_FORMAT, **changes
) -> list[Path]:
    weights = {"epsilon": (1e-7, 1.0)}
    figures = RunFigures(folder=folder, title="NAS-Bench-201", weights=weights, settings=settings)
    arguments = {"metrics": ["epsilon"], "target": TARGET, "statistics": {}}
    return figures.save_scores(frame, **(arguments | changes))


def names(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def ink(path: Path) -> float:
    with Image.open(path) as image:
        return float((np.asarray(image.convert("L")) < 250).mean())


def test_the_room_is_imported_without_matplotlib():
    code = "import sys, epsilon_research.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_all_figures_of_one_metric_are_written_and_have_content(frame, tmp_path):
    written = save(frame, tmp_path / "new" / "figures", settings=FigureSettings())
    assert [path.name for path in written] == [
        f"{name}.{suffix}" for name in SCORES for suffix in ("png", "pdf")
    ]
    for path in written:
        if path.suffix == ".png":
            assert ink(path) > 0.03
        else:
            # Text stays text: no Type 3 fonts, which publishers refuse.
            content = path.read_bytes()
            assert content.startswith(b"%PDF")
            assert b"/Type3" not in content
            assert b"TrueType" in content or b"CIDFontType2" in content


def test_several_metrics_have_a_folder_each_and_one_for_their_comparison(frame, tmp_path):
    frame = compared_frame(frame)
    summary = compared_summary(frame)
    written = save(frame, tmp_path, metrics=METRICS, statistics=summary["metrics"])
    for metric in METRICS:
        assert names([path for path in written if path.parent.name == metric]) == list(SCORES)
    compared = [path for path in written if path.parent.name == "comparison"]
    assert names(compared) == list(COMPARISON)
    assert all(ink(path) > 0.03 for path in compared)


@pytest.mark.parametrize("target", [None, Target(column="validation_accuracy", label="accuracy")])
def test_without_accuracies_only_the_scores_are_drawn(frame, tmp_path, target):
    frame["validation_accuracy"] = np.nan
    assert names(save(frame, tmp_path, target=target)) == list(SCORES[2:])


@pytest.mark.parametrize(
    ("change", "drawn"),
    [
        (lambda frame: frame.iloc[:0], SCORES[2:]),
        (lambda frame: frame.iloc[3:4], (SCORES[0], *SCORES[2:])),
        (lambda frame: frame.assign(epsilon=0.5, num_parameters=0), (SCORES[0], *SCORES[2:])),
        (lambda frame: frame.assign(epsilon=np.nan), SCORES[2:]),
    ],
    ids=["no row", "one row", "equal scores", "no finite score"],
)
def test_what_cannot_be_drawn_is_left_out_without_a_warning(frame, tmp_path, change, drawn):
    assert names(save(change(frame), tmp_path)) == list(drawn)


def test_a_loss_and_another_metric_are_drawn(frame, tmp_path):
    frame["test_accuracy"] = 5 - frame["test_accuracy"]
    frame["synflow"] = -frame["epsilon"]
    loss = Target(column="test_accuracy", label="test loss", higher_is_better=False)
    assert names(save(frame, tmp_path, target=loss, metrics=["synflow"])) == list(SCORES)


def test_a_title_names_the_weights_that_all_shown_metrics_have(frame, tmp_path, monkeypatch):
    titles = {}

    def save_figure(figure, *, folder, name, title):
        titles[folder.name, name] = title
        return []

    monkeypatch.setattr("epsilon_research.plotting.style.save_figure", save_figure)
    summary = compared_summary(compared_frame(frame))
    save(compared_frame(frame), tmp_path, metrics=METRICS, statistics=summary["metrics"])
    words = "NAS-Bench-201, weights 10⁻⁷ and 1"
    assert titles["epsilon", "score_histogram"] == words
    assert titles["comparison", "rank_matrix"] == words
    other = next(metric for metric in METRICS if metric != "epsilon")
    assert titles[other, "score_histogram"] == "NAS-Bench-201"
