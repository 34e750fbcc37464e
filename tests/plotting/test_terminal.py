import io

import pytest
from rich.console import Console

from epsilon_research.plotting import results_table
from epsilon_research.plotting.terminal import duration


def _protocol(**changes) -> dict:
    return {
        "n": 423_624,
        "coverage": 0.99999,
        "spearman_rho": -0.8765,
        "spearman_rho_interval": [-0.8911, -0.8612],
        "kendall_tau": -0.6543,
        "kendall_tau_interval": [-0.7012, -0.6123],
        "spearman_rho_top10": -0.1234,
        "spearman_rho_top10_interval": [-0.2, -0.1],
        "kendall_tau_top10": 0.1,
        "top10_overlap_percent": 38.46,
        "top64_in_top5": 64,
    } | changes


SUMMARY = {
    "run": {
        "search_space": "nb201",
        "dataset": "photos",
        "benchmark": "nb201_cifar10",
        "weights": [1e-7, 1],
        "batch_size": 256,
        "seed": 0,
        "engine": "collapsed",
    },
    "counts": {"architectures": 423_624, "connected": 423_600, "failed": 24, "from_store": 0},
    "timing": {
        "scoring_seconds": 83.4,
        "total_seconds": 7620,
        "architectures_per_second": 5079.4,
        "processes": 2,
    },
    "metrics": {"epsilon": {"paper": _protocol(n=12), "connected": _protocol()}},
    "diagnosis": {"epsilon": ["24 of 423,624 scores are undefined: 24 disconnected."]},
}


def _print(summary: dict, *, width: int = 80, terminal: bool = False) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, force_terminal=terminal).print(results_table(summary))
    return stream.getvalue()


def test_the_widest_numbers_fit_into_80_columns_untruncated():
    text = _print(SUMMARY)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    for part in (
        "423,624",
        "99.9",
        "−0.876",
        "[−0.891, −0.861]",
        "−0.654",
        "[−0.701, −0.612]",
        "−0.123",
        "38.5",
        "64",
    ):
        assert part in text


def test_settings_counts_time_and_diagnosis_are_there():
    text = " ".join(_print(SUMMARY).split())
    for part in (
        "search_space=nb201",
        "weights=[1e-07,1]",
        "423,600 connected",
        "24 failed",
        "scoring 1 min 23 s, 5,079/s, 2 processes, altogether 2 h 07 min",
        "→ 24 of 423,624 scores are undefined",
    ):
        assert part in text


def test_text_is_plain_where_no_terminal_is_and_styled_where_one_is():
    assert "\x1b" not in _print(SUMMARY)
    assert "\x1b[" in _print(SUMMARY, terminal=True)


@pytest.mark.parametrize("width", [40, 120])
def test_other_widths_are_printed_too(width):
    assert "epsilon" in _print(SUMMARY, width=width)


def test_values_that_could_not_be_computed_are_dashes():
    missing = _protocol(
        spearman_rho=None,
        spearman_rho_interval=[None, None],
        top10_overlap_percent=float("nan"),
        top64_in_top5=None,
    )
    text = _print({"metrics": {"epsilon": {"connected": missing}}})
    assert "[–, –]" in text
    assert "nan" not in text
    assert "None" not in text


def test_without_a_table_the_counts_remain():
    text = _print(SUMMARY | {"metrics": {"epsilon": {"connected": {"n": 3}}}})
    assert "no accuracies to compare with" in text
    assert "423,600 connected" in text
    assert "→ 24 of" in text


def test_square_brackets_in_words_are_not_taken_for_markup():
    text = _print(SUMMARY | {"diagnosis": {"epsilon": ["try weights=[1e-7,1] or [bold]"]}})
    assert "try weights=[1e-7,1] or [bold]" in text


def test_square_brackets_in_settings_are_not_taken_for_markup():
    run = {"search_space": "[red]nb201", "weights": [1e-7, 1]}
    assert "search_space=[red]nb201" in _print(SUMMARY | {"run": run})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.43, "0.4 s"),
        (9.97, "10 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.8, "1 h 00 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds, words):
    assert duration(seconds) == words
