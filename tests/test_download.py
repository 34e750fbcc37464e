"""Downloads from a server of the test's own: whole, broken, continued, wrong."""

import gzip
import hashlib
import logging
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sentences import refused

from epsilon_research.download import PART_SUFFIX, check_git_blob, check_sha256, download

CONTENT = np.random.default_rng(0).bytes(600_000)
OTHER = np.random.default_rng(1).bytes(600_000)
IS_RIGHT = partial(check_sha256, sha256=hashlib.sha256(CONTENT).hexdigest())
ADVICE = "pass benchmark.path=FILE of a copy"


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the next connections break."""
    status: int | None = None
    """In place of the content."""
    says_length: bool = True
    content_range: str | None = None
    """In place of the right one."""
    compresses: bool = False
    asked: list[str | None] = field(default_factory=list)
    """The range of each request."""


class Handler(BaseHTTPRequestHandler):
    plan: Server

    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        plan = self.plan
        asked = self.headers["Range"]
        plan.asked.append(asked)
        if plan.status is not None:
            self.send_error(plan.status)
            return
        content = plan.content
        if plan.compresses and "gzip" in self.headers["Accept-Encoding"]:
            content = gzip.compress(content)
        size = len(content)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and plan.ranges else 0
        if start >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if asked and plan.ranges else 200)
        if asked and plan.ranges:
            right = f"bytes {start}-{size - 1}/{size}"
            self.send_header("Content-Range", plan.content_range or right)
        if plan.says_length:
            self.send_header("Content-Length", str(size - start))
        self.end_headers()
        sent = content[start:]
        with suppress(ConnectionError):  # of a client that has seen enough
            self.wfile.write(sent[: plan.cuts.pop(0)] if plan.cuts else sent)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    # A proxy of the machine does not know the test's server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    plan = Server()
    handler = type("PlannedHandler", (Handler,), {"plan": plan})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        plan.url = f"http://127.0.0.1:{running.server_address[1]}/file"
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield plan
        running.shutdown()
        thread.join()


class Place(NamedTuple):
    """Where a file goes, and what is there."""

    path: Path

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + PART_SUFFIX)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "cache" / "file.tfrecord")


def get(server: Server, place: Place, **options: Any) -> Path:
    return download(server.url, place.path, **({"check": IS_RIGHT, "advice": ADVICE} | options))


def assert_whole(place: Place) -> None:
    assert place.path.read_bytes() == CONTENT
    assert not place.part.exists()


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("says_length", [True, False])
def test_a_file_is_downloaded_once(
    server: Server, place: Place, size: int | None, says_length: bool
) -> None:
    server.says_length = says_length
    for _ in range(2):
        assert get(server, place, size=size) == place.path
        assert_whole(place)
    assert server.asked == [None]


def test_it_is_checked_before_it_has_its_name(server: Server, place: Place) -> None:
    seen = []

    def check(path: Path) -> None:
        seen.append((path, place.path.exists()))
        IS_RIGHT(path)

    get(server, place, check=check)
    get(server, place, check=check)
    assert seen == [(place.part, False), (place.path, True)]


def test_a_file_that_was_damaged_since_is_downloaded_again(
    server: Server, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.path.parent.mkdir()
    place.path.write_bytes(CONTENT[:-1])
    get(server, place)
    assert_whole(place)
    assert "is downloaded again" in caplog.text


def test_a_broken_connection_is_continued(server: Server, place: Place) -> None:
    server.cuts = [200_000, 150_000, 100_000]
    get(server, place)
    assert_whole(place)
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in server.asked if asked]
    assert len(starts) == 3
    assert starts == sorted(starts)
    assert starts[0] > 100_000


def test_a_later_call_continues(server: Server, place: Place) -> None:
    server.cuts = [200_000, 0]
    with refused(
        FileNotFoundError, "file.tfrecord must be downloaded once", server.url, "which are kept"
    ):
        get(server, place)
    kept = place.part.stat().st_size
    assert 100_000 < kept <= 200_000
    assert not place.path.exists()
    server.asked.clear()
    get(server, place)
    assert_whole(place)
    assert server.asked == [f"bytes={kept}-"]


def test_a_server_that_cannot_continue_starts_over(server: Server, place: Place) -> None:
    server.ranges = False
    server.cuts = [200_000, 150_000]
    with refused(FileNotFoundError, "must be downloaded once"):
        get(server, place)
    get(server, place)
    assert_whole(place)
    assert server.asked[-1] is not None


@pytest.mark.parametrize("says_length", [True, False])
def test_another_content_is_refused_and_removed(
    server: Server, place: Place, says_length: bool
) -> None:
    server.content, server.says_length = OTHER, says_length
    with refused(ValueError, str(place.part), "must be the official file (SHA-256"):
        get(server, place)
    assert not place.part.exists()
    assert not place.path.exists()
    assert server.asked == [None]


def test_a_part_of_another_version_is_given_up(
    server: Server, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.path.parent.mkdir()
    place.part.write_bytes(OTHER[:300_000])
    get(server, place)
    assert_whole(place)
    assert server.asked == ["bytes=300000-", None]
    assert "is not the right file: once more" in caplog.text


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_part_that_is_whole_is_taken(server: Server, place: Place, size: int | None) -> None:
    # The program was killed between the last byte and the check.
    place.path.parent.mkdir()
    place.part.write_bytes(CONTENT)
    get(server, place, size=size)
    assert_whole(place)
    assert None not in server.asked


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_part_that_is_too_long_is_given_up(
    server: Server, place: Place, size: int | None
) -> None:
    place.path.parent.mkdir()
    place.part.write_bytes(CONTENT + b"more")
    get(server, place, size=size)
    assert_whole(place)


@pytest.mark.parametrize(
    "answer", ["bytes 500000-599999/600000", "bytes 0-599999/600000", "nonsense"]
)
def test_an_answer_to_another_range_is_not_appended(
    server: Server, place: Place, answer: str
) -> None:
    place.path.parent.mkdir()
    place.part.write_bytes(CONTENT[:1000])
    server.content_range = answer
    with refused(FileNotFoundError, "an answer that does not continue what has come"):
        get(server, place)
    get(server, place)
    assert_whole(place)


@pytest.mark.parametrize("says_length", [True, False])
def test_a_file_of_another_size_is_left_at_once(
    server: Server, place: Place, says_length: bool
) -> None:
    # Such as the page of a network that wants a login.
    server.says_length = says_length
    with refused(ValueError, server.url, "must have 100,000 bytes, got", ADVICE):
        get(server, place, size=100_000)
    assert not place.path.exists()
    assert not place.part.exists() or place.part.stat().st_size <= 100_000


def test_a_page_does_not_replace_what_has_come(server: Server, place: Place) -> None:
    place.path.parent.mkdir()
    place.part.write_bytes(CONTENT[:1000])
    server.content, server.ranges = b"<html>please log in</html>", False
    with refused(ValueError, "must have 600,000 bytes, got 26"):
        get(server, place, size=len(CONTENT))
    assert place.part.read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_server_that_refuses_is_named(server: Server, place: Place, status: int) -> None:
    server.status = status
    with refused(FileNotFoundError, server.url, f"got '{status} ", ADVICE):
        get(server, place)


def test_a_server_that_is_not_there_is_named(server: Server, place: Place) -> None:
    server.url = "http://127.0.0.1:9/file"
    with refused(FileNotFoundError, "http://127.0.0.1:9/file", ADVICE):
        get(server, place)
    server.url = "no address"
    with refused(FileNotFoundError, "must be downloaded once from no address", ADVICE):
        get(server, place)


def test_compression_on_the_way_is_declined(server: Server, place: Place) -> None:
    server.compresses = True
    server.cuts = [200_000]
    get(server, place)
    assert_whole(place)


def test_a_full_disk_is_told_before(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with refused(OSError, "must have 0.6 MB of free space, got 0.5 MB: make room"):
        get(server, place)
    # What is missing is less.
    place.part.write_bytes(CONTENT[:200_000])
    get(server, place)
    assert_whole(place)


def test_a_folder_that_cannot_be_made_is_named(server: Server, place: Place) -> None:
    place.path.parent.write_text("a file where the folder should be", encoding="utf-8")
    with refused(OSError, f"{place.path} must be writable, got 'File exists'", ADVICE):
        get(server, place)


def test_several_at_a_time_download_it_once(
    server: Server, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: get(server, place), range(4)))
    assert found == [place.path] * 4
    assert_whole(place)
    assert server.asked == [None]


def test_any_check_will_do(server: Server, place: Place) -> None:
    blob = hashlib.sha1(b"blob 600000\0" + CONTENT, usedforsecurity=False).hexdigest()
    get(server, place, check=partial(check_git_blob, blob_id=blob))
    assert_whole(place)
    place.path.unlink()
    with refused(ValueError, "must be the official file (git blob 0000", f"got git blob {blob}"):
        get(server, place, check=partial(check_git_blob, blob_id="0" * 40))


@pytest.mark.parametrize(
    ("content", "blob_id"),
    [
        # Known to everybody who uses git: the empty file, and the example of its book.
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"test content\n", "d670460b4b4aece5915caf5c68d12f560a9fe3e4"),
    ],
)
def test_names_are_those_of_git(content: bytes, blob_id: str, tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_bytes(content)
    check_git_blob(path, blob_id=blob_id)
    path.write_bytes(content + b"\n")
    with refused(ValueError, f"{path} must be the official file (git blob {blob_id})"):
        check_git_blob(path, blob_id=blob_id)


def test_the_output_is_left_alone(
    server: Server, place: Place, capsys: pytest.CaptureFixture
) -> None:
    get(server, place)
    assert capsys.readouterr().out == ""
