"""Every engine gives the outputs of the PyTorch network in float64, up to a positive factor."""

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.spaces.nb201 import NasBench201
from tests.commands import ROOT

OPTIONS = sorted(path.stem for path in (ROOT / "conf" / "engine").glob("*.yaml"))
SPACE = NasBench201()
IMAGES = np.random.default_rng(0).normal(size=(8, 3, 32, 32)).astype(np.float32)
WEIGHTS = (1e-2, 1.0)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-9)])
@pytest.mark.parametrize("option", OPTIONS)
def test_it_agrees_with_the_network(option: str, dtype: str, tolerance: float) -> None:
    config = OmegaConf.load(ROOT / "conf" / "engine" / f"{option}.yaml")
    session = instantiate(config, dtype=dtype).open(IMAGES)
    truth = ReferenceEngine(dtype="float64").open(IMAGES)
    for architecture_id in SPACE.sample(4, np.random.default_rng(3)):
        program = SPACE.program(architecture_id, num_outputs=1)
        for ours, theirs in zip(
            session.outputs(program, WEIGHTS), truth.outputs(program, WEIGHTS), strict=True
        ):
            np.testing.assert_allclose(
                ours.values / np.abs(ours.values).max(),
                theirs.values / np.abs(theirs.values).max(),
                rtol=0,
                atol=tolerance,
            )
            assert ours.float32_defined == theirs.float32_defined
