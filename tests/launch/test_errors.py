"""What a user gets wrong is answered with one sentence, at once, and a non-zero exit status."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jaxtyping
import numpy as np
import pandas as pd
import pytest

from epsilon_research import launch as room
from epsilon_research.launch import job
from epsilon_research.launch.errors import user_message
from epsilon_research.spaces.nb201 import official_order
from tests.commands import SMALL, error_in, folder, run

FIRST, SECOND = official_order()[:2]
Launch = Callable[..., str]


@pytest.fixture
def launch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Launch:
    """Runs `run.py` in this process; gives the sentence that it must end in."""
    # As in a user's process: values of a wrong type get as far as the project's own checks.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)

    def launch_(*arguments: str) -> str:
        # Quick to read, for mistakes elsewhere.
        quick = [
            choice
            for choice in ("dataset=random_normal", "benchmark=none")
            if not any(word.startswith(choice.split("=")[0]) for word in arguments)
        ]
        chosen = [*SMALL, *quick, folder(tmp_path / "run"), *arguments]
        assert room.launch(["run.py", *chosen]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert not (tmp_path / "run" / "scores.parquet").exists()
        return error_in(captured.err)

    return launch_


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        # An option or a setting that does not exist.
        ("dataset=photographs", "dataset must be one of cifar10, .*photos.*, got photographs:"),
        ("metric=nothing", "metric must be one of .*, epsilon, .*, num_parameters.*, got nothing:"),
        ("metric=[epsilon,nothing]", "metric must be one of .*, epsilon, .*, got nothing:"),
        ("+typo=1", "got typo:"),
        ("batch_sise=3", "got batch_sise: did you mean batch_size?"),
        ("search_space.frist=3", "got search_space.frist: did you mean search_space.first?"),
        ("+search_space.frist=3", "got search_space.frist: did you mean search_space.first?"),
        ("executor.processes=2", "got executor.processes: executor=processes has it"),
        ("batch_size=8,16", "batch_size must be one value or .* got 8,16: .*-m 'batch_size=8,16'"),
        ("~xyz", "got xyz: see --help"),
        ("benchmark=tabel", "benchmark must be one of .*, got tabel: did you mean table?"),
        ("study=weight_limit", "study must be one of .*: did you mean weight_limits?"),
        # What Hydra's grammar does not read.
        ("weights=1e-7,1", r"got 1e-7,1: type 'weights=\[1e-7,1\]' for a list, or -m 'weights="),
        ("metric=epsilon,flops", r"type 'metric=\[epsilon,flops\]' for a list, or -m 'metric="),
        ("dataset=photos,npy", "dataset must be one of its options, got photos,npy: type -m 'dat"),
        (
            "store=ünï/x",
            "settings must be in Hydra's .* got store=ünï/x: quote .*\"store='ünï/x'\"",
        ),
        ("weights=[1e-7,1", r"got weights=\[1e-7,1: close its brackets"),
        ("epsilon", "got epsilon: write setting=value"),
        # Numbers.
        ("weights=[1,1]", r"weights must be two distinct .*, got \[1, 1\]: pass e.g."),
        ("weights=[0,1]", r"weights must be two distinct .*, got \[0, 1\]:"),
        (
            "weights=[1e-7,inf]",
            r"weights must be a list of finite numbers or null, got \[1e-07, inf\]:",
        ),
        ("weights=[1e-7]", r"weights must be two distinct .*, got \[1e-07\]:"),
        ("batch_size=2", "batch_size must be an integer of 3 or more, got 2:"),
        ("figures=some", "figures must be true or false, got 'some': pass e.g. figures=true"),
        ("seed=-1", "seed must be an integer of 0 or more, got -1:"),
        (
            "engine.dtype=float16",
            "engine.dtype must be one of auto, float32, float64, got 'float16'",
        ),
        ("agreement=reference agreement.sample_size=x", "agreement.sample_size must .* got 'x':"),
        # What goes with what.
        ("metric=[]", "metric must be given, .* got nothing:"),
        ("~seed", "seed must be given, .* got nothing:"),
        ("dataset=npy", "dataset.path must be given, got nothing: pass dataset.path="),
        ("benchmark=table", "benchmark.path must be given, got nothing: pass benchmark.path="),
        (
            "search_space=optuna",
            "search_space.build must be given, got nothing: pass search_space.build=",
        ),
        (
            "agreement=reference metric=num_parameters",
            "agreement must have a metric epsilon, .* got num_par",
        ),
        ("search_space.first=3", "at most one of .* got num_architectures and first:"),
        # Architectures.
        (
            "search_space.num_architectures=15626",
            "between 1 and 15625, the architectures of nb201, got 15626",
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(launch: Launch, settings: str, parts: str) -> None:
    assert re.search(parts, launch(*settings.split()))


AUTO = "search_space.num_architectures=auto"


@pytest.mark.parametrize(
    ("architectures", "parts"),
    [
        ("['|nor_conv_9x9~0|+|none~0|none~1|+|none~0|none~1|none~2|']", "'nor_conv_9x9'"),
        ("[x]", "line 1: a NAS-Bench-201 architecture must be written .*, got 'x'"),
        ("no.txt", "got 'no.txt', which is not a file"),
        ("3", "must be text or a list of texts or integers or null, got 3:"),
        ("{tmp}/cells.txt", "cells.txt, line 3: .*, got 'typo'"),
    ],
)
def test_an_unknown_architecture_is_one_sentence(
    launch: Launch, tmp_path: Path, architectures: str, parts: str
) -> None:
    (tmp_path / "cells.txt").write_text(f"{FIRST}\n{SECOND}\ntypo\n")
    chosen = f"search_space.architectures={architectures.format(tmp=tmp_path)}"
    assert re.search(parts, launch(AUTO, chosen))


IMAGES = np.random.default_rng(0).normal(size=(20, 3, 8, 8)).astype(np.float32)


@pytest.mark.parametrize(
    ("images", "parts"),
    [
        (None, "which is not a file"),
        (IMAGES[:15], "batch_size must be at most 15, .* got 16:"),
        (IMAGES[:, :2], r"must hold float32 \(images, 3, .* got float32 \(20, 2, 8, 8\):"),
        (IMAGES.astype(np.float64), "must hold float32 .* got float64"),
        (IMAGES * np.float32(np.nan), "must be finite, got 3072 values"),
    ],
)
def test_a_wrong_file_of_images_is_one_sentence(
    launch: Launch, tmp_path: Path, images: np.ndarray | None, parts: str
) -> None:
    path = tmp_path / "images.npy"
    if images is not None:
        np.save(path, images)
    assert re.search(parts, launch("dataset=npy", f"dataset.path={path}"))


def test_a_truncated_file_of_images_is_one_sentence(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    path.write_bytes(path.read_bytes()[:-8])
    assert "must be a whole .npy file" in launch("dataset=npy", f"dataset.path={path}")


@pytest.mark.parametrize(
    ("table", "ending", "parts"),
    [
        (None, "csv", "which is not a file"),
        (
            {"id": [FIRST], "test_accuracy": [0.9]},
            "parquet",
            "must have .* got id, test_",
        ),
        (
            {"architecture_id": [FIRST], "accuracy": [0.9]},
            "csv",
            "must have .* got architecture_id, acc",
        ),
        ({"architecture_id": [FIRST] * 2, "test_accuracy": [0.9, 0.8]}, "csv", "got 1 repeated"),
        ({"architecture_id": ["15624"], "test_accuracy": [0.9]}, "parquet", "got none in common"),
        ({"architecture_id": [FIRST], "test_accuracy": [90.0]}, "csv", "benchmark.unit=percent"),
        ({"architecture_id": [FIRST], "test_accuracy": ["high"]}, "csv", "must hold numbers"),
    ],
)
def test_a_wrong_table_is_one_sentence(
    launch: Launch, tmp_path: Path, table: dict | None, ending: str, parts: str
) -> None:
    path = tmp_path / f"table.{ending}"
    if table is not None:
        frame = pd.DataFrame(table)
        frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    few = (AUTO, "search_space.first=2")
    assert re.search(parts, launch("benchmark=table", f"benchmark.path={path}", *few))


def test_a_run_folder_that_cannot_be_is_one_sentence(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reported = launch(folder(tmp_path / "file" / "below"))
    assert re.search(r"below must be .*writable, got 'Not a directory': .*hydra.run.dir=", reported)


def test_a_disk_that_is_nearly_full_is_one_sentence(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "FREE_MEGABYTES", 2**40)
    assert re.search(r"run must have \d+ MB of free space, got [\d.]+: make room", launch())


def test_a_disk_that_fills_up_meanwhile_is_one_sentence() -> None:
    # Python's own error when a write fails, and that of the table's and the summary's writer.
    assert user_message(OSError(28, "No space left on device")) == (
        "the run folder must be readable or writable, got 'No space left on device': check "
        "permissions and free space, or choose another folder with hydra.run.dir=PATH"
    )
    raised = OSError(28, "a run must be able to write its files, got 'x': do this", "scores")
    assert user_message(raised) == f"scores: {raised.strerror}"


@pytest.mark.skipif(
    shutil.which("mount") is None or sys.platform != "linux", reason="needs mount on Linux"
)
def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs permission to mount a tmpfs: run as root")
    try:
        process = run(folder(small / "run"))
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert process.returncode == 1
    assert "MB of free space, got 0.0" in error_in(process.stderr)
