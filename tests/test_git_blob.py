"""Git's own names, and a cache that trusts nothing it finds."""

import subprocess
from pathlib import Path
from typing import Any

import pooch
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.git_blob import fetch_git_blob, git_blob_id

CONTENT = b"the official file\n"
URL = "https://example.org/data/official.zip"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "epsilon_research"


class Web:
    """Stands for the network: gives one content, or fails."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def downloader(self, **options: Any) -> "Web":
        assert options["progressbar"] is True
        return self

    def __call__(self, url: str, output_file: str, pooch: None) -> None:
        self.asked.append(url)
        content = b"half of it" if isinstance(self.answer, Exception) else self.answer
        Path(output_file).write_bytes(content)
        if isinstance(self.answer, Exception):
            raise self.answer


def offer(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[str]:
    """Has downloads give `answer`; returns the addresses asked for."""
    web = Web(answer)
    monkeypatch.setattr(pooch, "HTTPDownloader", web.downloader)
    return web.asked


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


def test_a_download_of_another_content_is_refused_and_not_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob_id = name_of(CONTENT, tmp_path)
    offer(monkeypatch, b"<html>please log in")
    with refused(ValueError, URL, f"must give the official file (git blob {blob_id})", "pass a"):
        fetch(blob_id)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("error", [OSError("no route\nto host"), ValueError("no"), OSError()])
def test_without_a_network_the_advice_is_given(
    error: Exception, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, error)
    with refused(FileNotFoundError, f"{URL} must be downloaded once", "or pass a copy"):
        fetch("0" * 40)
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_a_failed_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "file" / project)
    offer(monkeypatch, CONTENT)
    with refused(FileNotFoundError, f"{URL} must be downloaded once", "or pass a copy"):
        fetch("0" * 40)
