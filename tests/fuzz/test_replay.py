"""Each target on its seeds, on what was found harmful, and on a few mutations."""

import random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import mutated
from tests.fuzz.target import answered, check_sentence
from tests.fuzz.targets import TARGETS

# Only errors are answers.
pytestmark = pytest.mark.filterwarnings("ignore")

EXAMPLES = {
    "saved_config": 5,
    "hostile_config": 8,
    "table_csv": 10,
    "column_csv": 10,
}
"""Fewer where an input takes long."""


@pytest.mark.parametrize("name", [*TARGETS])
def test_seeds_are_answered(name: str) -> None:
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", [*TARGETS])
def test_mutations_are_answered(name: str) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())

    @settings(
        max_examples=EXAMPLES.get(name, 30),
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(number=st.integers(0, 2**64))
    def tried(number: int) -> None:
        rng = random.Random(number)
        target.run(mutated(rng.choice(seeds), seeds, rng, max_bytes=target.max_bytes))

    tried()


def test_words_of_others_are_findings() -> None:
    with pytest.raises(UnicodeDecodeError), answered():
        b"\xff".decode()
    with pytest.raises(KeyError), answered():
        raise KeyError("a")
    for text in ("", "a\nb", "a" * 5000):
        with pytest.raises(AssertionError, match="one sentence"), answered():
            raise ValueError(text)
    with answered(LookupError):
        raise LookupError("one sentence")
    check_sentence("one sentence")


def test_mutations_are_of_every_kind_and_bounded() -> None:
    rng = random.Random(0)
    found = {mutated(b"length 12, then", [b"other"], rng, max_bytes=64) for _ in range(4000)}
    assert len(found) > 3000
    assert max(map(len, found)) == 64
    assert min(map(len, found)) < 5
    assert any(b"1000000000000" in data for data in found)
    assert any((10**12).to_bytes(8, "big") in data for data in found)
