import pytest

from epsilon_research.plotting.notes import (
    count_label,
    statistics_note,
    value_labels,
    weights_in_words,
)

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


@pytest.mark.parametrize(
    ("count", "label"), [(950, "950"), (20_000, "20k"), (1_500_000, "1.5M"), (2e9, "2G")]
)
def test_counts_have_a_unit_prefix(count, label):
    assert count_label(count) == label


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.01, 0.5, 20.0], ["0.01", "0.5", "20"]),
        ([-2, 0, 1024], ["−2", "0", "1024"]),
        ([1e-7, 1e-2, 1], ["10⁻⁷", "10⁻²", "1"]),
        ([3.2e-5, 20_000], ["3.2·10⁻⁵", "2·10⁴"]),
        ([500.0, 200_000], ["500", "200k"]),
        ([1.0, 1e15], ["1", "10¹⁵"]),
    ],
)
def test_labels_of_ticks_are_plain_numbers_or_powers_of_ten(values, labels):
    assert value_labels(values) == labels


def test_weights_are_named():
    assert weights_in_words([1e-7, 1.0]) == "weights 10⁻⁷ and 1"
    assert weights_in_words([]) == ""


def test_the_note_has_the_statistics_of_the_connected_protocol():
    assert statistics_note(STATISTICS, top=False, num_points=5) == (
        "protocol connected: n = 388, coverage 99.0 %\nρ = 0.876, 95 % CI [.861, .891]\nτ = −0.250"
    )
    assert statistics_note(None, top=False, num_points=5) == "protocol connected: n = 5"


def test_the_top_tenth_has_its_own_statistics_and_number():
    note = statistics_note(STATISTICS, top=True, num_points=39)
    assert note == "10 % most accurate of protocol connected: n = 39\nρ = 0.441"
