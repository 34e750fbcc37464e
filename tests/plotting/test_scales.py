import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from epsilon_research.plotting.scales import (
    ERROR,
    LINEAR,
    LOG,
    apply_scale,
    choose_percent_scale,
    choose_scale,
    count_label,
    log_ticks,
    value_labels,
)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (np.linspace(5e-5, 0.8, 1000), LINEAR),
        (np.geomspace(1e-5, 2, 1000), LOG),
        (np.append(np.geomspace(1e-5, 2, 1000), 0.0), LINEAR),
    ],
)
def test_positive_scores_over_many_decades_get_a_log_axis_and_others_a_linear_one(values, scale):
    assert choose_scale(values) is scale


def test_accuracies_crowded_at_the_top_get_an_error_axis_and_even_ones_a_linear_one(shared):
    table = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    assert choose_percent_scale(100 * table["validation_accuracy"].to_numpy()) is ERROR
    assert choose_percent_scale(np.linspace(90, 95, 100)) is LINEAR


@pytest.mark.parametrize("values", [[], [0.5], [0.0], [3.0, 3.0], [np.float64(-2.0)]])
def test_few_or_equal_values_are_linear_with_an_axis_of_some_length(values):
    scale = choose_scale(np.array(values, np.float64))
    axes = Figure().add_subplot()
    apply_scale(axes.xaxis, scale, np.array(values, np.float64))
    low, high = axes.get_xlim()
    assert scale is LINEAR
    assert low < high
    assert all(low < value < high for value in values)


@pytest.mark.parametrize("scale", [LINEAR, LOG, ERROR])
def test_every_value_lies_within_the_axis(scale):
    values = np.array([0.5, 3.0, 60.0, 93.5])
    axes = Figure().add_subplot()
    apply_scale(axes.yaxis, scale, values)
    low, high = axes.get_ylim()
    positions = scale.forward(values)
    assert low < positions.min() < positions.max() < high
    assert np.all(np.diff(positions) > 0)


def test_ticks_of_an_error_axis_lie_where_their_labels_say():
    axes = Figure().add_subplot()
    apply_scale(axes.xaxis, ERROR, np.array([10.0, 94.4]))
    labels = [float(label.get_text()) for label in axes.get_xticklabels()]
    assert np.allclose(axes.get_xticks(), ERROR.forward(np.array(labels)))
    assert 90 in labels


def test_log_ticks_are_decades_where_there_are_three_and_else_1_2_5():
    assert log_ticks(1e-4, 2.0)[0] == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])
    assert 5e5 in log_ticks(7e4, 1.5e6)[0]


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
