"""A signal interrupts once, and what follows it changes nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from epsilon_research.launch import cli, launch
from epsilon_research.launch.signals import interruptible
from tests.commands import ROOT, finished

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture(autouse=True)
def heeded(monkeypatch: pytest.MonkeyPatch):
    """Signals as a terminal has them, whatever the tests' own process ignores."""
    before = {one: signal.signal(one, signal.SIG_DFL) for one in SIGNALS}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize(("number", "status"), SIGNALS.items())
@pytest.mark.parametrize("times", [1, 2, 10])
def test_a_signal_ends_the_program_with_its_status(
    number: signal.Signals,
    status: int,
    times: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tidied = []

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
            raise AssertionError("the signal was not heard")
        finally:
            for _ in range(times - 1):
                os.kill(os.getpid(), number)
            tidied.append(True)

    monkeypatch.setattr(cli, "_steps", lambda words: [work, work])
    assert launch(["run.py"]) == status
    assert tidied == [True]  # what comes after the interrupted step does not begin
    error = capsys.readouterr().err
    assert error.count("Interrupted before the end") == 1
    assert "Traceback" not in error
    assert signal.getsignal(number) == signal.SIG_DFL


class Finalised:
    """An object during whose `__del__`, in which Python raises nothing, a signal arrives."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)  # where the handler runs


def test_an_interrupt_that_python_cannot_raise_comes_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    went_on = []

    def work() -> None:
        one = Finalised()
        del one
        time.sleep(5)
        went_on.append(True)

    monkeypatch.setattr(cli, "_steps", lambda words: [work])
    assert launch(["run.py"]) == 130
    assert not went_on
    assert capsys.readouterr().err.count("Interrupted before the end") == 1


def test_an_error_that_a_library_makes_of_a_signal_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt as interrupt:
            raise AssertionError("no compiled object yet") from interrupt

    monkeypatch.setattr(cli, "_steps", lambda words: [work])
    assert launch(["run.py"]) == 143
    error = capsys.readouterr().err
    assert error.strip() == (
        "Interrupted before the end: the same command continues with what the store has."
    )


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with interruptible():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_a_program_that_ends_hears_nothing_more(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py"])
    monkeypatch.setattr(cli, "_steps", lambda words: [lambda: os.kill(os.getpid(), signal.SIGTERM)])
    assert launch() == 143
    # Where the interpreter ends, another one would make a death by a signal of it.
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    assert capsys.readouterr().err.count("Interrupted before the end") == 1


IN_IMPORT = """
import os, signal, sys
for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, signal.SIG_DFL)
from epsilon_research.launch import launch

class Library:
    def find_spec(self, name, *_):
        if name == "hydra":
            try:
                os.kill(os.getpid(), int(sys.argv[1]))
            except KeyboardInterrupt:
                raise ImportError("a library's own error") from None

sys.meta_path.insert(0, Library())
sys.exit(launch())
"""


@pytest.mark.parametrize(("number", "status"), SIGNALS.items())
def test_a_signal_during_imports_is_heard(number: signal.Signals, status: int) -> None:
    done = finished(sys.executable, "-c", IN_IMPORT, str(int(number)))
    assert done.returncode == status
    assert done.stderr == "\nInterrupted before the end: the same command starts over.\n"


IN_STRING = """
import os, signal, sys
for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, signal.SIG_DFL)
from epsilon_research.launch import cli, launch

def work():
    exec(f"os.kill(os.getpid(), {sys.argv[1]})")

cli._steps = lambda words: [work]
sys.exit(launch())
"""


@pytest.mark.parametrize(("number", "status"), SIGNALS.items())
def test_a_signal_in_source_that_is_a_string_has_its_status_too(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(IN_STRING)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-m", "program", str(int(number))]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, timeout=300)
    assert done.returncode == status
