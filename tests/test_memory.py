"""Settings that no memory holds are refused before anything is drawn."""

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from epsilon_research import memory
from epsilon_research.data.photos import Photos
from epsilon_research.data.random_tokens import RandomTokens
from epsilon_research.data.synthetic import GreyScale, RandomNormal
from epsilon_research.memory import memory_bytes
from epsilon_research.spaces import Selection
from epsilon_research.spaces.toy import Toy


@pytest.mark.parametrize(
    ("dataset", "batch_size"),
    [
        (RandomNormal(), 100_000_000),
        (GreyScale(image_size=1_000_000), 3),
        (Photos(), 100_000_000),
        (RandomTokens(), 100_000_000),
        (RandomTokens(sequence_length=10**9), 3),
    ],
)
def test_a_minibatch_beyond_memory_is_refused(dataset, batch_size: int) -> None:
    with pytest.raises(ValueError, match="batch_size must be such that the minibatch fits into"):
        dataset.check(batch_size=batch_size)


def test_usual_minibatches_are_taken() -> None:
    for dataset in (RandomNormal(), Photos(), RandomTokens()):
        dataset.check(batch_size=256)


@pytest.mark.parametrize("choice", ["num_architectures", "first"])
def test_a_table_beyond_memory_is_refused(choice: str) -> None:
    with pytest.raises(ValueError, match=f"search_space.{choice} must be such that the table"):
        replace(Selection(space=Toy(), published_weights=None), **{choice: 10**12})


def test_what_is_estimated_is_what_is_drawn() -> None:
    import numpy as np

    for dataset in (RandomNormal(), GreyScale(image_size=8), Photos(), RandomTokens()):
        minibatch = dataset.draw(batch_size=4, rng=np.random.default_rng(0))
        assert minibatch.inputs.nbytes == 4 * dataset.sample_bytes


def test_limits_of_processes_and_containers_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
    told += "from epsilon_research.memory import memory_bytes; print(memory_bytes() <= 2**31)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
    (tmp_path / "memory.max").write_text("12345678\n")
    monkeypatch.setattr(memory, "_CONTROL_GROUP", (tmp_path / "memory.max",))
    assert memory_bytes() == 12345678
    (tmp_path / "memory.max").write_text("max\n")
    assert 12345678 < memory_bytes() <= resource.getpagesize() * 2**40
