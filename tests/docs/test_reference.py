"""The generated pages of the manual hold what the project's files say, each once."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from docs.manual.options import (
    Setting,
    configuration_pages,
    groups_table,
    main_settings_table,
    read_option,
)
from docs.manual.texts import included_pages, log_pages, log_table, python_names, scored_metrics
from epsilon_research.catalogue import CONF, default_options, option_names
from tests.commands import ROOT

APART = {"defaults", "_target_"}
OPTIONS = [path for path in sorted(CONF.glob("*/*.yaml")) if path.parent.name != "study"]


def leaves(node: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in node.items():
        if key not in APART:
            yield from (
                leaves(value, f"{prefix}{key}.")
                if value and isinstance(value, dict)
                else [f"{prefix}{key}"]
            )


def setting(path: str, name: str) -> Setting:
    (found,) = [one for one in read_option(CONF / path).settings if one.name == name]
    return found


def test_every_setting_of_every_option_is_listed() -> None:
    for path in OPTIONS:
        names = [one.name for one in read_option(path).settings if one.value]
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        group = f"{path.parent.name}."
        typed = [name.removeprefix(group).removeprefix("stages.") for name in names]
        # A file of the package `_global_` may hold the node of its group itself.
        held = [name.removeprefix(group) for name in leaves(content)]
        assert sorted(typed) == sorted(held), path


def test_a_setting_is_shown_as_it_is_typed_with_default_and_meaning() -> None:
    assert setting("search_space/darts.yaml", "search_space.space.num_cells") == Setting(
        name="search_space.space.num_cells", value="8", meaning="DARTS: 20 for its results"
    )
    assert setting("stage/rounding.yaml", "stages.rounding.exact").value == "exact"
    assert setting("task/rounding_nb101_1_10.yaml", "weights").value == "[1, 10]"
    assert setting("metric/zen.yaml", "metric.zen.repeats").meaning == "draws that are averaged"
    # A comment that goes on, a default that must be given, and a heading of several settings.
    assert setting("config.yaml", "aggregates").meaning.endswith("az_trainability,flops]}'")
    assert setting("benchmark/table.yaml", "benchmark.path").value == "???"
    assert setting("config.yaml", "plotting") == Setting(
        name="plotting", value="", meaning="of all figures"
    )


def test_pages_have_every_group_and_option() -> None:
    pages = configuration_pages()
    assert {Path(name).stem for name in pages} == set(default_options())
    for group in default_options():
        page = pages[f"reference/configuration/{group}.md"]
        for option in option_names(group):
            assert page.count(f"\n## `{group}={option}`\n") == 1
        assert f"[`{group}`]({group}.md)" in groups_table()
    assert "must be given" in pages["reference/configuration/benchmark.md"]
    assert "`bootstrap_resamples` | `1000` |" in main_settings_table()


def test_tables_have_as_many_cells_as_their_head() -> None:
    for page in (*configuration_pages().values(), main_settings_table(), groups_table()):
        for table in re.findall(r"(?:^\|.*\n?)+", page, re.MULTILINE):
            cells = [line.replace("\\|", "").count("|") for line in table.splitlines()]
            assert len(set(cells)) == 1, table


def test_every_metric_and_public_name_has_its_reference() -> None:
    text = scored_metrics()
    headings = [line[3:].split(", ") for line in text.splitlines() if line.startswith("## ")]
    assert sorted(name for names in headings for name in names) == option_names("metric")
    for name in ("score", "correlate", "score_network", "NetworkScore"):
        assert f".{name}\n" in python_names()


def test_every_entry_of_the_log_is_a_page() -> None:
    log = (ROOT / "experiments" / "LOG.md").read_text(encoding="utf-8")
    pages = log_pages()
    assert len(pages) == log.count("\n## ") > 20
    assert all(f"({Path(name).name})" in log_table() for name in pages)
    for text in pages.values():
        body = text.partition("\n\n")[2].partition("\n\n")[2]
        assert body.startswith(("**Question", "**Command"))
        assert _letters(body) in _letters(log)


def _letters(text: str) -> str:
    """Text without what only lays it out."""
    return re.sub(r"[\s*]", "", text)


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "docs" / "manual" / "mkdocs.yml").read_text(encoding="utf-8")
    named = {line.split(": ")[-1] for line in text.partition("\nnav:\n")[2].splitlines()}
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    # Of a folder with generated pages the index is listed with them.
    indices = {f"{one}index.md" for one in named if one.endswith("/")}
    assert {one for one in named if one.endswith(".md")} - set(included_pages()) | indices == pages
