"""What manual and README tell people to type works: Python is run, command lines are composed."""

import importlib
import itertools
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from epsilon_research.catalogue import CONF, option_names
from epsilon_research.executors import SerialExecutor
from epsilon_research.launch import launch
from epsilon_research.launch.cli import parse
from epsilon_research.launch.job import check_settings
from epsilon_research.launch.options import listed_group
from epsilon_research.store.__main__ import main as store
from tests.commands import ROOT, SMALL, folder

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)(?: title=\"(.+?)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
score = importlib.import_module("epsilon_research.api.score")
"""The module, which its function hides."""

ASSIGNED = re.compile(r"\w+=")
RUNS = ("python run.py", "epsilon")
"""How the program is started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of code of a page; `file` where it is the content of one."""

    language: str
    file: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [Block(language=one, file=file or None, text=text) for one, file, text in found]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command line of a page, without what is set before it."""
    for block in blocks(page):
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                yield list(itertools.dropwhile(ASSIGNED.match, words))


def runs(page: Path) -> list[list[str]]:
    """The arguments of each command line that starts the program."""
    found = []
    for words in commands(page):
        for program in RUNS:
            start = program.split()
            if words[: len(start)] == start:
                found.append(words[len(start) :])
    return found


def with_(language: str) -> list[Path]:
    return [page for page in PAGES if any(one.language == language for one in blocks(page))]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder, in which modules of a page are found and forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("EPSILON_STORE", "none")
    monkeypatch.setenv("EPSILON_TRUSTED", "my_lab")
    monkeypatch.delitem(sys.modules, "my_lab", raising=False)
    # Worker processes that other tests left do not see the folder, and take seconds to start.
    monkeypatch.setattr(score, "ProcessExecutor", lambda **_: SerialExecutor())
    yield tmp_path
    sys.modules.pop("my_lab", None)


def write_files(page: Path, into: Path) -> None:
    for block in blocks(page):
        if block.file is not None:
            (into / block.file).parent.mkdir(parents=True, exist_ok=True)
            (into / block.file).write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("page", with_("python"), ids=lambda page: page.stem)
def test_python_of_a_page_runs(page: Path, work: Path) -> None:
    write_files(page, work)
    names = {"__name__": "manual"}
    for block in blocks(page):
        if block.language == "python" and block.file is None:
            exec(compile(block.text, str(page), "exec"), names)


@pytest.mark.parametrize("page", with_("sh"), ids=lambda page: page.stem)
def test_command_lines_of_a_page_compose(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPSILON_TRUSTED", "my_lab")
    for words in runs(page):
        if words[:1] == ["score"]:
            assert re.fullmatch(r"[\w.]+:\w+", words[1])
            words = words[2:]
        arguments = parse(words)
        group = listed_group(arguments.overrides)
        elsewhere = arguments.config_dir or arguments.config_path or arguments.hydra_help
        if group is None and not elsewhere:
            for settings in jobs(arguments.overrides):
                check_composed(settings)
        elif group is not None:
            assert option_names(group)


def jobs(settings: Sequence[str]) -> Iterator[list[str]]:
    """The settings of each job of a sweep; the one list where nothing is swept."""
    choices = [
        [f"{one.key_or_group}={value}" for value in one.sweep_string_iterator()]
        if one.is_sweep_override()
        else [one.input_line]
        for one in OverridesParser.create().parse_overrides(list(settings))
        if not one.key_or_group.startswith("hydra")
    ]
    return map(list, itertools.product(*choices))


def check_composed(settings: Sequence[str]) -> None:
    given = [word for word in settings if not word.startswith("gather=")]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*given, "name=manual"])
    check_settings(config)


def test_every_command_that_a_page_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"(?:^|`)make ([a-z][\w-]+)", text, re.MULTILINE)) <= set(targets)
        for words in commands(page):
            if words[:3] == ["python", "-m", "epsilon_research.store"]:
                with pytest.raises(SystemExit) as ended:
                    store([*words[3:], "--help"])
                assert ended.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["own_space", "own_metric"])
def test_code_of_ones_own_runs_from_the_command_line(name: str, work: Path) -> None:
    page = ROOT / "docs" / "howto" / f"{name}.md"
    write_files(page, work)
    (words,) = runs(page)
    assert launch(["run.py", *words, *SMALL, "figures=false", folder(work / "run")]) == 0
    assert (work / "run" / "scores.parquet").is_file()


def test_the_yaml_of_pages_is_yaml() -> None:
    found = [one for page in PAGES for one in blocks(page) if one.language == "yaml"]
    assert len(found) >= 2
    for block in found:
        assert isinstance(yaml.safe_load(block.text), dict)


def test_examples_are_found() -> None:
    assert len(with_("python")) >= 8
    assert sum(len(runs(page)) for page in PAGES) > 60
    # A block that is indented, or of another language, would be looked at by nobody.
    for page in PAGES:
        languages = {one.language for one in blocks(page)}
        assert languages <= {"bibtex", "python", "sh", "text", "yaml"}, page
        outside = BLOCK.sub("", page.read_text(encoding="utf-8"))
        assert not re.search(r"^ {4,}(python|epsilon|make|pip) ", outside, re.MULTILINE), page


def test_lines_are_short() -> None:
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            assert len(line) <= 120 or line.startswith("|"), (page.name, line)
