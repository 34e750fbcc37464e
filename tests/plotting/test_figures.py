from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from epsilon_research.plotting import Labels, read_points, save_figures
from epsilon_research.plotting.histogram import score_histogram
from epsilon_research.plotting.notes import statistics_note
from epsilon_research.plotting.scatter import score_against_accuracy, score_against_parameters
from epsilon_research.plotting.style import paper_style

STATISTICS = {
    "connected": {
        "n": 388,
        "coverage": 0.9898,
        "spearman_rho": 0.8765,
        "spearman_rho_interval": [0.861, 0.891],
        "kendall_tau": -0.25,
        "kendall_tau_interval": [float("nan"), 0.1],
        "spearman_rho_top10": 0.441,
    }
}
LABELS = Labels(metric="epsilon", target="CIFAR-10 test accuracy", title="NAS-Bench-201")


def _save(frame: pd.DataFrame, folder: Path, **changes) -> list[Path]:
    arguments = {
        "metric": "epsilon",
        "statistics": STATISTICS,
        "target": "test_accuracy",
        "target_label": "CIFAR-10 test accuracy",
        "folder": folder,
        "title": "NAS-Bench-201",
    }
    return save_figures(frame, **(arguments | changes))


def _words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def _ink(path: Path) -> float:
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)
        return float((np.asarray(image.convert("L")) < 250).mean())


def test_all_figures_are_written_and_have_content(frame, tmp_path):
    written = _save(frame, tmp_path / "new" / "figures")
    names = [
        "score_vs_accuracy",
        "score_vs_accuracy_top10",
        "score_vs_parameters",
        "score_histogram",
    ]
    assert [path.name for path in written] == [
        f"{name}.{ending}" for name in names for ending in ("png", "pdf")
    ]
    for path in written:
        if path.suffix == ".png":
            assert _ink(path) > 0.03
        else:
            assert path.read_bytes().startswith(b"%PDF")
            assert b"/Type3" not in path.read_bytes()
            assert b"TrueType" in path.read_bytes() or b"CIDFontType2" in path.read_bytes()


def test_equal_figures_are_equal_files_whatever_the_users_settings(frame, tmp_path):
    first = _save(frame, tmp_path / "a")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "pdf.fonttype": 3}):
        second = _save(frame, tmp_path / "b")
        assert mpl.rcParams["font.size"] == 30
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize("target", [None, "validation_accuracy"])
def test_without_accuracies_only_the_scores_are_drawn(frame, tmp_path, target):
    frame["validation_accuracy"] = np.nan
    written = _save(frame, tmp_path, target=target, statistics=None)
    assert {path.stem for path in written} == {"score_vs_parameters", "score_histogram"}


@pytest.mark.parametrize("num_rows", [0, 1, 3])
def test_few_rows_are_drawn_without_a_warning(frame, tmp_path, num_rows):
    table = frame.iloc[3 : 3 + num_rows]
    written = _save(table, tmp_path)
    assert {"score_vs_parameters", "score_histogram"} <= {path.stem for path in written}
    assert ("score_vs_accuracy" in {path.stem for path in written}) == (num_rows > 0)


def test_no_finite_score_is_drawn_without_a_warning_and_said(frame, tmp_path):
    frame["epsilon"] = np.nan
    written = _save(frame, tmp_path)
    assert {path.stem for path in written} == {"score_vs_parameters", "score_histogram"}
    points = read_points(frame, metric="epsilon", target="test_accuracy")
    assert "no finite score" in _words(score_against_parameters(points, labels=LABELS))
    assert "undefined: 400 of 400 (100.0 %)" in _words(score_histogram(points, labels=LABELS))


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_equal_scores_and_parameters_are_drawn_without_a_warning(frame, tmp_path, value):
    frame["epsilon"] = value
    frame["num_parameters"] = 0
    assert len(_save(frame, tmp_path)) == 8


def test_a_loss_and_another_metric_are_drawn(frame, tmp_path):
    frame["test_accuracy"] = 5 - frame["test_accuracy"]
    frame["synflow"] = -frame["epsilon"]
    assert len(_save(frame, tmp_path, higher_is_better=False, metric="synflow")) == 8


