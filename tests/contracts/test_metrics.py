"""Every metric gives a score or a reason, the same one each time."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from epsilon_research.collapse import lower
from epsilon_research.data import Minibatch
from epsilon_research.metrics import scorer_of
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.toy import Toy
from epsilon_research.store.part import encode, read_part
from tests.commands import ROOT
from tests.stand_ins import candidate_of

OPTIONS = sorted(path.stem for path in (ROOT / "conf" / "metric").glob("*.yaml"))
SPACE = NasBench201()
IMAGES = np.random.default_rng(0).normal(size=(8, 3, 32, 32)).astype(np.float32)
MINIBATCH = Minibatch(inputs=IMAGES, kind="images", dataset="noise")


def _required(option: str, folder: Path) -> dict:
    """Settings that an option has no value for."""
    if option != "column":
        return {}
    path = folder / "scores.csv"
    lines = [f"{id_},{row}" for row, id_ in enumerate(SPACE.architecture_ids[::2])]
    path.write_text("\n".join(["architecture_id,score", *lines]))
    return {"column": {"path": str(path), "column": "score"}}


@pytest.mark.parametrize("option", OPTIONS)
def test_a_score_or_a_reason(option: str, tmp_path: Path) -> None:
    config = OmegaConf.merge(
        {"weights": [1e-7, 1], "engine": OmegaConf.load(ROOT / "conf/engine/collapsed.yaml")},
        OmegaConf.load(ROOT / "conf" / "metric" / f"{option}.yaml"),
        _required(option, tmp_path),
    )
    assert option in config
    metric = instantiate(OmegaConf.select(config, option), _convert_="all")
    # PyTorch networks of the benchmark take too long for a test.
    shelves = {}
    space, count = (SPACE, 30) if metric.candidates_per_chunk > 16 else (Toy(), 4)
    scorers = [scorer_of(metric, MINIBATCH) for _ in range(2)]
    evaluate, everything = metric.evaluator(MINIBATCH), range(len(metric.passes))
    for architecture_id in space.sample(count, np.random.default_rng(4)):
        program = space.program(architecture_id, num_outputs=1)
        connected = lower(program, height=32, width=32).connected
        candidate = candidate_of(space, architecture_id, connected=connected)
        first, second = (score(candidate) for score in scorers)
        assert first.columns.keys() <= metric.columns.keys()
        if first.failure is None:
            assert set(first.columns) == set(metric.columns)
        assert math.isnan(first.value) == (first.failure is not None)
        np.testing.assert_array_equal(first.value, second.value)
        for number, evaluation in zip(everything, evaluate(candidate, everything), strict=True):
            shelves.setdefault(number, []).append((bytes(16), evaluation))
    for number, rows in shelves.items():
        pass_ = metric.passes[number]
        form = pass_.form
        if pass_.per_output:
            form = replace(form, length=MINIBATCH.num_outputs)
        # What a metric computes the store takes for sound, values and failures alike.
        for _, name, content in encode(rows):
            (tmp_path / name).write_bytes(content)
            part, _ = read_part(tmp_path / name, form=form)
            assert len(part.keys) == len(rows)
