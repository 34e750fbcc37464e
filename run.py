"""Composes a configuration, builds what it names, runs it: `python run.py --help`."""

import difflib
import logging
import os
import re
import shutil
import sys
from functools import singledispatch
from pathlib import Path
from typing import Any, cast

# Set by a user who wants tracebacks; afterwards always set, so that Hydra hands exceptions to
# `launch` instead of printing them itself.
SHOW_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
os.environ["HYDRA_FULL_ERROR"] = "1"

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
)
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

ROOT = Path(__file__).resolve().parent
CONF = ROOT / "conf"
FREE_MEGABYTES = 64
"""What a run folder must have free; the main job with its tracker's copy takes a third of it."""

_CONTINUES = "what was computed is kept, and the same command continues"
_STARTS_OVER = "the same command starts over"

logger = logging.getLogger("run")

MISTAKES = (HydraException, OmegaConfBaseException, ValueError, KeyError, OSError)
"""What a user's mistake raises; anything else is a bug and shows its traceback."""

_failures: list[Exception] = []
"""Why the run failed; kept aside, since Hydra would print a line of its own before it."""


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def main(config: DictConfig) -> dict[str, Any] | None:
    """Runs one configuration; its folder then holds everything that came of it."""
    try:
        return run(config)
    except MISTAKES as error:
        logger.debug("Where the run failed:", exc_info=True)  # into run.log, not the terminal
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            # Now, since Hydra tells at the end of the sweep, and of its first failure only.
            logger.error("job %s failed: %s", HydraConfig.get().job.num, sentence(error))
            raise
        _failures.append(error)
        return None
    except KeyboardInterrupt:
        kept = config.store not in ("none", None)
        raise KeyboardInterrupt(_CONTINUES if kept else _STARTS_OVER) from None


def run(config: DictConfig) -> dict[str, Any]:
    """The steps: check, save, build, track, run, show."""
    _refuse_unknown_settings(config)
    run_dir = Path(HydraConfig.get().runtime.output_dir)
    _refuse_full_disk(run_dir)
    OmegaConf.resolve(config)
    _save(config, run_dir / "config.yaml")
    pipeline = instantiate(config.pipeline, _convert_="all")
    tracker = instantiate(config.tracker, _convert_="all")
    settings = cast("dict[str, Any]", OmegaConf.to_container(config))
    # Late, so that `--help` and mistakes in the configuration answer at once.
    from rich.console import Console

    from epsilon_research.plotting.comparison_table import comparison_table
    from epsilon_research.plotting.search_table import search_table
    from epsilon_research.plotting.terminal import results_table
    from epsilon_research.tracking import config_hash, git_commit, versions

    facts = {
        "config_hash": config_hash(settings),
        "git_commit": git_commit(ROOT),
        "versions": versions(),
    }
    # Before the tracker opens, so that a wrong file or architecture leaves no empty run there.
    prepared = pipeline.prepare()
    with tracker:
        tracker.open(
            run_dir=run_dir,
            config=settings,
            name=f"{config.name} {run_dir.name}",
            group=config.name,
            tags=[config.name],
        )
        summary = pipeline.run(prepared, run_dir=run_dir, tracker=tracker, run_facts=facts)
    Console().print(results_table(summary))
    if "comparison" in summary:
        Console().print(comparison_table(summary))
    if "search" in summary:
        Console().print(search_table(summary))
    logger.info("Everything is in %s", _relative(run_dir))
    if "incomplete" in summary:
        raise ValueError(summary["incomplete"])
    return summary


def _known_settings() -> set[str]:
    """Groups and plain values of the main configuration."""
    base = OmegaConf.load(CONF / "config.yaml")
    groups = {str(next(iter(entry))) for entry in base.defaults if not isinstance(entry, str)}
    return groups | {str(key) for key in base} - {"defaults", "hydra"}


def _refuse_unknown_settings(config: DictConfig) -> None:
    """`+typo=1` would otherwise be added and ignored."""
    for key in config:
        if key not in _known_settings():
            raise ValueError(_unknown_setting(str(key)))


def _unknown_setting(key: str) -> str:
    """What to tell a user about a setting that does not exist, at least not in this choice."""
    group, _, name = key.partition(".")
    homes = {
        f"{group}.{setting}": path.stem
        for path in sorted((CONF / group).glob("*.yaml"))
        for setting in OmegaConf.load(path)
    }
    known = homes if name else _known_settings()
    if key in homes:
        advice = f"{group}={homes[key]} has it"
    else:
        close = difflib.get_close_matches(key, known, n=1)
        advice = f"did you mean {close[0]}?" if close else "see python run.py --help"
    return f"settings must be among those that the chosen options have, got {key}: {advice}"


