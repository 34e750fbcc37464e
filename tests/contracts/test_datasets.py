"""Every dataset that needs no file gives the same minibatch for the same generator."""

import random

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.commands import ROOT

NEED_A_FILE = {"cifar10", "cifar100", "imagenet16_120", "npy"}
OPTIONS = sorted(path.stem for path in (ROOT / "conf" / "dataset").glob("*.yaml"))


@pytest.fixture(params=[option for option in OPTIONS if option not in NEED_A_FILE])
def dataset(request: pytest.FixtureRequest):
    return instantiate(OmegaConf.load(ROOT / "conf" / "dataset" / f"{request.param}.yaml"))


def test_the_generator_alone_decides(dataset) -> None:
    hashes = []
    for unrelated in (1, 2):
        random.seed(unrelated)
        np.random.seed(unrelated)  # noqa: NPY002  # the point: it must not matter
        batch = dataset.draw(batch_size=8, rng=np.random.default_rng(5))
        hashes.append(batch.content_hash)
        assert batch.inputs.shape == (8, 3, 32, 32)
        assert batch.inputs.dtype == np.float32
        assert not batch.inputs.flags.writeable
    assert hashes[0] == hashes[1]


def test_a_batch_of_one_is_refused(dataset) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        dataset.check(batch_size=1)
