"""A TensorBoard log in the run folder, read back with TensorBoard's own reader."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from epsilon_research.tracking import tensorboard as room
from epsilon_research.tracking.tensorboard import TensorBoardTracker


@pytest.mark.filterwarnings("ignore")  # of TensorBoard's own libraries
def test_everything_is_in_the_log(tmp_path: Path) -> None:
    reader: Any = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="needs tensorboard: pip install 'epsilon_research[tensorboard]'",
    )
    figure = tmp_path / "figures" / "scatter.png"
    figure.parent.mkdir()
    Image.fromarray(np.full((4, 5, 3), 200, np.uint8)).save(figure)
    with TensorBoardTracker() as tracker:
        settings = {"seed": 3, "metric": {"epsilon": {"weights": [1e-7, 1]}}}
        tracker.open(tmp_path, settings)
        table = pd.DataFrame({"id": range(500), "score": range(500)})
        figures = [figure, figure.with_suffix(".pdf")]
        tracker.log({"epsilon/connected/spearman_rho": 0.5}, {"scores": table}, figures)
    log = reader.EventAccumulator(str(tmp_path / "tensorboard"))
    log.Reload()
    (point,) = log.Scalars("epsilon/connected/spearman_rho")
    assert point.value == 0.5
    (picture,) = log.Images("figures/figures/scatter")
    assert (picture.width, picture.height) == (5, 4)
    texts = {
        tag: log.Tensors(tag)[0].tensor_proto.string_val[0].decode()
        for tag in log.Tags()["tensors"]
    }
    assert "seed: 3" in texts["settings/text_summary"]
    assert "500 rows, 200 shown" in texts["scores/text_summary"]


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="must have the package tensorboard, got none"):
        TensorBoardTracker()


def test_a_closed_log_takes_nothing() -> None:
    tracker = TensorBoardTracker.__new__(TensorBoardTracker)
    tracker._writer = None
    tracker.close(0)
    with pytest.raises(RuntimeError, match="must be open"):
        tracker.log({"a": 1}, {}, [])