def _refuse_full_disk(run_dir: Path) -> None:
    """Scores that cannot be written are lost, and would be so after the long work."""
    free = shutil.disk_usage(run_dir).free / 2**20
    if free < FREE_MEGABYTES:
        raise ValueError(
            f"{run_dir} must have {FREE_MEGABYTES} MB of free space, got {free:.1f}: "
            "make room, or choose another folder with hydra.run.dir=PATH"
        )


def _save(config: DictConfig, path: Path) -> None:
    """Saves the resolved settings so that they run again as they are, into a folder beside."""
    folders = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml").hydra)
    again = OmegaConf.merge({"hydra": folders}, config)
    path.write_text(
        f"# Run again: python run.py --config-path={path.parent} --config-name={path.stem}\n"
        + OmegaConf.to_yaml(again),
        encoding="utf-8",
    )


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@singledispatch
def sentence(error: BaseException) -> str:
    """What to tell a user who made a mistake; one case below for each kind that needs words."""
    return str(error) or type(error).__name__


@sentence.register
def _(error: InstantiationException) -> str:
    if error.__cause__ is None:
        return str(error)
    setting = _as_typed(str(error).rpartition("full_key: ")[2])
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", str(error.__cause__))
    if unexpected:
        return _unknown_setting(f"{setting}.{unexpected[1]}".removeprefix("."))
    cause = sentence(error.__cause__)
    # Most sentences name the setting themselves.
    first = cause.split(" ", 1)[0].split(".", 1)[0]
    named = first in setting.split(".") or first in _known_settings()
    return cause if named or not setting else f"{setting}: {cause}"


def _as_typed(path: str) -> str:
    """`pipeline.metric.epsilon.engine` as `engine`: what the pipeline refers to is a group."""
    parts = path.removeprefix("pipeline").removeprefix(".").split(".")
    starts = [place for place, part in enumerate(parts) if part and (CONF / part).is_dir()]
    return ".".join(parts[starts[-1] if starts else 0 :])


@sentence.register
def _(error: MissingMandatoryValue) -> str:
    setting = _as_typed(str(error.full_key))
    return f"{setting} must be given, got nothing: pass {setting}=..."


@sentence.register
def _(error: InterpolationKeyError) -> str:
    missing = re.search(r"Interpolation key '([\w.]+)'", str(error))
    if missing is None:
        return str(error)
    return (
        f"{missing[1]} must be given, since others refer to it, got nothing: pass {missing[1]}=..."
    )


@sentence.register
def _(error: MissingConfigException) -> str:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    options = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    if not group or not options:
        return str(error)
    return f"{group} must be one of {', '.join(options)}, got {option}: choose one of them"


@sentence.register
def _(error: ConfigCompositionException) -> str:
    # Hydra advises to add the key with a plus, which would be refused for good reason.
    unknown = re.match(r"Could not override '([\w.]+)'", str(error))
    return _unknown_setting(unknown[1]) if unknown else str(error)


@sentence.register
def _(error: KeyError) -> str:
    return str(error.args[0]) if error.args else "KeyError"


@sentence.register
def _(error: OSError) -> str:
    if error.strerror is None or " must " in error.strerror:
        return str(error) if error.strerror is None else f"{error.filename}: {error.strerror}"
    where = "the run folder" if error.filename is None else error.filename
    return (
        f"{where} must be readable or writable, got {error.strerror!r}: check permissions and "
        "free space, or choose another folder with hydra.run.dir=PATH"
    )


def _flags_first(arguments: list[str]) -> list[str]:
    """`a=1 -m b=2,3` in the order that argparse takes, which wants settings in one piece."""
    flags = [word for word in arguments if re.fullmatch(r"-m|--[\w-]+=.*|--multirun", word)]
    return flags + [word for word in arguments if word not in flags]


def launch() -> int:
    """Runs `main`; a user's mistake becomes one sentence and exit status 1."""
    sys.argv[1:] = _flags_first(sys.argv[1:])
    logging.raiseExceptions = False  # a log that cannot be written must not print tracebacks
    try:
        main()
        if _failures:
            raise _failures.pop()
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"\nInterrupted before the end: {interrupt or _STARTS_OVER}.\n")
        return 130
    except MISTAKES as error:
        if SHOW_TRACEBACK:
            raise
        sys.stderr.write(f"error: {sentence(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(launch())
