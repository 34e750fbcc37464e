"""From where on outputs no longer change: arithmetic on made-up paths."""

from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from epsilon_research.weights.limits import limit_place, output_changes, pairwise_changes


def distances(path: Iterable[float]) -> np.ndarray:
    """Changes between points that move along a line."""
    points = np.array(list(path), dtype=np.float64)
    return np.abs(points[:, None] - points[None, :])


def test_a_limit_is_confirmed_by_several_weights_further_out() -> None:
    assert limit_place(distances([0, 1, 1, 1]), tolerance=0.01) is None
    assert limit_place(distances([0, 1, 1, 1, 1]), tolerance=0.01) == 1
    assert limit_place(distances([0, 1, 1, 1]), tolerance=0.01, confirmations=2) == 1
    plateau_in_the_middle = [0, 0.5, 0.5, 0.5, 0.5, 1, 1, 1, 1]
    assert limit_place(distances(plateau_in_the_middle), tolerance=0.01) == 5


PATHS = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(PATHS, st.floats(0.001, 0.5), st.integers(1, 4))
def test_the_limit_is_as_defined_and_the_first_such(
    path: list[float], tolerance: float, confirmations: int
) -> None:
    changes = distances(path)
    place = limit_place(changes, tolerance=tolerance, confirmations=confirmations)
    calm = [
        start
        for start in range(len(path) - confirmations)
        if all(abs(path[start] - later) <= tolerance for later in path[start + 1 :])
    ]
    assert place == (calm[0] if calm else None)


def test_a_change_is_of_values_or_of_which_are_kept() -> None:
    nan = np.nan
    first = np.array([[nan, 0.5, 1], [nan, 0.5, 1], [nan, 0.5, 1], [nan, nan, nan]])
    second = np.array([[nan, 0.4, 1], [0.001, nan, 1], [nan, 0.5, 1], [nan, 0.5, 1]])
    expected = [0.1, 2 / 3, 0, np.inf]
    np.testing.assert_allclose(output_changes(first, second), expected)
    np.testing.assert_allclose(output_changes(second, first), expected)


def test_vectors_without_any_score_are_never_taken_for_equal() -> None:
    undefined = np.full((2, 5), np.nan)
    assert np.isinf(output_changes(undefined, undefined)).all()


def test_changes_are_between_every_two_weights() -> None:
    outputs = np.random.default_rng(0).random((4, 3, 5))
    changes = pairwise_changes(outputs)
    assert changes.shape == (3, 3, 4)
    np.testing.assert_array_equal(changes, changes.swapaxes(0, 1))
    np.testing.assert_array_equal(np.diagonal(changes), np.zeros((4, 3)))
    np.testing.assert_array_equal(changes[0, 2], output_changes(outputs[:, 0], outputs[:, 2]))
