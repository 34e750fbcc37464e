"""Every dataset that needs no file gives the same minibatch for the same generator."""

import random

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.commands import ROOT

FILES = sorted((ROOT / "conf" / "dataset").glob("*.yaml"))
SELF_SUFFICIENT = [file for file in FILES if not {"root", "path"} & set(OmegaConf.load(file))]

SHAPES = {"images": (8, 3), "tokens": (70, 8, 400)}
"""Of a minibatch of eight, without the size of images, which a dataset may choose."""


@pytest.fixture(params=SELF_SUFFICIENT, ids=lambda file: file.stem)
def dataset(request: pytest.FixtureRequest):
    return instantiate(OmegaConf.load(request.param))


def test_the_defaults_are_among_those_that_need_no_file() -> None:
    assert {"photos", "grey_scale", "random_normal", "random_tokens"} <= {
        file.stem for file in SELF_SUFFICIENT
    }


def test_the_generator_alone_decides(dataset) -> None:
    hashes = []
    for unrelated in (1, 2):
        random.seed(unrelated)
        np.random.seed(unrelated)  # noqa: NPY002  # the point: it must not matter
        torch.manual_seed(unrelated)
        batch = dataset.draw(batch_size=8, rng=np.random.default_rng(5))
        hashes.append(batch.content_hash)
        shape = SHAPES[batch.kind]
        assert batch.inputs.shape[: len(shape)] == shape
        assert batch.inputs.dtype == np.float32
        assert (batch.kind, batch.num_samples) == (dataset.kind, 8)
        assert not batch.inputs.flags.writeable
    assert hashes[0] == hashes[1]


def test_a_batch_of_two_is_refused(dataset) -> None:
    with pytest.raises(ValueError, match="at least 3"):
        dataset.check(batch_size=2)
