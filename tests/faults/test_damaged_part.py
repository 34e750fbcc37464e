"""A part that is not what it was is set aside; one that cannot be read is skipped and stays."""

import logging
import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epsilon_research.data import Minibatch
from epsilon_research.executors import SerialExecutor
from epsilon_research.scoring import Scoring, ScoringResult
from epsilon_research.store import FolderStore
from epsilon_research.store.__main__ import main as store_command
from tests.faults.jobs import Undisturb, counted, words
from tests.faults.leavings import assert_same
from tests.faults.processes import succeed
from tests.stand_ins import Chains, CountsConvolutions, timeless

pytestmark = pytest.mark.faults

IDS = ["".join(letters) for letters in product("cr", repeat=4)]


def score(store: Path) -> tuple[ScoringResult, list[str]]:
    """The table, and what was remarked upon."""
    kept = FolderStore(path=store)
    scoring = Scoring(
        space=Chains(),
        metrics={"counts": CountsConvolutions(shared_by_function=False)},
        minibatch=Minibatch(
            inputs=np.ones((3, 1, 4, 4), np.float32), kind="images", dataset="ones"
        ),
        executor=SerialExecutor(),
        store=kept,
    )
    descriptions = scoring.describe(IDS, advance=advance)
    return scoring.score(IDS, descriptions, advance=advance), list(kept.remarks)


def advance(done: int, *, from_store: int = 0, failed: int = 0) -> None:
    """Nobody looks."""


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def into_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("in it")


def forbid(path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything: run as another user")
    path.chmod(0)


def into_loop(path: Path) -> None:
    """What nobody can read, not even root."""
    path.unlink()
    path.symlink_to(path.name)


def into_other_part(path: Path) -> None:
    """What a backup that was put back under a wrong name would be."""
    content = path.read_bytes()
    path.write_bytes(content[:8] + content[8:][::-1])


DAMAGE = (flip, truncate, empty, into_other_part)
UNREADABLE = (into_folder, forbid, into_loop)


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_damaged_part_is_set_aside_told_and_computed_again(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    expected, _ = score(store)
    assert expected.num_computed == len(IDS)
    (part,) = store.glob("*/*.arrow")
    damage(part)
    with caplog.at_level(logging.WARNING):
        found, told = score(store)
    assert found.num_computed == len(IDS)
    pd.testing.assert_frame_equal(timeless(found.frame), timeless(expected.frame), check_exact=True)
    (sentence,) = told
    assert sentence in caplog.text
    assert part.name in sentence
    assert "computed again" in sentence
    assert os.path.lexists(part.parent / "damaged" / part.name)
    assert not os.path.lexists(part)
    caplog.clear()
    again, told = score(store)
    assert (again.num_computed, told, caplog.text) == (0, [], "")


@pytest.mark.parametrize("change", UNREADABLE, ids=lambda change: change.__name__)
def test_a_part_that_cannot_be_read_is_skipped_told_and_stays(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    expected, _ = score(store)
    (part,) = store.glob("*/*.arrow")
    change(part)
    found, told = score(store)
    assert found.num_computed == len(IDS)
    pd.testing.assert_frame_equal(timeless(found.frame), timeless(expected.frame), check_exact=True)
    (sentence,) = told
    assert part.name in sentence
    assert "skipped" in sentence
    assert os.path.lexists(part)


@pytest.mark.parametrize("damage", DAMAGE + UNREADABLE, ids=lambda damage: damage.__name__)
def test_verify_names_a_damaged_part_and_list_does_not_stumble(
    damage: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    score(store)
    (part,) = store.glob("*/*.arrow")
    damage(part)
    assert store_command(["--store", str(store), "verify"]) == 1
    assert part.name in capsys.readouterr().out
    assert store_command(["--store", str(store), "list"]) == 0


def test_a_run_with_a_damaged_store_ends_well_and_says_so(
    undisturbed: Undisturb, tmp_path: Path
) -> None:
    succeed(words("small", tmp_path))
    parts = sorted((tmp_path / "store").glob("*/*.arrow"))
    for part, damage in zip(parts, (flip, truncate, empty, into_folder), strict=False):
        damage(part)
    shutil.rmtree(tmp_path / "run")
    done = succeed(words("small", tmp_path))
    assert done.stderr.count("computed again") == 4
    assert_same(tmp_path / "run", undisturbed("small").found)
    assert counted(tmp_path / "run", "computed") > 0
    assert counted(tmp_path / "run", "from_store") > 0
