"""The groups and options of `conf/` on the command line: what is known, what each is for."""

from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import OmegaConf

from epsilon_research import catalogue
from epsilon_research.catalogue import CONF, default_options, main_configuration
from epsilon_research.reporting import Table, show


def known_settings() -> set[str]:
    """Return the groups and plain values of `conf/config.yaml`."""
    return main_configuration().keys() - {"defaults", "hydra"} | default_options().keys()


def unknown_setting(key: str) -> str:
    """Return the sentence about a setting that the chosen options do not have."""
    group, _, name = key.partition(".")
    homes = {
        f"{group}.{setting}": path.stem
        for path in sorted((CONF / group).glob("*.yaml"))
        for setting in OmegaConf.load(path)
    }
    if key in homes:
        advice = f"{group}={homes[key]} has it"
    else:
        advice = suggestion(key, homes if name else known_settings())
    return f"settings must be among those that the chosen options have, got {key}: {advice}"


def suggestion(word: str, known: Collection[str]) -> str:
    """Return what to do about a `word` that is none of the `known` ones."""
    return catalogue.suggestion(word, known) or "see --help"


def quoted(value: str) -> str:
    """Return a text in quotes, as a value in Hydra's grammar: a comma in it makes no sweep."""
    return QuotedString(value, Quote.single).with_quotes()


def options_help() -> str:
    """Return a table of all groups and options with the purpose of each, for `--help`.

    Groups that a user adds with `--config-dir` are included.
    """
    folders = [
        Path(source.path)
        for source in HydraConfig.get().runtime.config_sources
        if source.schema == "file"
    ]
    files = [path for folder in folders for path in folder.glob("*/*.yaml")]
    files.sort(key=lambda path: (path.parent.name, path.stem))
    width = max((len(path.stem) for path in files), default=0)
    lines = []
    for group, options in groupby(files, key=lambda path: path.parent.name):
        lines.append(group)
        lines += [f"  {path.stem:{width}}  {_purpose(path)}".rstrip() for path in options]
    return "\n".join(lines).replace("$", "$$")  # Hydra substitutes `$NAME` in it


def listed_group(settings: Sequence[str]) -> str | None:
    """Return the group whose options a command line asks for by `GROUP=list`, if it does."""
    asked = [word.removesuffix("=list") for word in settings if word.endswith("=list")]
    return next((group for group in asked if group in default_options()), None)


def show_options(group: str, *, further: Path | None = None) -> None:
    """Print the options of a group, in a `further` folder, too, and what each is for."""
    folders = [CONF, *([] if further is None else [further])]
    files = [path for folder in folders for path in sorted((folder / group).glob("*.yaml"))]
    rows = [[path.stem, _about(path)] for path in files if path.stem != "none"]
    program = f"{group}=NAME chooses one; --cfg job shows its settings without a run."
    show(Table(title="", head=[group, ""], rows=rows, note=program, align="ll"))


def _about(path: Path) -> str:
    report = OmegaConf.select(OmegaConf.load(path), "report")
    question = "" if report is None else str(report.question)
    first = _purpose(path)
    return first if question in ("", first) else f"{first}\n{question}"


def _purpose(path: Path) -> str:
    """Return the first line of comment in an option's file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = (line for line in lines if line.startswith("# ") and "@package" not in line)
    return next(comments, "").removeprefix("# ")
