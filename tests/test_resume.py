"""Runs that are killed, run side by side, or find no room: nothing is lost, no number changes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import ROOT, folder, interruptible, launched, succeeded, summary_of
from tests.commands import run as run_py
from tests.scoring_process import score

KILLS = 3


def start(store: Path, out: Path) -> subprocess.Popen[str]:
    """A scoring process that has begun to score."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scoring_process", str(store), str(out)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "scoring\n"
    return process


def counts(process: subprocess.Popen[str]) -> tuple[int, int]:
    """How many values a process that ends by itself computed and read."""
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    computed, read = map(int, out.split())
    return computed, read


def num_parts(store: Path) -> int:
    return sum(part.stat().st_size > 0 for part in store.glob("*/*.arrow"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, int]:
    """The table of a run without a store, and the values it takes."""
    out = tmp_path_factory.mktemp("undisturbed") / "scores.parquet"
    computed, read = score("none", out)
    assert read == 0
    return pd.read_parquet(out), computed


def test_killed_again_and_again_it_ends_as_if_nothing_had_been(
    undisturbed: tuple[pd.DataFrame, int], tmp_path: Path
) -> None:
    expected, needed = undisturbed
    store, out = tmp_path / "store", tmp_path / "scores.parquet"
    for _ in range(KILLS):
        before = num_parts(store)
        process = start(store, out)
        while num_parts(store) <= before + 1:
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    computed, read = score(str(store), out)
    assert computed + read == needed
    assert min(computed, read) > 0
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    assert score(str(store), out) == (0, needed)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)


def test_two_runs_at_once_share_the_work_and_agree(
    undisturbed: tuple[pd.DataFrame, int], tmp_path: Path
) -> None:
    expected, needed = undisturbed
    outs = [tmp_path / name for name in ("a.parquet", "b.parquet")]
    found = [counts(process) for process in [start(tmp_path / "store", out) for out in outs]]
    for (computed, read), out in zip(found, outs, strict=True):
        assert computed + read == needed
        pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    # Nothing is missing afterwards, whoever wrote it.
    assert score(str(tmp_path / "store"), outs[0]) == (0, needed)


def test_a_flipped_byte_costs_its_part_only(
    undisturbed: tuple[pd.DataFrame, int], tmp_path: Path
) -> None:
    expected, needed = undisturbed
    store, out = tmp_path / "store", tmp_path / "scores.parquet"
    score(str(store), out)
    part = max(store.glob("*/*.arrow"), key=lambda path: path.stat().st_size)
    content = bytearray(part.read_bytes())
    content[-len(content) // 3] ^= 4
    part.write_bytes(content)
    computed, read = score(str(store), out)
    assert 0 < computed < needed
    assert computed + read == needed
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected, check_exact=True)
    assert (part.parent / "damaged" / part.name).is_file()


QUICK = ("benchmark=none", "dataset=random_normal", "search_space.num_architectures=60")


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A folder on a file system of 128 KiB."""
    mount = tmp_path / "tiny"
    mount.mkdir()
    options = ["-t", "tmpfs", "-o", "size=128k", "tmpfs", str(mount)]
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", *options], capture_output=True).returncode
    ):
        pytest.skip("needs to mount a tmpfs: run as root on Linux")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_a_full_disk_is_one_sentence_and_nothing_is_half_written(
    tiny_disk: Path, tmp_path: Path
) -> None:
    filler = tiny_disk / "filler"
    # Leaves room for the shelves, not for what comes onto them.
    filler.write_bytes(bytes(108 * 1024))
    # One precision, so that every function has two values.
    arguments = (f"store={tiny_disk}/store", "batch_size=128", "engine.dtype=float32", *QUICK)
    process = run_py(*arguments, folder(tmp_path / "a"))
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    (sentence,) = [line for line in process.stderr.splitlines() if "error: " in line]
    assert "score store must be writable, got 'No space left on device'" in sentence
    assert "store=none" in sentence
    assert not list(tiny_disk.rglob("*.part"))
    filler.unlink()
    for name, expected in (("b", 0), ("c", None)):
        succeeded(run_py(*arguments, folder(tmp_path / name)))
        found = summary_of(tmp_path / name)["counts"]
        assert expected is None or found["from_store"] == expected
    assert found["computed"] == 0
    assert found["from_store"] == 2 * found["distinct"]


def test_ctrl_c_keeps_what_was_done(tmp_path: Path) -> None:
    arguments = (
        "search_space.num_architectures=6000", "executor.processes=2", "tracker=none",
        "benchmark=none", "dataset=random_normal", "batch_size=128",
        f"store={tmp_path}/store",
    )  # fmt: skip
    environment = os.environ | {"COLUMNS": "200"}
    process = subprocess.Popen(
        interruptible(*arguments, folder(tmp_path / "run")),
        cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True, env=environment,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not list((tmp_path / "store").glob("*/*.arrow")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        # As a terminal does: to the program and to its helpers.
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in told
    assert told.rstrip().endswith(
        "Interrupted before the end: what was computed is kept, and the same command continues."
    )
    frame = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert len(frame) == 6000
    done = frame["epsilon"].notna()
    assert 0 < done.sum() < 5500
    reasons = set(frame.loc[~done, "epsilon_failure"])
    assert "not_reached" in reasons
    assert reasons <= {"not_reached", "disconnected"}
    summary = summary_of(tmp_path / "run")
    assert summary["interrupted"] is True
    assert summary["counts"]["computed"] > 0
    # The same functions again: what was computed then is read now.
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(frame.loc[done, "architecture_id"][:5]))
    again = (*arguments[1:], f"search_space.architectures={ids}", folder(tmp_path / "again"))
    succeeded(launched(*again))
    assert summary_of(tmp_path / "again")["counts"]["computed"] == 0
