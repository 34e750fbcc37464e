"""The leaderboard: statistics of columns, ranks across them, the page, one board end to end."""

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from browser import Reader

from epsilon_research.analysis import spearman_rho
from epsilon_research.benchmarks.nbnlp_official import NbnlpOfficial
from epsilon_research.catalogue import build_option, option_names
from epsilon_research.executors import SerialExecutor
from epsilon_research.spaces.toy import Toy
from experiments.leaderboard import scores
from experiments.leaderboard.__main__ import main
from experiments.leaderboard.board import FULL, QUICK, Arena, Board, of_metrics, read_board
from experiments.leaderboard.cells import Cell, cells, widened
from experiments.leaderboard.results import (
    critical_difference,
    mean_rank_intervals,
    mean_ranks,
    rhos_of,
    standings,
)
from experiments.leaderboard.scores import estimated_seconds, sample, with_results

score = importlib.import_module("epsilon_research.api.score")
"""The module, which its function hides."""

program = importlib.import_module("experiments.leaderboard.__main__")

ROWS = 60
METRICS = ["good", "num_parameters", "undefined_below"]


def table(seed: int = 0) -> pd.DataFrame:
    """A metric near the results, one of noise, and the first without its lower half."""
    rng = np.random.default_rng(seed)
    results = np.linspace(0.5, 0.9, ROWS)
    good = results + rng.normal(0, 0.02, ROWS)
    return pd.DataFrame(
        {
            "architecture_id": [f"a{place}" for place in range(ROWS)],
            "connected": True,
            "canonical_hash": [f"h{place}" for place in range(ROWS)],
            "good": good,
            "good_seconds": 0.5,
            "num_parameters": rng.permutation(ROWS),
            "undefined_below": np.where(results < 0.7, np.nan, good),
            "undefined_below_seconds": 2.0,
            "easy": results,
            "hard": rng.permutation(results),
        }
    )


def found(frame: pd.DataFrame, **about: object) -> dict[tuple[str, str], Cell]:
    settings = {
        "search_space": "space", "tasks": ["easy", "hard"], "metrics": METRICS,
        "reference": "good", "rng": np.random.default_rng(0), "num_resamples": 50, **about,
    }  # fmt: skip
    return {(cell.task, cell.metric): cell for cell in cells(frame, **settings)}  # type: ignore


def test_an_undefined_score_ranks_last_among_the_same_rows_and_coverage_stands_beside() -> None:
    frame = table()
    cell = found(frame)["easy", "undefined_below"]
    last = frame["undefined_below"].fillna(-1).to_numpy()
    assert cell.n == ROWS
    assert cell.coverage == pytest.approx(0.5)
    assert cell.rho == pytest.approx(spearman_rho(last, frame["easy"].to_numpy()))


def test_rows_without_a_result_are_in_no_metric_of_that_task_only() -> None:
    frame = table()
    frame.loc[:9, "easy"] = np.nan
    by = found(frame)
    assert {by["easy", metric].n for metric in METRICS} == {ROWS - 10}
    assert {by["hard", metric].n for metric in METRICS} == {ROWS}


def test_a_good_metric_is_certainly_above_parameters_and_noise_is_not() -> None:
    by = found(table())
    assert by["easy", "good"].p_parameters < 0.001
    assert by["easy", "num_parameters"].p_best < 0.001
    assert np.isnan(by["easy", "num_parameters"].p_parameters)
    assert by["hard", "good"].p_parameters > 0.05
    assert by["easy", "undefined_below"].time_ratio == pytest.approx(4)


def test_repeats_that_disagree_widen_the_interval_and_equal_ones_do_not() -> None:
    frame = table()
    alone = found(frame)["easy", "good"]
    same = found(frame, repeats=[frame.head(40)] * 2)["easy", "good"]
    noise = frame.head(40).assign(good=np.random.default_rng(1).normal(size=40))
    other = found(frame, repeats=[noise])["easy", "good"]
    assert np.isnan(alone.repeats_std)
    assert same.interval == pytest.approx(alone.interval)
    assert other.interval[0] < alone.interval[0]
    assert other.rho == alone.rho


def test_widened_adds_variances_and_stays_within_the_range() -> None:
    assert widened((0.2, 0.8), about=0.5, std=0.4 / 1.96) == pytest.approx((0.0, 1.0))
    assert widened((0.9, 0.99), about=0.95, std=1.0) == pytest.approx((-1.0, 1.0))


