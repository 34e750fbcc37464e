"""What the studies of conf/study/ say of themselves, read without composing them."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from experiments.study import Report

_RANGE = re.compile(r"range\(\s*-?\d+\s*(?:,\s*-?\d+\s*){0,2}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredStudy:
    """A study as its file declares it.

    Args:
        name: Of the file; `study=NAME` runs it.
        report: Its block `report:`.
        spaces: Search spaces that it is about.
        sweeps: Whether it is a sweep, whose folder Hydra takes from another setting.
        swept: Names of the settings that it sweeps.
        num_jobs: Runs of it, as far as its file tells; for the estimate of time only.
    """

    name: str
    report: Report
    spaces: tuple[str, ...]
    sweeps: bool = False
    swept: tuple[str, ...] = ()
    num_jobs: int = 1

    @property
    def place(self) -> tuple[int | float, str]:
        """What studies are sorted by: those without a number last, equal ones by name."""
        return (math.inf if self.report.order is None else self.report.order, self.name)


def read_studies(conf: Path) -> list[DeclaredStudy]:
    """All studies with a block `report:` below the folder `conf`, in the page's order.

    Raises:
        ValueError: A file is no YAML, or its report is not as `Report` says.
    """
    found = [_declared(path, conf) for path in sorted((conf / "study").glob("*.yaml"))]
    return sorted((study for study in found if study is not None), key=lambda study: study.place)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"{path} must be YAML, got {first!r}: correct it") from error
    return content if isinstance(content, Mapping) else {}


def _declared(path: Path, conf: Path) -> DeclaredStudy | None:
    content = _load(path)
    block = content.get("report")
    if block is None:
        return None
    hydra = content.get("hydra") or {}
    params = (hydra.get("sweeper") or {}).get("params") or {}
    choices = {str(key): _choices(str(value)) for key, value in params.items()}
    return DeclaredStudy(
        name=path.stem,
        report=_report(block, path.stem),
        spaces=_spaces(content, choices, conf),
        sweeps=hydra.get("mode") == "MULTIRUN",
        swept=tuple(choices),
        num_jobs=math.prod(len(values) for values in choices.values()),
    )


def _report(block: object, study: str) -> Report:
    if not isinstance(block, Mapping):
        raise ValueError(
            f"report of study {study} must be a mapping, got {block!r}: see the other studies"
        )
    for field in ("needs", "uses", "published"):
        if isinstance(block.get(field), str):
            raise ValueError(
                f"report.{field} of study {study} must be a list, got {block[field]!r}: write "
                f"[{block[field]}]"
            )
    try:
        return Report(**block)
    except TypeError as error:
        raise ValueError(
            f"report of study {study} must have the fields of experiments.study.Report, got "
            f"{', '.join(map(str, block))}: correct it ({error})"
        ) from error


def _spaces(
    content: Mapping[str, Any], choices: Mapping[str, list[str]], conf: Path
) -> tuple[str, ...]:
    """The search spaces of a study: swept, chosen, chosen by its task, or the usual one."""
    if "search_space" in choices:
        return tuple(choices["search_space"])
    tasks = [_load(conf / "task" / f"{task}.yaml") for task in choices.get("task", ())]
    usual = _space(_load(conf / "config.yaml"), conf) or ""
    found = [_space(source, conf) or usual for source in tasks or [content]]
    return tuple(dict.fromkeys(found))


def _space(content: Mapping[str, Any], conf: Path) -> str | None:
    """The search space that a file chooses, itself or through a task."""
    chosen = dict(_chosen(content))
    if "search_space" in chosen:
        return chosen["search_space"]
    task = conf / "task" / f"{chosen.get('task', '')}.yaml"
    return _space(_load(task), conf) if task.is_file() else None


def _chosen(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Group and option of each entry of a defaults list."""
    for entry in content.get("defaults") or ():
        if isinstance(entry, Mapping):
            for key, option in entry.items():
                yield str(key).removeprefix("override ").strip().lstrip("/"), str(option)


def _choices(text: str) -> list[str]:
    """What a setting of a sweep is swept over: parts between commas outside of brackets."""
    if _RANGE.fullmatch(text.strip()):
        first, *others = map(int, re.findall(r"-?\d+", text))
        return [str(number) for number in range(first, *others)]
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[({") - (letter in "])}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
