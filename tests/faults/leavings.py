"""What a run leaves: whether its files are whole, and the numbers in them."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from PIL import Image

from epsilon_research.store.__main__ import main as store_command
from tests.stand_ins import timeless

_NOT_NUMBERS = {
    "timing", "computed", "from_store", "overrides", "config_hash", "git_commit", "versions",
    "store_remarks", "folder", "command",
}  # fmt: skip
"""What may differ between two runs of one command."""


def check_whole(folder: Path) -> list[str]:
    """Reads every file below a run's folder to its end; the names of those that have a name.

    Files that were still being written (`.part`) and logs, which grow, are not looked into.
    """
    read = {
        ".parquet": pd.read_parquet,
        ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
        ".yaml": lambda path: yaml.safe_load(path.read_text(encoding="utf-8")) or empty(path),
        ".png": lambda path: Image.open(io.BytesIO(path.read_bytes())).load(),
        ".pdf": check_pdf,
    }
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in read and ".hydra" not in path.parts:
            read[path.suffix](path)
            found.append(str(path.relative_to(folder)))
    return found


def empty(path: Path) -> None:
    raise AssertionError(f"{path} is empty")


def check_pdf(path: Path) -> None:
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.rstrip().endswith(b"%%EOF"), path


def numbers(folder: Path) -> dict[str, Any]:
    """All that a run found, by file: tables without times, summaries without times and counts."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".parquet":
            found[name] = timeless(pd.read_parquet(path))
        elif path.suffix == ".json":
            found[name] = _pruned(json.loads(path.read_text(encoding="utf-8")))
        elif path.suffix in (".png", ".pdf"):
            found[name] = path.read_bytes()
    return found


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _pruned(part)
            for key, part in value.items()
            if key not in _NOT_NUMBERS and "seconds" not in key
        }
    return [_pruned(part) for part in value] if isinstance(value, list) else value


def assert_same(folder: Path, expected: dict[str, Any]) -> None:
    """The folder holds the same files as were expected, with the same numbers, bit for bit."""
    found = numbers(folder)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(found[name], value, check_exact=True)
        else:
            assert found[name] == value, name


def check_store(folder: Path) -> int:
    """The store must be sound, if there is one yet; how many unfinished files lie in it."""
    if not folder.is_dir():
        return 0
    assert store_command(["--store", str(folder), "verify"]) == 0
    return len(list(folder.rglob("*.part")))
