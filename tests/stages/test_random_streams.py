"""Random streams by name: those that were positions keep their draws, others depend on none."""

import numpy as np
import pytest

from epsilon_research.stages.base import random_stream

# The first draws of `default_rng(21).spawn(6)`, by which streams were found before they had names.
FIRST_DRAWS = {
    "sample": 553484190780813412,
    "bootstrap": 2111600935884362798,
    "agreement": 8201744964542803178,
    "search": 2924005484185656685,
    "repeats": 776402255177809456,
    "weight_rule": 150472209423264548,
}


@pytest.mark.parametrize("name", FIRST_DRAWS)
def test_streams_that_were_positions_keep_their_draws(name: str) -> None:
    assert random_stream(21, name).integers(2**63) == FIRST_DRAWS[name]


def test_a_new_name_is_a_stream_of_its_own() -> None:
    names = [*FIRST_DRAWS, "mine", "yours"]
    draws = {name: random_stream(21, name).integers(2**63, size=4).tolist() for name in names}
    assert len(np.unique(np.concatenate(list(draws.values())))) == 4 * len(names)
    assert random_stream(21, "mine").integers(2**63, size=4).tolist() == draws["mine"]
    assert random_stream(22, "mine").integers(2**63, size=4).tolist() != draws["mine"]
    # Pinned, so that a run's numbers do not depend on this project's version.
    assert draws["mine"][0] == 2639993922242477031
