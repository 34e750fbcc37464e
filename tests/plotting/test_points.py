import numpy as np
import pandas as pd
import pytest

from epsilon_research.plotting import Target, read_points

ACCURACY = Target(column="test_accuracy", label="test accuracy")
LOSS = Target(column="test_accuracy", label="test loss", higher_is_better=False)


def test_accuracies_become_percentages_and_losses_stay(frame):
    accuracies = read_points(frame, metric="epsilon", target=ACCURACY)
    losses = read_points(frame, metric="epsilon", target=LOSS)
    assert np.allclose(accuracies["target"], 100 * losses["target"], equal_nan=True)
    assert np.array_equal(losses["target"], frame["test_accuracy"], equal_nan=True)


def test_only_scored_architectures_are_new_coverage(frame):
    points = read_points(frame, metric="epsilon", target=None)
    expected = ~frame["epsilon_float32_defined"] & frame["epsilon"].notna()
    assert np.array_equal(points["float32_undefined"], expected)
    assert not read_points(frame, metric="seconds", target=None)["float32_undefined"].any()


def test_ranked_points_are_connected_with_a_score_and_an_accuracy(frame):
    points = read_points(frame, metric="num_parameters", target=ACCURACY).ranked()
    assert len(points) == int((frame["connected"] & frame["test_accuracy"].notna()).sum())
    assert points["connected"].all()


@pytest.mark.parametrize(("higher_is_better", "kept"), [(True, [9]), (False, [0])])
def test_the_top_tenth_is_beyond_the_percentile_of_the_better_side(higher_is_better, kept):
    table = pd.DataFrame(
        {
            "connected": True,
            "num_parameters": 5,
            "m": np.arange(10.0),
            "test_accuracy": np.arange(10) / 10,
        }
    )
    target = ACCURACY if higher_is_better else LOSS
    points = read_points(table, metric="m", target=target)
    assert points.top_tenth()["score"].tolist() == kept


def test_a_missing_column_is_named(frame):
    with pytest.raises(KeyError, match="synflow"):
        read_points(frame, metric="synflow", target=ACCURACY)


def test_a_loss_axis_says_its_direction_and_an_accuracy_axis_its_unit():
    assert LOSS.axis_label == "test loss (lower is better)"
    assert ACCURACY.axis_label == "test accuracy (%)"
