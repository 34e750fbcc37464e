"""Which architectures a run scores."""

from pathlib import Path

import numpy as np
import pytest

from epsilon_research.spaces import Selection
from epsilon_research.spaces.nb201 import NasBench201, official_order

ORDER = official_order()


def select(**choices: object) -> Selection:
    return Selection(space=NasBench201(), published_weights=[1e-7, 1], **choices)


def chosen(*, auto: int | None = None, **choices: object) -> list[str]:
    return select(**choices).choose(np.random.default_rng(0), auto=auto)


def test_auto_is_what_the_engine_says() -> None:
    assert chosen(auto=None) == list(ORDER)
    assert len(chosen(auto=7)) == 7


def test_all_is_the_whole_space_whatever_the_engine() -> None:
    assert chosen(num_architectures="all", auto=7) == list(ORDER)


def test_a_number_is_a_seeded_sample() -> None:
    assert chosen(num_architectures=9) == chosen(num_architectures=9)
    assert len(set(chosen(num_architectures=9))) == 9


def test_first_is_in_official_order() -> None:
    assert chosen(first=5) == list(ORDER[:5])


def test_rated_is_what_the_table_knows_in_the_benchmark_s_order() -> None:
    known = [ORDER[9], ORDER[3], "elsewhere"]
    found = select(num_architectures="rated").choose(np.random.default_rng(0), auto=1, known=known)
    assert found == [ORDER[3], ORDER[9]]
    with pytest.raises(ValueError, match="rated must have a table of accuracies, got none"):
        chosen(num_architectures="rated")


KNOWN = [ORDER[place] for place in (900, 30, 7000, 12, 345, 15_000)]


def from_part(**choices: object) -> list[str]:
    """What is chosen where a table knows six architectures of the whole space."""
    auto = choices.pop("auto", None)
    return select(**choices).choose(np.random.default_rng(0), auto=auto, known=KNOWN)


@pytest.mark.parametrize("choices", [{"num_architectures": 4}, {"auto": 4}])
def test_a_sample_is_of_what_the_table_knows_in_the_benchmark_s_order(choices: dict) -> None:
    found = from_part(**choices)
    assert len(set(found)) == 4
    assert set(found) < set(KNOWN)
    assert found == sorted(found, key=ORDER.index)


def test_what_an_engine_scores_quickly_is_cut_to_what_the_table_knows() -> None:
    assert set(from_part(auto=200)) == set(KNOWN)


@pytest.mark.parametrize("choices", [{"num_architectures": "all", "auto": 7}, {"auto": None}])
def test_the_whole_space_is_scored_whatever_the_table_knows(choices: dict) -> None:
    assert from_part(**choices) == list(ORDER)
    assert from_part(first=5) == list(ORDER[:5])


def test_a_sample_larger_than_what_the_table_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between 1 and 6, .* the accuracy table knows, got 7"):
        from_part(num_architectures=7)


def test_a_table_of_the_whole_space_does_not_change_a_sample() -> None:
    with_table = select(num_architectures=9).choose(
        np.random.default_rng(0), auto=None, known=list(reversed(ORDER))
    )
    assert with_table == chosen(num_architectures=9)


def test_positions_of_the_benchmark_are_taken_for_ids(tmp_path: Path) -> None:
    file = tmp_path / "cells.txt"
    file.write_text(f"7\n{ORDER[3]}\n0\n")
    assert chosen(architectures=str(file)) == [ORDER[7], ORDER[3], ORDER[0]]
    assert chosen(architectures=[15_624]) == [ORDER[-1]]


def test_a_list_and_a_file_keep_their_order(tmp_path: Path) -> None:
    wanted = [ORDER[8], ORDER[2]]
    file = tmp_path / "cells.txt"
    file.write_text(f"{wanted[0]}\n\n  {wanted[1]}\n")
    assert chosen(architectures=wanted) == wanted
    assert chosen(architectures=str(file)) == wanted


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"first": 3, "num_architectures": 3}, "at most one of"),
        (
            {"num_architectures": "some"},
            "must be an integer, 'all', 'rated' or 'auto', got 'some'",
        ),
        ({"num_architectures": True}, "must be an integer"),
        ({"first": 0}, "search_space.first must be an integer of 1 or more, or null, got 0"),
        ({"architectures": []}, "at least one architecture, got none"),
        ({"architectures": ["|x|"]}, "line 1: a NAS-Bench-201 architecture must be written"),
        ({"architectures": [ORDER[0], ORDER[0]]}, "line 2: every architecture .* line 1 already"),
        ({"architectures": [15_625]}, "position on nb201 must lie between 0 and 15624, got 15625"),
        ({"architectures": [0, ORDER[0]]}, "line 2: every architecture .* line 1 already"),
        ({"architectures": ["-1"]}, "line 1: a NAS-Bench-201 architecture must be written"),
        ({"architectures": "no/such/file"}, "got 'no/such/file', which is not a file"),
    ],
)
def test_an_impossible_choice_is_refused(choices: dict, sentence: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        chosen(**choices)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cells.txt"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="UTF-8"):
        chosen(architectures=str(file))
