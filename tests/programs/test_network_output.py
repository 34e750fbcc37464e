"""Which tensor is scored of all that a network returns."""

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from epsilon_research.programs.network_output import (
    NetworkError,
    check_batch_axis,
    select_output,
)

MAPS, FEATURES, LOGITS = torch.zeros(4, 8, 2, 2), torch.zeros(4, 8), torch.zeros(4, 10)


@dataclass
class Heads:
    """What a network of a library returns."""

    logits: torch.Tensor
    maps: torch.Tensor | None = None


Pair = namedtuple("Pair", "features logits")


@pytest.mark.parametrize(
    ("outputs", "output", "expected"),
    [
        (MAPS, None, MAPS),
        ((FEATURES, LOGITS), None, LOGITS),
        ((LOGITS, MAPS), None, LOGITS),
        ((LOGITS, None), None, LOGITS),
        ([MAPS], None, MAPS),
        ({"out": LOGITS, "aux": MAPS}, None, LOGITS),
        (({"a": [FEATURES]}, MAPS), None, FEATURES),
        (Heads(LOGITS, MAPS), None, LOGITS),
        ((FEATURES, LOGITS), 0, FEATURES),
        ((FEATURES, LOGITS), -1, LOGITS),
        ({"out": LOGITS, "aux": MAPS}, "aux", MAPS),
        ({0: LOGITS, 1: MAPS}, 1, MAPS),
        (Heads(LOGITS, MAPS), "maps", MAPS),
        (Pair(FEATURES, LOGITS), "features", FEATURES),
    ],
)
def test_the_output_that_is_meant(
    outputs: Any, output: int | str | None, expected: torch.Tensor
) -> None:
    assert select_output(outputs, output=output) is expected


@pytest.mark.parametrize(
    ("outputs", "output", "sentence"),
    [
        (None, None, "must be a tensor, got NoneType"),
        ({"loss": 1.0}, None, "must be a tensor, got dict with keys 'loss'"),
        ((MAPS, MAPS), None, r"two axes .*got shapes \(4, 8, 2, 2\), .*pass output="),
        (LOGITS, 0, "must be left out where a network returns one tensor"),
        ((FEATURES, LOGITS), 2, "tuple of Tensor, Tensor.*got 2"),
        ({"out": LOGITS}, "aux", "keys 'out'.*got 'aux'"),
        (Heads(LOGITS), "maps", "output 'maps' of the network must be a tensor, got NoneType"),
    ],
)
def test_an_output_that_is_not_there(outputs: Any, output: int | str | None, sentence: str) -> None:
    with pytest.raises(NetworkError, match=sentence):
        select_output(outputs, output=output)


def test_an_output_without_the_batch_is_refused() -> None:
    assert check_batch_axis(LOGITS, batch_size=4) is LOGITS
    for tensor in (torch.zeros(()), torch.zeros(10, 4)):
        with pytest.raises(NetworkError, match="must be the batch of 4 images"):
            check_batch_axis(tensor, batch_size=4)
