"""A W&B run without a network, read back from the file it leaves."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from epsilon_research.tracking import WandbTracker
from tests.offline_run import records

# One process per run: W&B keeps a helper process and its settings until the process ends.
_RUN = """
import json, random, socket, sys
from pathlib import Path

open_socket = socket.socket
class UnixSocket(open_socket):  # W&B talks to its helper process through one
    def __init__(self, family=socket.AF_INET, *args, **kwargs):
        if family in (-1, socket.AF_INET, socket.AF_INET6) and kwargs.get("fileno") is None:
            raise OSError("the network was used")
        super().__init__(family, *args, **kwargs)
socket.socket = UnixSocket

import pandas as pd
from epsilon_research.tracking import WandbTracker

run_dir, ending = Path(sys.argv[1]), sys.argv[2]
random.seed(0)
state = random.getstate()
table = pd.DataFrame({
    "architecture_id": ["a", "b", "c"],
    "epsilon": [0.25, float("nan"), 0.75],
    "epsilon_failure": [None, "disconnected", None],
    "never": [None, None, None],
})
with WandbTracker(project="epsilon_research") as tracker:
    tracker.open(run_dir, {
        "name": "paper_table", "weights": [1e-7, 1], "benchmark": None,
        # Longer than a block of the file, so that reading it back joins parts.
        "long": {str(i): "x" * 100 for i in range(1000)},
    })
    numbers = {"epsilon/connected/spearman_rho": 0.875, "epsilon/connected/n": 15284}
    pictures = ["dot.png", "dot.pdf", "epsilon/dot.png", "synflow/dot.png"]
    tracker.log(numbers, {"scores": table}, [run_dir / name for name in pictures])
    assert random.getstate() == state, "a tracker must not touch the global generator"
    if ending == "error":
        raise RuntimeError("the body failed")
    if ending == "interrupt":
        raise KeyboardInterrupt
"""
_SECRET = "0123456789abcdef" * 2 + "01234567"


def _run(run_dir: Path, ending: str) -> subprocess.CompletedProcess[str]:
    from PIL import Image

    for folder in (run_dir, run_dir / "epsilon", run_dir / "synflow"):
        folder.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), "red").save(folder / "dot.png")
    environment = os.environ | {"WANDB_API_KEY": _SECRET, "HOME": "/proc/no_home"}
    # Names the checkout, since pytest's path is not the child's.
    environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    command = [*_without_network(), sys.executable, "-c", _RUN, str(run_dir), ending]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, timeout=120
    )


def _without_network() -> list[str]:
    # The stronger proof, where it is allowed: it holds for W&B's helper process too.
    prefix = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None:
        return []
    allowed = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if allowed else []


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    run_dir = tmp_path_factory.mktemp("offline")
    done = _run(run_dir, "success")
    assert done.returncode == 0, done.stderr
    return run_dir, done.stdout + done.stderr


def _items(updates: Iterator) -> dict[str, object]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in updates}


def _summary(run_dir: Path) -> dict[str, object]:
    return _items(
        item
        for record in records(run_dir)
        if record.WhichOneof("record_type") == "summary"
        for item in record.summary.update
    )


def _history(run_dir: Path) -> dict[str, object]:
    history: dict[str, object] = {}
    for record in records(run_dir):
        if record.WhichOneof("record_type") == "history":
            history |= _items(record.history.item)
    return history


def _exit_codes(run_dir: Path) -> list[int]:
    return [
        record.exit.exit_code
        for record in records(run_dir)
        if record.WhichOneof("record_type") == "exit"
    ]


def test_the_settings_are_found_in_the_offline_run(offline):
    (run,) = (r.run for r in records(offline[0]) if r.WhichOneof("record_type") == "run")
    config = _items(run.config.update)
    assert config["weights"] == [1e-7, 1]
    assert config["benchmark"] is None
    assert config["long"] == {str(i): "x" * 100 for i in range(1000)}
    assert (run.project, run.display_name, run.run_group) == (
        "epsilon_research",
        f"paper_table {offline[0].name}",
        "paper_table",
    )
    assert list(run.tags) == ["paper_table"]


def test_the_numbers_are_found_in_the_offline_run(offline):
    summary = _summary(offline[0])
    assert summary["epsilon/connected/spearman_rho"] == 0.875
    assert summary["epsilon/connected/n"] == 15284
    assert (summary["scores_rows"], summary["scores_rows_shown"]) == (3, 3)


def test_the_table_is_found_in_the_offline_run(offline):
    history = _history(offline[0])
    assert (history["scores/nrows"], history["scores/ncols"]) == (3, 4)
    (path,) = offline[0].glob(f"wandb/offline-run-*/files/{history['scores/path']}")
    assert json.loads(path.read_text()) == {
        "columns": ["architecture_id", "epsilon", "epsilon_failure", "never"],
        "data": [
            ["a", 0.25, None, None],
            ["b", None, "disconnected", None],
            ["c", 0.75, None, None],
        ],
    }


def test_pictures_among_the_figures_are_logged_under_names_of_their_own(offline):
    history = _history(offline[0])
    images = {name for name in history if name.startswith("figures/") and name.endswith("/path")}
    assert images == {f"figures/{name}/path" for name in ("dot", "epsilon/dot", "synflow/dot")}
    (path,) = offline[0].glob(f"wandb/offline-run-*/files/{history['figures/dot/path']}")
    assert path.read_bytes() == (offline[0] / "dot.png").read_bytes()


def test_a_successful_run_is_closed_with_0_and_prints_nothing(offline):
    run_dir, printed = offline
    assert _exit_codes(run_dir) == [0]
    assert printed == ""


def test_an_api_key_in_the_environment_is_in_no_file(offline):
    files = [path for path in offline[0].rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not [path for path in files if _SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize(("ending", "exit_code"), [("error", 1), ("interrupt", 130)])
def test_a_run_is_closed_when_its_body_raises(tmp_path, ending, exit_code):
    done = _run(tmp_path, ending)
    assert done.returncode != 0
    assert "RuntimeError: the body failed" in done.stderr or "KeyboardInterrupt" in done.stderr
    assert _exit_codes(tmp_path) == [exit_code]
    assert _summary(tmp_path)["epsilon/connected/spearman_rho"] == 0.875


def test_a_large_table_is_logged_as_an_even_sample_with_both_ends():
    from epsilon_research.tracking.wandb import _MOST_ROWS, _sample

    table = pd.DataFrame({"row": range(423_624)})
    rows = _sample(table)["row"]
    assert len(rows) == rows.nunique() == _MOST_ROWS
    assert (rows.iloc[0], rows.iloc[-1]) == (0, 423_623)
    assert rows.diff().max() - rows.diff().min() == 1


@pytest.mark.parametrize("mode", ["on", "", "OFFLINE"])
def test_an_unknown_mode_is_refused_with_the_modes_that_exist(mode):
    with pytest.raises(ValueError, match="offline, online, disabled"):
        WandbTracker(project="epsilon_research", mode=mode)


def test_a_project_without_a_name_is_refused():
    with pytest.raises(ValueError, match=r"tracker\.project"):
        WandbTracker(project="")


def test_logging_before_open_is_an_error_and_closing_is_not():
    tracker = WandbTracker(project="epsilon_research")
    with pytest.raises(RuntimeError, match="open"):
        tracker.log({"x": 1.0}, {}, [])
    tracker.close(exit_code=0)
