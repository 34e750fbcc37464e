"""Pages and parts of pages that are made of the log, of other Markdown files and of docstrings."""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

import epsilon_research
from epsilon_research.catalogue import CHECKOUT, CONF

_INCLUDED = {
    "project/architecture.md": "ARCHITECTURE.md",
    "project/contributing.md": "CONTRIBUTING.md",
    "project/changelog.md": "CHANGELOG.md",
}


def included_pages() -> dict[str, str]:
    """Return the Markdown files of the checkout that are pages as they are, by path."""
    return {page: _text(CHECKOUT / name) for page, name in _INCLUDED.items()}


def log_pages() -> dict[str, str]:
    """Return a page for each entry of the log of experiments, by path."""
    return {
        f"results/{name}": f"# {title}\n\n{date}\n\n{body}\n"
        for date, title, name, body in _log_entries()
    }


def log_table() -> str:
    """Return a list of the entries of the log."""
    rows = [f"| {date} | [{title}]({name}) |" for date, title, name, _ in _log_entries()]
    return "\n".join(["| date | entry |", "| --- | --- |", *rows])


def _log_entries() -> Iterator[tuple[str, str, str, str]]:
    """Date, title, file name and text of each entry, whose parts are paragraphs."""
    _, *entries = re.split(r"^## ", _text(CHECKOUT / "experiments" / "LOG.md"), flags=re.MULTILINE)
    for entry in entries:
        heading, _, body = entry.partition("\n")
        date, _, title = heading.partition(": ")
        name = f"{date}-{re.sub(r'[^a-z0-9]+', '-', title.lower()).strip('-')}.md"
        parts = re.sub(
            r"^((?:Question|Command|Result|Verdict)[a-z ]*): ?",
            r"\n**\1:** ",
            body,
            flags=re.MULTILINE,
        )
        yield date, title[:1].upper() + title[1:], name, parts.strip()


def scored_metrics() -> str:
    """Return the reference of every metric: its name, and the docstring of its class."""
    classes: dict[str, list[str]] = {}
    for path in sorted((CONF / "metric").glob("*.yaml")):
        for name, settings in yaml.safe_load(_text(path)).items():
            classes.setdefault(settings["_target_"], []).append(name)
    parts = []
    for target, names in classes.items():
        parts.append(
            f"## {', '.join(names)}\n\n::: {target}\n    options:\n      members: false\n"
            "      show_root_heading: false\n      show_root_toc_entry: false\n"
        )
    return "\n".join(parts)


def python_names() -> str:
    """Return the reference of what `epsilon_research` exports, functions before classes."""
    names = [name for name in dir(epsilon_research) if not name.startswith("_")]
    found = [(name, getattr(epsilon_research, name)) for name in names]
    own = [
        (isinstance(value, type), name, value)
        for name, value in found
        if getattr(value, "__module__", "").startswith("epsilon_research.")
    ]
    own.sort(key=lambda one: one[:2])
    return "\n".join(f"::: {value.__module__}.{name}\n" for _, name, value in own)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
