"""The command that runs the studies and writes the page."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import ROOT
from paper_studies import STAND_IN, study_yaml, write_conf

from experiments.paper.__main__ import main
from experiments.paper.plan import DATA_VARIABLE


@pytest.fixture(autouse=True)
def no_data(monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)


def studies(folder: Path, *names: str, **report) -> Path:
    text = study_yaml(title="T", question="Q", **report)
    return write_conf(folder / "conf", dict.fromkeys(names, text))


def run(folder: Path, *arguments: str) -> int:
    output = ["--output", str(folder / "out")]
    return main([*output, *arguments], program=STAND_IN, conf=folder / "conf")


def page_of(folder: Path) -> str:
    return (folder / "out" / "index.html").read_text(encoding="utf-8")


def words_of(folder: Path, study: str) -> list[str]:
    return json.loads((folder / "out" / f"{study}.log").read_text().splitlines()[0])


def test_all_studies_run_and_are_on_the_page(tmp_path, capsys):
    studies(tmp_path, "a", "b")
    assert run(tmp_path) == 0
    assert 'id="study-a"' in page_of(tmp_path)
    assert 'id="study-b"' in page_of(tmp_path)
    said = capsys.readouterr().out
    assert "study 1 of 2: a" in said
    assert "2 of 3 published values are within the margin, 2 of 3 counts equal" in " ".join(
        said.split()
    )
    # The same published rows stand beside both studies, and count once.
    (rho,) = (line for line in said.splitlines() if line.startswith("ρ"))
    assert rho.split() == ["ρ", "the", "same", "3", "0.001", "±", "0.020", "2", "of", "3"]


def test_a_study_that_fails_does_not_stop_the_others(tmp_path, capsys):
    studies(tmp_path, "fails", "later")
    assert run(tmp_path) == 1
    assert "x must be &lt;1&gt;, got 2: correct it" in page_of(tmp_path)
    assert 'id="study-later"' in page_of(tmp_path)
    assert "x must be <1>, got 2: correct it" in capsys.readouterr().out


def test_a_page_keeps_the_studies_that_another_call_has_run(tmp_path, capsys):
    conf = studies(tmp_path, "a", "b", "c")
    assert run(tmp_path, "--only", "a", "c") == 0
    assert 'id="study-b"' not in page_of(tmp_path)
    made = (tmp_path / "out" / "a" / "study.json").stat().st_mtime_ns
    assert run(tmp_path, "--only", "b") == 0
    page = page_of(tmp_path)
    assert [name for name in "abc" if f'id="study-{name}"' in page] == ["a", "b", "c"]
    assert (tmp_path / "out" / "a" / "study.json").stat().st_mtime_ns == made
    # Of another configuration: what c left is not a result of what would run today.
    (conf / "study" / "c.yaml").write_text(study_yaml(title="T", question="Why?"), encoding="utf-8")
    capsys.readouterr()
    assert run(tmp_path, "--only", "b") == 0
    page = page_of(tmp_path)
    assert [name for name in "abc" if f'id="study-{name}"' in page] == ["a", "b"]
    said = capsys.readouterr().out
    assert "2 of 3" in said
    assert "not on the page: c failed, or ran with another command, files or configuration" in said


def test_a_study_that_failed_before_is_named_when_others_run(tmp_path, capsys):
    studies(tmp_path, "a", "fails")
    assert run(tmp_path) == 1
    capsys.readouterr()
    assert run(tmp_path, "--only", "a") == 0
    assert "not on the page: fails failed, or ran" in capsys.readouterr().out


def test_what_is_left_out_is_named_and_does_not_fail(tmp_path, capsys):
    studies(tmp_path, "a", needs=["nb201_folder"])
    assert run(tmp_path) == 0
    said = capsys.readouterr().out
    assert "left out: a needs nb201_folder" in said
    assert "NATS-tss-v1_0-3ffb9-simple" in said
    assert "--nb201-folder" in page_of(tmp_path)
    assert not (tmp_path / "out" / "a").exists()


def test_files_are_handed_on_by_option_folder_and_environment(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    (data / "nb201_accuracies.csv").touch()
    studies(tmp_path, "a", needs=["nb201_accuracies"])
    taken = f"benchmark.path={data}/nb201_accuracies.csv"
    for arguments in (
        ["--data", str(data)],
        ["--nb201-accuracies", f"{data}/nb201_accuracies.csv"],
    ):
        assert run(tmp_path, *arguments) == 0
        assert words_of(tmp_path, "a")[:3] == ["study=a", "benchmark=table", taken]
    monkeypatch.setenv(DATA_VARIABLE, str(data))
    assert run(tmp_path, "--set", "tracker=none", "store=none") == 0
    assert words_of(tmp_path, "a")[2:5] == [taken, "tracker=none", "store=none"]
    assert str(data) not in page_of(tmp_path)
    assert "$EPSILON_DATA/nb201_accuracies.csv" in page_of(tmp_path)


def test_some_studies_can_be_chosen(tmp_path):
    studies(tmp_path, "a", "b", "c")
    assert run(tmp_path, "--only", "c", "a") == 0
    assert {path.name for path in (tmp_path / "out").glob("?")} == {"a", "c"}


def test_list_runs_nothing(tmp_path, capsys):
    studies(tmp_path, "a", needs=["nb201_folder"])
    assert run(tmp_path, "--list") == 0
    assert capsys.readouterr().out == "a: lacks nb201_folder. T\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--only", "z"], "a, b, got 'z'"),
        (["--data", "nowhere"], "existing folder"),
        (["--cifar10-images", "nowhere"], "--cifar10-images"),
    ],
)
def test_a_mistake_is_one_sentence_and_has_a_status_of_its_own(tmp_path, capsys, arguments, part):
    studies(tmp_path, "a", "b")
    assert run(tmp_path, *arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert part in said


def test_finished_studies_are_kept_if_asked_for(tmp_path, capsys):
    studies(tmp_path, "a")
    assert run(tmp_path) == 0
    assert run(tmp_path, "--keep") == 0
    assert "kept    a" in capsys.readouterr().out
    assert "Kept from" in page_of(tmp_path)


def test_ctrl_c_ends_with_the_page_of_what_is_done(tmp_path):
    studies(tmp_path, "a", "waits", "z")
    # As in a terminal, also where the tests run in the background of a script.
    code = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from experiments.paper.__main__ import main\n"
        f"sys.exit(main(['--output', sys.argv[1]], program={STAND_IN!r}, conf=Path(sys.argv[2])))\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "out"), str(tmp_path / "conf")]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    waiting = tmp_path / "out" / "waits"
    for _ in range(600):
        if (waiting / "started").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert (waiting / "ended").exists()  # the study's own process ended cleanly
    assert "interrupted: waits" in said
    assert "not run yet: z" in said
    assert 'id="study-a"' in page_of(tmp_path)
    assert "Not run before the end" in page_of(tmp_path)


def test_the_projects_own_studies_are_listed(capsys):
    assert main(["--list"]) == 0
    names = {line.partition(":")[0] for line in capsys.readouterr().out.splitlines()}
    files = (ROOT / "conf" / "study").glob("*.yaml")
    assert names == {path.stem for path in files if "\nreport:\n" in path.read_text()}
