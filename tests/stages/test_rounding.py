"""How far scores are from exact ones."""

import numpy as np
import pandas as pd
import pytest

from epsilon_research.stages.rounding import Rounding, compare_with_exact
from tests.stages.contexts import prepared_run


def frame(noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    exact = rng.uniform(size=50)
    scores = exact + noise * rng.choice([-1.0, 1.0], size=50)
    scores[7] = np.nan
    return pd.DataFrame(
        {
            "maps": scores,
            "maps_resolution": 0.2,
            "maps_resolved": noise < 1e-3,
            "exact": exact,
            "exact_resolution": 0.0,
        }
    )


def test_small_errors_leave_the_order() -> None:
    found = compare_with_exact(frame(1e-6), "maps", exact="exact")
    assert found["n"] == 49
    assert found["unresolved"] == 0
    assert found["median_error"] == pytest.approx(1e-6)
    assert found["largest_error"] == pytest.approx(1e-6)
    assert found["within_resolution"] == 1.0
    assert found["spearman_rho"] == pytest.approx(1.0)


def test_errors_beyond_the_resolution_are_counted_and_change_the_order() -> None:
    found = compare_with_exact(frame(0.3), "maps", exact="exact")
    assert found["unresolved"] == 49
    assert found["within_resolution"] == 0.0
    assert found["spearman_rho"] < 0.9


def test_nothing_in_common_is_counted_as_nothing() -> None:
    table = frame(0.1)
    table["maps"] = np.nan
    assert compare_with_exact(table, "maps", exact="exact") == {"n": 0}


def test_a_run_without_an_exact_metric_is_refused() -> None:
    with pytest.raises(ValueError, match=r"exact must name one of .* epsilon metrics, got 'truth'"):
        Rounding(exact="truth").check(prepared_run())
