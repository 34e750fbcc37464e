"""The notebooks run, show what today's code gives, and hold no logic of their own."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat import NotebookNode

from tests.commands import ROOT, SMALL, finished, folder, succeeded, summary_of

FOLDER = ROOT / "notebooks"
NAMES = sorted(path.stem for path in (FOLDER / "source").glob("*.py"))
LARGEST = 150_000
"""Bytes of one notebook: a repository keeps each version for ever."""

NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
ABSOLUTE_PATH = re.compile(r"(?<![\w~|./:<>])/[\w.-]+/|\b[A-Z]:\\")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def stored(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_of(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [out for cell in notebook.cells for out in cell.get("outputs", [])]


def texts_of(notebook: NotebookNode) -> list[str]:
    """What each output says in plain text."""
    return [
        out.text if out.output_type == "stream" else out.data["text/plain"]
        for out in outputs_of(notebook)
    ]


def words(text: str) -> list[str]:
    return NUMBER.sub("#", text).split()


def numbers(text: str) -> tuple[list[float], list[float]]:
    """The integers of a text, and the others."""
    found = [word.replace(",", "").replace("−", "-") for word in NUMBER.findall(text)]
    whole = [float(word) for word in found if word.lstrip("-").isdigit()]
    return whole, [float(word) for word in found if not word.lstrip("-").isdigit()]


def test_there_is_a_notebook_for_each_source() -> None:
    assert len(NAMES) == 3
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_what_todays_code_gives(name: str, tmp_path: Path) -> None:
    build = (sys.executable, "notebooks/build.py", name, "--folder", str(tmp_path))
    succeeded(finished(*build))
    now = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    assert len(outputs_of(now)) >= 5
    for shown, told in zip(texts_of(stored(name)), texts_of(now), strict=True):
        advice = f"python notebooks/build.py {name}"
        assert words(shown) == words(told), advice
        (counts, shown_values), (counts_now, values) = numbers(shown), numbers(told)
        assert counts == counts_now, advice
        # Last digits may differ between processors, and with them the order of a pair or two.
        np.testing.assert_allclose(shown_values, values, rtol=0.02, atol=0.005, err_msg=advice)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_that_of_its_source(name: str) -> None:
    source = jupytext.read(FOLDER / "source" / f"{name}.py")
    kept = [(cell.cell_type, cell.source) for cell in stored(name).cells]
    assert kept == [(cell.cell_type, cell.source) for cell in source.cells]


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_small_and_of_no_machine(name: str) -> None:
    notebook = stored(name)
    nbformat.validate(notebook)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST
    for out in outputs_of(notebook):
        assert out.output_type != "error"
        assert out.get("name") != "stderr", out.text
    for text in texts_of(notebook):
        assert not ABSOLUTE_PATH.search(text), text
        assert "\x1b" not in text  # colours of a terminal
        assert not re.search(r" at 0x|\d (s|ms|min|seconds)\b", text), text
    for cell in notebook.cells:
        assert cell.metadata == {}


def test_the_search_for_paths_finds_some() -> None:
    for text in ("in /home/me/run.py", "'/srv/x/y'", "C:\\me", "=/opt/a/b"):
        assert ABSOLUTE_PATH.search(text), text
    for text in ("top10/ top64/", "a/b/c", "<run folder>/config", "https://arxiv.org/abs/1"):
        assert not ABSOLUTE_PATH.search(text), text


@pytest.mark.parametrize("name", NAMES)
def test_only_the_notebook_about_definitions_defines_anything(name: str) -> None:
    nodes = [node for code in code_of(stored(name)) for node in ast.walk(ast.parse(code))]
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    if name == "own_space_and_metric":
        assert classes == ["Chain", "Depth"]
    else:
        assert not [node for node in nodes if isinstance(node, DEFINITIONS)]


@pytest.mark.slow
def test_files_that_a_notebook_says_to_write_are_a_space_and_a_metric(tmp_path: Path) -> None:
    notebook = stored("own_space_and_metric")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    paths = re.findall(r"\| `((?:epsilon_research|conf)/[^`]+)` \|", text)
    settings = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    space, metric = (code for code in code_of(notebook) if "\nclass " in code)
    copy = tmp_path / "checkout"
    for part in ("conf", "epsilon_research", "experiments"):
        shutil.copytree(ROOT / part, copy / part)
    shutil.copy(ROOT / "run.py", copy)
    contents = (space, settings[0], metric, settings[1])
    for path, content in zip(paths, contents, strict=True):
        assert not (ROOT / path).exists()
        (copy / path).write_text(content, encoding="utf-8")
    choice = ("search_space=chain", "benchmark=none", "metric=[epsilon,depth]", "store=none")
    process = subprocess.run(
        [sys.executable, "run.py", *SMALL, *choice, folder(tmp_path / "run")],
        cwd=copy, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert summary_of(tmp_path / "run")["run"]["search_space"] == "chain"
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    assert len(scores) == 12
    assert set(scores["depth"]) <= {1, 2, 3, 4, 5}
    assert bool(scores["epsilon"].notna().any())
