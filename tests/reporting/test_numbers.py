"""Numbers as text."""

from math import inf, nan

import pytest

from epsilon_research.reporting import numbers


@pytest.mark.parametrize("undefined", [None, nan, inf, True])
def test_what_is_undefined_is_a_dash(undefined: float | None) -> None:
    for write in (numbers.value, numbers.difference, numbers.percent, numbers.short_duration):
        assert write(undefined) == "–"
    assert numbers.published(undefined, "n") == "–"
    assert numbers.interval([0.1, undefined]) == ""


@pytest.mark.parametrize(
    ("number", "statistic", "value", "published", "difference"),
    [
        (-0.1234, "spearman_rho", "−0.123", "−0.1234", "−0.123"),
        (0.3, "kendall_tau", "0.300", "0.30", "+0.300"),
        (0.0004, "spearman_rho", "0.000", "0.0004", "0.000"),
        (-0.0004, "spearman_rho", "−0.000", "−0.0004", "0.000"),
        (9226, "n", "9,226", "9,226", "+9,226"),
        (67.06, "top10_overlap_percent", "67.1", "67.06", "+67.1"),
        (1234.5678, "anything", "1235", "1234.57", "+1235"),
    ],
)
def test_digits_and_signs(
    number: float, statistic: str, value: str, published: str, difference: str
) -> None:
    assert numbers.value(number, statistic) == value
    assert numbers.published(number, statistic) in (published, f"{number:.4g}")
    assert numbers.difference(number, statistic) == difference


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.96, "10 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert numbers.duration(seconds) == words


def test_several_counts_are_a_range_and_equal_ones_one_count() -> None:
    assert numbers.count_range([4907.0, 12, 300]) == "12–4,907"
    assert numbers.count_range([7, 7]) == "7"
    assert numbers.count_range([]) == ""


def test_settings_are_written_as_typed_and_only_all_is_100_percent() -> None:
    assert numbers.setting([1e-7, 1.0, 10, None, True, "a"]) == "[1e-7,1,10,null,true,a]"
    assert (numbers.percent(0.99999), numbers.percent(1.0)) == ("99.9", "100.0")
    assert numbers.interval((-0.05, 0.879)) == "[−.050, .879]"
