"""A run talks to nobody and writes no secret, unless told otherwise."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import ROOT, command, folder

SIZE = ("search_space.num_architectures=12", "batch_size=16", "bootstrap_resamples=20")
SECRET = "0123456789abcdef0123456789abcdef01234567"

# Python imports it at its start, in every process of the run. Unix sockets stay: the helper of
# Weights & Biases is reached through one. A socket alone is nothing: urllib3 binds one when it is
# imported, to see whether there is IPv6.
NO_INTERNET = """
import socket

_Socket = socket.socket


def tell(what):
    with open({log!r}, "a") as log:
        log.write(what + "\\n")
    raise PermissionError("a run must not talk to anybody, got " + what)


class Deaf(_Socket):
    def _check(self, what):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            tell(what)

    def connect(self, *rest):
        self._check("connect")
        super().connect(*rest)

    def connect_ex(self, *rest):
        self._check("connect_ex")
        return super().connect_ex(*rest)

    def sendto(self, *rest):
        self._check("sendto")
        return super().sendto(*rest)


socket.socket = Deaf
socket.getaddrinfo = socket.gethostbyname = lambda *_, **__: tell("look-up")
"""


def finished(
    *arguments: str, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    return subprocess.run(
        command(*SIZE, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=300,
        env=environment | dict(more or {}),
    )  # fmt: skip


@pytest.fixture
def refusing(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment in which Python opens no internet socket, and a file that tells attempts."""
    site, log = tmp_path / "site", tmp_path / "attempts.txt"
    site.mkdir()
    (site / "sitecustomize.py").write_text(NO_INTERNET.format(log=str(log)), encoding="utf-8")
    return {"PYTHONPATH": str(site)}, log


def test_the_refusal_works(refusing: tuple[dict[str, str], Path]) -> None:
    environment, log = refusing
    code = "import urllib.request as u; u.urlopen('http://localhost:9')"
    process = subprocess.run(
        [command()[0], "-c", code], capture_output=True, text=True, env=os.environ | environment
    )
    assert process.returncode == 1
    assert log.read_text() == "look-up\n"


def test_the_main_job_passes_with_sockets_disabled(
    refusing: tuple[dict[str, str], Path], tmp_path: Path
) -> None:
    environment, log = refusing
    # With its worker processes, its tracker and its figures.
    process = finished("executor.processes=2", folder(tmp_path / "run"), more=environment)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "run" / "summary.json").is_file()
    assert not log.exists(), log.read_text()


def test_no_secret_of_the_environment_is_written_anywhere(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = finished(
        "executor=serial", f"store={store}", folder(tmp_path / "run"),
        more={"WANDB_API_KEY": SECRET, "MY_TOKEN": SECRET[::-1]},
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    texts = {"terminal": (process.stdout + process.stderr).encode()}
    texts |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(texts) > 12
    for name, text in texts.items():
        assert SECRET.encode() not in text, name
        assert SECRET[::-1].encode() not in text, name


def test_weights_and_biases_is_offline_whatever_the_environment_says(
    refusing: tuple[dict[str, str], Path], tmp_path: Path
) -> None:
    environment, log = refusing
    told = {"WANDB_MODE": "online", "WANDB_API_KEY": SECRET}
    process = finished("executor=serial", folder(tmp_path / "run"), more=environment | told)
    assert process.returncode == 0, process.stderr
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*"))
    assert not log.exists(), log.read_text()


def test_a_configuration_that_would_save_a_secret_is_refused(tmp_path: Path) -> None:
    process = finished(
        "tracker.project=${oc.env:WANDB_API_KEY}", folder(tmp_path / "run"),
        more={"WANDB_API_KEY": SECRET},
    )  # fmt: skip
    assert process.returncode == 1
    assert "got the value of WANDB_API_KEY in tracker.project" in process.stderr
    assert SECRET not in process.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
