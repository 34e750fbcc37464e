"""Reading what studies declare."""

from pathlib import Path

import pytest
from paper_studies import study_yaml, write_conf
from sentences import refused

from experiments.paper.__main__ import CONF
from experiments.paper.declared import DeclaredStudy, read_studies
from experiments.paper.files import find_files
from experiments.paper.plan import plan

SWEEP = """\
defaults:
  - override /task: nlp
name: x
report: {title: T, question: Q}
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      weights: "[1e-7,1e-6],[1e-7,1],{a: [1,2], b: 3}"
      batch_size: 8,16
      minibatch_seed: range(1,6,2)
"""


def read_one(folder: Path, text: str) -> DeclaredStudy:
    (study,) = read_studies(write_conf(folder / "conf", {"one": text}))
    return study


def test_studies_come_by_number_then_by_name_and_those_without_a_report_not_at_all(tmp_path):
    files = {
        "b": study_yaml(title="T", question="Q"),
        "a": study_yaml(title="T", question="Q"),
        "z": study_yaml(title="T", question="Q", order=1),
        "y": study_yaml(title="T", question="Q", order=1),
        "plain": "name: ${search_space}\n",
    }
    found = read_studies(write_conf(tmp_path / "conf", files))
    assert [study.name for study in found] == ["y", "z", "a", "b"]


def test_a_sweep_tells_its_settings_jobs_and_the_space_of_its_task(tmp_path):
    conf = write_conf(tmp_path / "conf", {"one": SWEEP})
    (conf / "task").mkdir()
    (conf / "task" / "nlp.yaml").write_text("defaults:\n  - override /search_space: nbnlp\n")
    (study,) = read_studies(conf)
    assert study.sweeps
    assert study.spaces == ("nbnlp",)
    assert study.swept == ("weights", "batch_size", "minibatch_seed")
    assert study.num_jobs == 3 * 2 * 3


def test_a_study_without_choices_is_one_run_on_the_usual_space(tmp_path):
    study = read_one(tmp_path, study_yaml(title="T", question="${x}"))
    assert (study.sweeps, study.num_jobs, study.spaces) == (False, 1, ("nb201",))
    assert study.report.question == "${x}"  # stays text


def test_a_sweep_over_tasks_is_about_all_their_spaces(tmp_path):
    text = SWEEP.replace("batch_size: 8,16", "task: nlp,images")
    conf = write_conf(tmp_path / "conf", {"one": text})
    (conf / "task").mkdir()
    (conf / "task" / "nlp.yaml").write_text("defaults:\n  - override /search_space: nbnlp\n")
    (conf / "task" / "images.yaml").write_text("name: x\n")
    (study,) = read_studies(conf)
    assert study.spaces == ("nbnlp", "nb201")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("report: [", "YAML"),
        ("report: soon", "mapping"),
        (study_yaml(title="T"), "question"),
        (study_yaml(title="T", question="Q", nedds=[]), "nedds"),
        (study_yaml(title="T", question="Q", needs="nb201_folder"), "report.needs"),
    ],
)
def test_a_wrong_report_is_answered_by_a_sentence(tmp_path, text, part):
    with refused(ValueError, part):
        read_one(tmp_path, text)


def test_every_study_of_the_project_can_be_planned():
    studies = read_studies(CONF)
    assert studies
    for study in studies:
        plan(study, find_files({}))
