"""Git's own names, and a cache that trusts nothing it finds."""

import subprocess
from pathlib import Path
from typing import Any

import pooch
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.git_blob import check_git_blob, fetch_git_blob, git_blob_id

CONTENT = b"the official file\n"
URL = "https://example.org/data/official.zip"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "epsilon_research"


def offer(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[str]:
    """Has downloads give `content`, as pooch does; returns the addresses asked for."""
    asked = []

    def retrieve(url: str, *, known_hash: None, fname: str, path: Path, downloader: Any) -> str:
        path.mkdir(parents=True, exist_ok=True)
        if not (path / fname).is_file():
            asked.append(url)
            (path / fname).write_bytes(content)
        return str(path / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    return asked


def fetch(blob_id: str) -> Path:
    return fetch_git_blob(URL, blob_id=blob_id, name="official.zip", advice="pass a copy")


def name_of(content: bytes, folder: Path) -> str:
    path = folder / "content"
    path.write_bytes(content)
    return git_blob_id(path)


@pytest.mark.parametrize(
    ("content", "blob_id"),
    [
        # Known to everybody who uses git: the empty file, and the example of its book.
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"test content\n", "d670460b4b4aece5915caf5c68d12f560a9fe3e4"),
    ],
)
def test_names_are_those_of_git(content: bytes, blob_id: str, tmp_path: Path) -> None:
    assert name_of(content, tmp_path) == blob_id


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=5000).map(lambda piece: piece * 600))
def test_git_itself_agrees_on_files_of_any_size(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(content)
    command = ["git", "hash-object", "--no-filters", str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    assert git_blob_id(path) == found.stdout.strip()


def test_another_content_is_refused(tmp_path: Path) -> None:
    blob_id = name_of(CONTENT, tmp_path)
    check_git_blob(tmp_path / "content", blob_id=blob_id)
    (tmp_path / "content").write_bytes(CONTENT[:-1])
    with refused(ValueError, str(tmp_path / "content"), "must be the official file", blob_id):
        check_git_blob(tmp_path / "content", blob_id=blob_id)


def test_a_file_is_downloaded_once(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id = name_of(CONTENT, tmp_path)
    asked = offer(monkeypatch, CONTENT)
    for _ in range(2):
        path = fetch(blob_id)
        assert path == cache / "official.zip"
        assert path.read_bytes() == CONTENT
    assert asked == [URL]


def test_a_file_that_was_damaged_since_is_downloaded_again(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blob_id = name_of(CONTENT, tmp_path)
    cache.mkdir(parents=True)
    (cache / "official.zip").write_bytes(CONTENT[:5])
    offer(monkeypatch, CONTENT)
    assert fetch(blob_id).read_bytes() == CONTENT
    assert "is not the official file any more and is downloaded again" in caplog.text


def test_a_download_of_another_content_is_refused(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, b"<html>please log in")
    with refused(ValueError, str(cache / "official.zip"), "must be the official file"):
        fetch(name_of(CONTENT, tmp_path))


@pytest.mark.parametrize(
    "error", [OSError("no route\nto host"), ValueError("not found"), OSError()]
)
def test_without_a_network_the_advice_is_given(
    error: Exception, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> str:
        raise error

    monkeypatch.setattr(pooch, "retrieve", fail)
    with refused(FileNotFoundError, "official.zip must be downloaded once", URL, ": pass a copy"):
        fetch("0" * 40)
