"""Pages about the groups of `conf/`: each option and setting with the comment beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from epsilon_research.catalogue import CONF, default_options, option_names

_FOLDER = "reference/configuration"

_APART = {"defaults", "hydra", "pipeline", "_target_", "_global_"}
"""Keys that are not settings which a user types: they have a line of their own, or none."""

_OF_STUDIES = {"name", "report"}
"""Likewise in a study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of an option, as its file has it.

    Args:
        name: As it is typed, e.g. `search_space.first`.
        value: Its default, as written; empty for the heading of several settings.
        meaning: The comment beside it.
    """

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One file of `conf/`."""

    name: str
    about: Sequence[str]
    """The comment above its settings, line by line."""
    content: Any
    """What YAML reads."""
    settings: Sequence[Setting]


def configuration_pages() -> dict[str, str]:
    """Return a page for each group, by path."""
    return {
        f"{_FOLDER}/{group}.md": _group_page(
            group,
            [read_option(CONF / group / f"{name}.yaml") for name in option_names(group)],
            chosen=chosen,
        )
        for group, chosen in sorted(default_options().items())
    }


def read_option(path: Path) -> Option:
    """Read a file of `conf/` with its comments."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    above = [line for line in _until_first_key(lines) if not line.startswith("# @package")]
    group = "" if path.parent == CONF else path.parent.name
    root = yaml.compose(text)
    skipped = _APART | (_OF_STUDIES if group == "study" else set())
    found = _settings(root, lines, prefix=_prefix(lines, group), skipped=skipped) if root else ()
    return Option(
        name=path.stem,
        about=[line.removeprefix("#").strip() for line in above],
        content=yaml.safe_load(text) or {},
        settings=list(found),
    )


def _until_first_key(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


def _prefix(lines: Sequence[str], group: str) -> str:
    """What stands before the names of a file's settings when they are typed."""
    declared = [line.split()[-1] for line in lines if line.startswith("# @package")]
    package = declared[0] if declared else group
    return "" if package in ("", "_global_") else f"{package}."


def _settings(
    node: yaml.MappingNode, lines: Sequence[str], *, prefix: str, skipped: set[str]
) -> Iterator[Setting]:
    """Each setting below a node, in the order of the file."""
    for key, value in node.value:
        if key.value in skipped:
            continue
        name = f"{prefix}{key.value}"
        # A block of text ends on the next line; nothing can stand beside it.
        nested = isinstance(value, yaml.MappingNode) and value.value
        mark = key.end_mark if nested else value.end_mark
        meaning = _beside(lines, line=mark.line, column=mark.column)
        if nested:
            if meaning:
                yield Setting(name=name, value="", meaning=meaning)
            yield from _settings(value, lines, prefix=f"{name}.", skipped=skipped)
        else:
            yield Setting(name=name, value=_written(value), meaning=meaning)


def _written(node: yaml.Node) -> str:
    """The value of a setting on one line, as the file has it."""
    text = node.start_mark.buffer[node.start_mark.pointer : node.end_mark.pointer]
    return " ".join(text.split())


def _beside(lines: Sequence[str], *, line: int, column: int) -> str:
    """The comment after a value, with the lines of comment that go on with it."""
    if line >= len(lines):
        return ""
    words = lines[line][column:].partition("#")
    if not words[1]:
        return ""
    found = [words[2].strip()]
    for further in lines[line + 1 :]:
        if not further.startswith("  ") or not further.lstrip().startswith("#"):
            break
        found.append(further.lstrip(" #"))
    return " ".join(found)


def groups_table() -> str:
    """Return the groups with their defaults and numbers of options."""
    rows = [
        [f"[`{name}`]({name}.md)", _chosen(option), str(len(option_names(name)))]
        for name, option in sorted(default_options().items())
    ]
    return _table(["group", "default", "options"], rows)


def main_settings_table() -> str:
    """Return the plain settings of the main configuration."""
    return _settings_table(read_option(CONF / "config.yaml").settings)


def _chosen(option: Any) -> str:
    names = option if isinstance(option, list) else [option]
    return ", ".join(f"`{name}`" for name in names)


def _group_page(group: str, options: Sequence[Option], *, chosen: Any) -> str:
    parts = [f"# `{group}`", f"By default {_chosen(chosen)}."]
    for option in options:
        parts += [f"## `{group}={option.name}`", _escaped(" ".join(option.about))]
        parts += [*_facts(option)]
        if option.settings:
            parts.append(_settings_table(option.settings))
    return "\n\n".join(parts)


def _facts(option: Option) -> Iterator[str]:
    """Sentences about what an option is beside its settings."""
    report = option.content.get("report") or {}
    if report:
        yield f"*{_escaped(report['question'])}*"
    if report.get("needs"):
        yield f"Needs {_chosen(report['needs'])}."
    if report.get("remark"):
        yield _escaped(report["remark"])
    also = [
        f"`{key.removeprefix('override ').removeprefix('/').partition('@')[0]}={value}`"
        for entry in option.content.get("defaults") or ()
        if isinstance(entry, dict)
        for key, value in entry.items()
    ]
    if also:
        yield f"Also chooses {', '.join(also)}."
    swept = (option.content.get("hydra") or {}).get("sweeper", {}).get("params", {})
    if swept:
        rows = [[f"`{name}`", f"`{' '.join(str(value).split())}`"] for name, value in swept.items()]
        yield _table(["swept", "values"], rows)
    classes = list(dict.fromkeys(_targets(option.content)))
    if classes:
        yield f"Built by {_chosen(classes)}."


def _targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from [value] if key == "_target_" else _targets(value)


def _settings_table(settings: Sequence[Setting]) -> str:
    rows = [[f"`{one.name}`", _value(one.value), _escaped(one.meaning)] for one in settings]
    return _table(["setting", "default", "meaning"], rows)


def _value(text: str) -> str:
    return {"": "", "???": "must be given"}.get(text, f"`{text}`")


def _escaped(text: str) -> str:
    """Text that Markdown takes as it is."""
    for character in "\\*<>":
        text = text.replace(character, f"\\{character}")
    return text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