def test_a_space_counts_once_however_many_tasks_it_has() -> None:
    one_task, three_tasks = np.array([[0.1], [0.9]]), np.array([[0.9] * 3, [0.1] * 3])
    assert mean_ranks([one_task, three_tasks]) == pytest.approx([1.5, 1.5])
    assert mean_ranks([np.array([[0.5], [np.nan], [0.5]])]) == pytest.approx([1.5, 3, 1.5])


def test_rhos_of_all_tasks_at_once_are_those_of_each() -> None:
    rng = np.random.default_rng(0)
    scores, results = rng.integers(0, 9, (30, 4)).astype(float), rng.normal(size=(30, 3))
    expected = [[spearman_rho(score, result) for result in results.T] for score in scores.T]
    assert rhos_of(scores, results) == pytest.approx(np.array(expected))
    results[:5, 1] = np.nan
    rated = [spearman_rho(score[5:], results[5:, 1]) for score in scores.T]
    assert rhos_of(scores, results)[:, 1] == pytest.approx(rated)
    assert rhos_of(scores, results)[:, 0] == pytest.approx(np.array(expected)[:, 0])


def test_intervals_of_mean_ranks_hold_certain_orders_and_show_uncertain_ones() -> None:
    rng = np.random.default_rng(0)
    results = rng.normal(size=(50, 2))
    scores = np.column_stack([results[:, 0], rng.normal(size=50), rng.normal(size=50)])
    low, high = mean_rank_intervals([(scores, results[:, :1])], rng=rng, num_resamples=60).T
    assert (low[0], high[0]) == (1, 1)
    assert low[1] == 2
    assert high[1] == 3


def test_the_critical_difference_is_that_of_demsar() -> None:
    # Table 5 of the paper: q = 2.569 of four classifiers; 14 data sets.
    expected = 2.569 * np.sqrt(4 * 5 / (6 * 14))
    assert critical_difference(num_metrics=4, num_spaces=14) == pytest.approx(expected, abs=1e-3)


def test_standings_count_wins_over_parameters_and_order_by_mean_rank() -> None:
    by = found(table())
    ranks = {"num_parameters": 3.0, "good": 1.0, "undefined_below": 2.0}
    ordered = standings(
        list(by.values()), {metric: (rank, (1.0, 3.0)) for metric, rank in ranks.items()}
    )
    assert [one.metric for one in ordered] == ["good", "undefined_below", "num_parameters"]
    good = ordered[0]
    assert good.columns == 2
    assert good.certain_wins == 1
    assert good.wins == sum(by[task, "good"].minus_parameters > 0 for task in ("easy", "hard"))


def test_the_shipped_board_has_every_option_of_metrics_that_needs_no_file() -> None:
    board = read_board(size=QUICK)
    left_out = {"column", "hardware"}  # of a file; of one space
    assert set(board.contestants) - {"epsilon_limits"} == set(option_names("metric")) - left_out
    assert len(board.contestants) + len(board.aggregates) >= 20
    assert sum(len(arena.tasks) for arena in board.arenas) >= 8
    assert read_board(size=FULL).departures == {}


def test_a_board_of_some_metrics_has_the_aggregates_that_they_make_up() -> None:
    board = of_metrics(read_board(size=QUICK), ["naswot", "jacob_cov", "flops", "zen"])
    assert list(board.contestants) == ["flops", "naswot", "jacob_cov", "zen"]
    assert list(board.aggregates) == list(board.notes) == ["naswot_jacob_cov_flops"]
    assert board.departures == {}  # swap is not among them


def test_the_metrics_of_a_space_have_its_published_weights_and_a_repeat_other_seeds() -> None:
    board = read_board(size=QUICK)
    nb101, toy = (build_option("search_space", name) for name in ("nb101", "toy"))
    epsilon, limits, zen = (
        board.contestants[name] for name in ("epsilon", "epsilon_limits", "zen")
    )
    assert epsilon.of(nb101, repeat=0).weights == (1e-4, 10)  # type: ignore[attr-defined]
    assert epsilon.of(toy, repeat=1).weights == (1e-7, 1)  # type: ignore[attr-defined]
    assert limits.of(nb101, repeat=1).weights == (1e-30, 1e30)  # type: ignore[attr-defined]
    assert [zen.of(toy, repeat=n).seed for n in (0, 2)] == [0, 2]  # type: ignore[attr-defined]


