"""Pages of the manual that are made of the project's own files, so that nothing is written twice.

MkDocs calls `on_config`, `on_files` and `on_page_markdown`.
"""

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from options import configuration_pages, groups_table, main_settings_table
from texts import included_pages, log_pages, log_table, python_names, scored_metrics

PAGES = {**configuration_pages(), **log_pages(), **included_pages()}
"""Path below docs/, and its Markdown."""

PARTS = {
    "{{ groups }}": groups_table,
    "{{ log }}": log_table,
    "{{ metrics }}": scored_metrics,
    "{{ python }}": python_names,
    "{{ settings }}": main_settings_table,
}
"""What a written page may stand for, on a line of its own."""


def on_config(config: MkDocsConfig) -> None:
    """Replace each folder of the navigation by its index and the generated pages in it."""
    config.nav = [_expanded(entry) for entry in config.nav or ()]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the generated pages."""
    for path, text in PAGES.items():
        files.append(File.generated(config, path, content=text))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what a page leaves to the project's own files."""
    for mark, make in PARTS.items():
        if mark in markdown:
            markdown = markdown.replace(mark, make())
    return markdown


def _expanded(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {title: _expanded(value) for title, value in entry.items()}
    if isinstance(entry, list):
        return [_expanded(one) for one in entry]
    if not entry.endswith("/"):
        return entry
    return [f"{entry}index.md", *(path for path in PAGES if path.startswith(entry))]
