"""Where a search may go: draws and mutations among what is known."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from epsilon_research.search_methods import Domain
from epsilon_research.search_methods.domain import MOST_DRAWS
from tests.search_methods.words import Words, distance

SPACE = Words()


def test_without_known_architectures_the_space_is_the_domain() -> None:
    domain = Domain(space=SPACE)
    rng = np.random.default_rng(0)
    drawn = {domain.draw(rng) for _ in range(2000)}
    assert drawn == set(SPACE.architecture_ids)
    assert {distance(domain.mutate("aaaa", rng), "aaaa") for _ in range(50)} == {1}
    assert (domain.num_mutations, domain.num_redraws, domain.num_fallbacks) == (50, 0, 0)


def test_draws_are_uniform_over_the_known() -> None:
    domain = Domain(space=SPACE, known=["aaaa", "abca", "cccc"])
    rng = np.random.default_rng(1)
    counts = Counter(domain.draw(rng) for _ in range(3000))
    assert set(counts) == {"aaaa", "abca", "cccc"}
    # Five standard deviations of a binomial: a false alarm in a million seeds.
    assert all(abs(count - 1000) < 5 * (3000 * 2 / 9) ** 0.5 for count in counts.values())


def test_children_that_are_not_known_are_drawn_again_and_counted() -> None:
    known = ["aaaa", "aaab", "caaa", "bbbb"]
    domain = Domain(space=SPACE, known=known)
    rng = np.random.default_rng(2)
    children = Counter(domain.mutate("aaaa", rng) for _ in range(400))
    # Two of the eight neighbours are known: three of four mutations are drawn again.
    assert set(children) == {"aaab", "caaa"}
    assert domain.num_mutations == 400
    assert 900 < domain.num_redraws < 1500
    assert domain.num_fallbacks == 0


def test_an_architecture_without_known_neighbours_gets_a_uniform_draw() -> None:
    domain = Domain(space=SPACE, known=["aaaa", "bbbb"])
    rng = np.random.default_rng(3)
    assert {domain.mutate("aaaa", rng) for _ in range(40)} == {"aaaa", "bbbb"}
    assert domain.num_fallbacks == 40
    assert domain.num_redraws == 40 * MOST_DRAWS


def test_published_mutations_are_drawn_where_they_are_asked_for() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Published(Words):
        def mutate_as_published(self, architecture_id: str, rng: np.random.Generator) -> str:
            return "cccc"

    space, rng = Published(), np.random.default_rng(4)
    assert Domain(space=space, mutates_as_published=True).mutate("aaaa", rng) == "cccc"
    assert distance(Domain(space=space).mutate("aaaa", rng), "aaaa") == 1


def test_nothing_known_is_refused() -> None:
    with pytest.raises(ValueError, match="must have some architecture with a known accuracy"):
        Domain(space=SPACE, known=[])
