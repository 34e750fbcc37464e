"""A server that sends something else: no file gets its name, and nothing of it is read."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from epsilon_research.benchmarks import nb101_official, nbnlp_official
from epsilon_research.benchmarks.nb101_official import Nb101Official
from epsilon_research.benchmarks.nbnlp_official import ARCHIVES, NbnlpOfficial
from epsilon_research.data import cifar, text_corpus
from epsilon_research.data.cifar import RELEASES, Cifar
from epsilon_research.data.text_corpus import TextCorpus
from epsilon_research.download import check_git_blob, check_sha256, download
from tests.fuzz.archives import zipped

RNG = np.random.default_rng(0)
SENT = zipped({"ptb/train.txt": b"a b c\n", "1.json": b"{}"})


class Handler(BaseHTTPRequestHandler):
    """Sends one content for every address."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(SENT)))
        self.end_headers()
        self.wfile.write(SENT)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    # A proxy of the machine does not know the test's server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/official.file"
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _cifar(url: str, cache: Path) -> None:
    Cifar(num_classes=10).draw(batch_size=3, rng=RNG)


def _blob(url: str, cache: Path) -> None:
    check = partial(check_git_blob, blob_id="0" * 40)
    download(url, cache / "official.file", check=check, advice="wait")


def _file(url: str, cache: Path) -> None:
    check = partial(check_sha256, sha256="0" * 64)
    download(url, cache / "official.file", check=check, advice="wait")


USERS: dict[str, Callable[[str, Path], object]] = {
    "cifar10": _cifar,
    "a file of a repository": _blob,
    "a large file": _file,
    "nb101": lambda url, cache: Nb101Official(download=True).load(),
    "nbnlp": lambda url, cache: NbnlpOfficial(download="single").load(),
    "ptb": lambda url, cache: TextCorpus(corpus="ptb").tokens(batch_size=3, rng=RNG),
}


@pytest.fixture
def elsewhere(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All official addresses lead to the server."""
    release = RELEASES[10]._replace(url=url)
    monkeypatch.setattr(cifar, "RELEASES", RELEASES | {10: release})
    monkeypatch.setattr(nb101_official, "URL", url)
    archive = ARCHIVES["single"]._replace(url=url)
    monkeypatch.setattr(nbnlp_official, "ARCHIVES", ARCHIVES | {"single": archive})
    monkeypatch.setattr(text_corpus, "URL", url)


@pytest.mark.parametrize("user", [*USERS])
def test_another_content_is_refused_and_gone(
    user: str, url: str, cache: Path, elsewhere: None
) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=r"^[^\n]*must [^\n]*, got [^\n]*$"):
        USERS[user](url, cache)
    left = [path for path in cache.rglob("*") if path.is_file() and path.read_bytes()]
    assert left == []