def test_a_table_that_is_given_is_a_task_of_its_space_and_all_tasks_know_the_sample(
    tmp_path: Path,
) -> None:
    rows = build_option("benchmark", "nb201_cifar10_half_test").load().rows.iloc[100:400]
    rows = rows[["architecture_id", "test_accuracy"]]
    rows.to_csv(tmp_path / "results.csv", index=False)
    board = read_board(size=QUICK, accuracies={"nb201/mine": tmp_path / "results.csv"})
    (arena,) = (one for one in board.arenas if one.name == "nb201")
    assert list(arena.tasks) == ["cifar10", "mine"]
    ids = sample(arena)
    assert len(ids) == arena.count
    assert set(ids) <= set(rows["architecture_id"])
    both = with_results(pd.DataFrame({"architecture_id": ids}), arena)
    assert both["mine"].to_numpy() == pytest.approx(both["cifar10"].to_numpy())


def test_the_files_of_a_benchmark_have_its_own_reader(tmp_path: Path) -> None:
    board = read_board(size=QUICK, accuracies={"nbnlp/loss": tmp_path / "logs.zip"})
    assert isinstance(board.arenas[-1].tasks["loss"], NbnlpOfficial)


def test_the_estimate_is_the_time_of_a_score_times_scores_and_repeats_over_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def score_few(arena: Arena, board: Board, ids: Sequence[str], **_: object) -> pd.DataFrame:
        asked.append(len(ids))
        return pd.DataFrame({"zen_seconds": [1.0, 3.0, np.nan], "flops_seconds": [0.5] * 3})

    monkeypatch.setattr(scores, "scored", score_few)
    board = of_metrics(read_board(size=QUICK, counts={"": 30, "darts": 6}), ["zen", "flops"])
    board = replace(board, repeats=3, repeated=10)
    seconds = estimated_seconds(board, processes=2)
    assert asked == [3] * len(board.arenas)
    total = (len(board.arenas) - 1) * (30 + 2 * 10) + 6 + 2 * 6
    assert seconds == pytest.approx(2.5 * total / 2)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--accuracies", "nowhere/task=x.csv"], "SPACE/TASK=FILE"),
        (["--accuracies", "toy"], "SPACE/TASK=FILE"),
        (["--architectures", "few"], "positive integer"),
        (["--only", "mars"], "one of the board"),
        (["--metrics", "luck"], "one of the board"),
    ],
)
def test_a_mistake_ends_with_one_sentence(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert expected in said


def test_a_small_board_end_to_end_which_estimates_its_time_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(score, "ProcessExecutor", lambda **_: SerialExecutor())
    caplog.set_level("INFO", logger=program.logger.name)
    ids = list(Toy().architecture_ids)[::6]
    results = pd.DataFrame(
        {"architecture_id": ids, "test_accuracy": np.linspace(0.1, 0.9, len(ids))}
    )
    results.to_csv(tmp_path / "results.csv", index=False)
    board = tmp_path / "board.yaml"
    size = "{architectures: 12, batch_size: 4, settings: {}}"
    board.write_text(
        f"quick: {size}\nfull: {size}\nconstant_batch_size: 4\nrepeats: 2\nrepeated: 6\n"
        "metrics:\n  num_parameters: {baseline: true}\n  epsilon: {weights: published}\n"
        "  l2_norm: {}\naggregates: {both: [num_parameters, l2_norm]}\nspaces: {}\n"
    )
    words = [
        "--full", "--board", str(board), "--accuracies", f"toy/task={tmp_path / 'results.csv'}",
        "--store", str(tmp_path / "store"), "--output", str(tmp_path / "out"),
    ]  # fmt: skip
    assert main(words) == 0
    said = [record.getMessage() for record in caplog.records]
    assert ["take about" in one for one in said[:2]] == [True, False]
    record = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {(cell["search_space"], cell["task"]) for cell in record["cells"]} == {("toy", "task")}
    assert [cell["n"] for cell in record["cells"]] == [12] * 4
    spread = {cell["metric"]: cell["repeats_std"] for cell in record["cells"]}
    assert spread["num_parameters"] == 0
    assert spread["both"] is not None
    assert record["repeated"] == {"toy": 6}
    page = Reader((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    for words_ in ("num_parameters", "both", "mean rank", "12 by column", "scored 2 times"):
        assert words_ in page.said
    assert len([name for name, _ in page.elements if name == "img"]) == 2


def test_an_interrupted_board_leaves_the_page_of_what_was_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def score_one(arena: Arena, *_: object, **__: object) -> pd.DataFrame:
        if done:
            raise KeyboardInterrupt
        done.append(arena.name)
        return pd.DataFrame()

    written: list[list[str]] = []
    monkeypatch.setattr(program, "scored", score_one)
    monkeypatch.setattr(
        program, "_write", lambda found, *_, **__: written.append([one.arena.name for one in found])
    )
    assert main(["--output", str(tmp_path)]) == 130
    assert written == [done]