def test_the_histogram_counts_every_architecture(frame):
    points = read_points(frame, metric="epsilon", target=None)
    words = _words(score_histogram(points, labels=LABELS))
    assert "undefined: 12 of 400 (3.0 %)" in words
    assert "undefined, disconnected: 8" in words
    assert "undefined, constant output: 4" in words
    rescued = int((frame["epsilon"].notna() & ~frame["epsilon_float32_defined"]).sum())
    assert f"float32 undefined: {rescued}" in words
    assert f"float32 defined: {388 - rescued}" in words


def test_the_bars_of_the_histogram_add_up_to_the_finite_scores(frame):
    points = read_points(frame, metric="epsilon", target=None)
    strip, main = score_histogram(points, labels=LABELS).axes
    assert sum(bar.get_height() for bar in main.patches if isinstance(bar, Rectangle)) == 388
    assert sum(bar.get_width() for bar in strip.patches if isinstance(bar, Rectangle)) == 400


def test_the_statistics_of_the_connected_protocol_are_in_the_figure(frame):
    points = read_points(frame, metric="epsilon", target="test_accuracy")
    words = _words(score_against_accuracy(points, labels=LABELS, statistics=STATISTICS))
    for part in (
        "protocol connected",
        "ρ = 0.876 [0.861, 0.891]",
        "τ = −0.250 [–, 0.100]",
        "n = 388, coverage 99.0 %",
        "CIFAR-10 test accuracy (%)",
        "number of parameters, log scale",
    ):
        assert part in words


def test_the_top_tenth_has_its_own_statistics_and_number():
    note = statistics_note(STATISTICS, top=True, num_points=39)
    assert note == "protocol connected\ntop 10 %, n = 39\nρ = 0.441"
    assert statistics_note(None, top=False, num_points=5) == "protocol connected\nn = 5"


def _dots(figure: Figure, panel: int) -> int:
    dots = [c for c in figure.axes[panel].collections if isinstance(c, PathCollection)]
    return sum(len(np.asarray(c.get_offsets())) for c in dots)


def test_new_coverage_has_a_panel_and_a_legend_of_its_own(frame):
    points = read_points(frame, metric="epsilon", target="test_accuracy")
    figure = score_against_accuracy(points, labels=LABELS)
    num_points = len(points.ranked().scores)
    assert (_dots(figure, 0), _dots(figure, 1)) == (num_points, num_points)
    rescued = points.ranked().float32_undefined
    assert rescued is not None
    assert f"float32 undefined: {int(rescued.sum())}" in _words(figure)


def test_without_new_coverage_there_is_one_panel(frame):
    frame["epsilon_float32_defined"] = True
    points = read_points(frame, metric="epsilon", target="test_accuracy")
    figure = score_against_accuracy(points, labels=LABELS)
    assert len(figure.axes) == 2  # the panel and its colour bar
    assert "float32" not in _words(figure)


@pytest.mark.parametrize("top", [False, True])
def test_a_note_covers_no_point(frame, top):
    frame["test_accuracy"] = np.random.default_rng(1).uniform(0.8, 0.9, len(frame))
    points = read_points(frame, metric="epsilon", target="test_accuracy")
    with paper_style():
        figure = score_against_accuracy(points, labels=LABELS, statistics=STATISTICS, top=top)
        figure.draw_without_rendering()
        axes = figure.axes[0]
        (note,) = (text for text in axes.texts if text.get_text().startswith("protocol"))
        box = note.get_window_extent()
        offsets = np.asarray(axes.collections[0].get_offsets())
        hidden = [box.contains(*position) for position in axes.transData.transform(offsets)]
    assert len(hidden) > 30
    assert not any(hidden)


def test_many_rows_become_hexagons_that_count_every_row(tmp_path, make_frame):
    table = make_frame(30_000)
    points = read_points(table, metric="epsilon", target="test_accuracy")
    for figure in (
        score_against_accuracy(points, labels=LABELS),
        score_against_parameters(points, labels=LABELS),
    ):
        (hexagons,) = (c for c in figure.axes[0].collections if isinstance(c, PolyCollection))
        drawn = points.scored() if "number of" in figure.axes[0].get_xlabel() else points.ranked()
        counts = hexagons.get_array()
        assert counts is not None
        assert counts.sum() == len(drawn.scores)
        assert "undefined in float32 (%)" in _words(figure)
    assert len(_save(table, tmp_path)) == 8
