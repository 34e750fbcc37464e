"""What is printed is a copy: where it fails, the program goes on and says so at the end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRINTS = """
import sys
from epsilon_research.standard_output import failure_sentence, standard_output
with standard_output() as output:
    print("ρ = 0.5 × é")
    for _ in range(100):
        print("x" * 1000)
    print("to the end", file=sys.stderr)
sys.stderr.write(f"{failure_sentence(output)}\\n")
"""


def run(**where: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", PRINTS], stderr=subprocess.PIPE, **where)  # type: ignore[call-overload]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full: run on Linux")
def test_a_full_device_is_named_and_ends_nothing() -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(stdout=full)
    assert done.returncode == 0
    end, sentence = done.stderr.decode().splitlines()
    assert end == "to the end"
    assert "standard output must take what is printed, got 'No space left on device'" in sentence


def test_a_reader_that_has_gone_is_no_mistake() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run(stdout=writing)
    os.close(writing)
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == ["to the end", "None"]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", b"rho = 0.5 x e"), ("latin-1", b"rho = 0.5 \xd7 \xe9")],
)
def test_a_terminal_of_few_characters_shows_what_it_can(encoding: str, expected: bytes) -> None:
    done = run(stdout=subprocess.PIPE, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == expected
