"""Running one study as a process."""

import json
from pathlib import Path

import pytest
from paper_studies import STAND_IN, record, study_yaml, write_conf
from sentences import refused

from epsilon_research.launch.declared import compose_studies
from epsilon_research.reporting.study import Study
from epsilon_research.reporting.typed_json import read_record
from experiments.paper.plan import Plan, find_files, plans
from experiments.paper.run import Runner, State, last_sentence

SWEEP = "hydra: {mode: MULTIRUN, sweeper: {params: {batch_size: '8,16'}}}\n"


def prepared(folder: Path, name: str, *, keep: bool = False, text: str = "") -> tuple[Runner, Plan]:
    """A runner with the stand-in, and the plan of one study."""
    output, conf = folder / "out", folder / "conf"
    if not conf.exists():
        output.mkdir()
        write_conf(conf, {name: study_yaml(title="T", question="Q") + text})
    files = find_files({})
    (planned,) = plans(compose_studies(conf), files)
    runner = Runner(output=output, files=files, conf=conf, keep=keep, program=STAND_IN)
    return runner, planned


@pytest.mark.parametrize(("text", "setting"), [("", "hydra.run.dir"), (SWEEP, "hydra.sweep.dir")])
def test_a_study_runs_in_its_folder_with_its_log_beside_it(tmp_path, text, setting):
    runner, planned = prepared(tmp_path, "grey", text=text)
    outcome = runner.run(planned)
    assert (outcome.state, outcome.reason) == (State.DONE, None)
    assert outcome.study == read_record(Study, record("grey"))
    assert outcome.command == ("python", "run.py", "study=grey")
    words = json.loads((tmp_path / "out" / "grey.log").read_text().splitlines()[0])
    assert words == ["study=grey", f"{setting}={tmp_path}/out/grey"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fails", "x must be <1>, got 2: correct it"),
        ("crashes", "it ended with status 1: RuntimeError: no sentence"),
        ("silent", "study.json must be left by a study, got none: see its log"),
    ],
)
def test_a_study_that_fails_says_why_and_has_no_results(tmp_path, name, reason):
    runner, planned = prepared(tmp_path, name)
    outcome = runner.run(planned)
    assert (outcome.state, outcome.reason, outcome.study) == (State.FAILED, reason, None)


def test_a_study_of_which_some_jobs_failed_keeps_what_the_others_found(tmp_path):
    runner, planned = prepared(tmp_path, "partly")
    outcome = runner.run(planned)
    assert outcome.state == State.FAILED
    assert outcome.study == read_record(Study, record("partly"))


def test_results_of_an_earlier_run_are_not_taken_for_those_of_a_failed_one(tmp_path):
    runner, planned = prepared(tmp_path, "silent")
    runner.run(planned)
    stale = tmp_path / "out" / "silent" / "study.json"
    stale.write_text(json.dumps(record()))
    assert runner.run(planned).study is None
    assert not stale.exists()


def test_a_folder_of_somebody_else_is_not_emptied(tmp_path):
    runner, planned = prepared(tmp_path, "grey")
    mine = tmp_path / "out" / "grey" / "mine.txt"
    mine.parent.mkdir()
    mine.touch()
    with refused(FileExistsError, "--output"):
        runner.run(planned)
    assert mine.exists()


def test_a_finished_study_is_kept_only_if_asked_for_and_made_by_the_same_configuration(tmp_path):
    runner, planned = prepared(tmp_path, "grey")
    first = runner.run(planned)
    assert runner.run(planned).state == State.DONE
    keeping, planned = prepared(tmp_path, "grey", keep=True)
    kept = keeping.run(planned)
    assert kept.state == State.KEPT
    assert kept.study == first.study
    assert keeping.before(planned)["seconds"] == kept.seconds
    (tmp_path / "conf" / "study" / "other.yaml").write_text("name: y\n")
    assert keeping.run(planned).state == State.KEPT
    (tmp_path / "conf" / "more.yaml").write_text("x: 1\n")
    assert keeping.run(planned).state == State.DONE
    assert keeping.run(planned).state == State.KEPT
    (tmp_path / "out" / "grey" / "study.json").unlink()
    assert keeping.run(planned).state == State.DONE


def test_a_failed_study_is_not_kept(tmp_path):
    runner, planned = prepared(tmp_path, "partly", keep=True)
    runner.run(planned)
    assert runner.run(planned).state == State.FAILED


def test_a_changed_file_makes_a_study_run_again(tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("1")
    conf = write_conf(
        tmp_path / "conf",
        {"grey": study_yaml(title="T", question="Q", needs=["nb201_accuracies"])},
    )
    (tmp_path / "out").mkdir()

    def run() -> State:
        files = find_files({"nb201_accuracies": table})
        (planned,) = plans(compose_studies(conf), files)
        runner = Runner(
            output=tmp_path / "out", files=files, conf=conf, keep=True, program=STAND_IN
        )
        return runner.run(planned).state

    assert [run(), run()] == [State.DONE, State.KEPT]
    table.write_text("12")
    assert run() == State.DONE


def test_the_last_sentence_is_that_of_the_last_error_without_colours(tmp_path):
    log = tmp_path / "log"
    for text, sentence in [
        ("error: a\nerror: b\nbye", "b"),
        ("job 2 failed: a must\r\nnoise", "job 2 failed: a must"),
        ("\x1b[31merror: red\x1b[0m", "red"),
        ("Traceback\nKeyError: 'x'\n\n", "it ended with status 3: KeyError: 'x'"),
        ("", "it ended with status 3 and printed nothing"),
        ("x" * 100_000 + "\nerror: end", "end"),
    ]:
        log.write_text(text, newline="")
        assert last_sentence(log, status=3) == sentence
