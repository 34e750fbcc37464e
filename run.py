"""Composes a configuration, builds what it names, runs it: `python run.py --help`."""

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

# Set by a user who wants tracebacks; afterwards always set, so that Hydra hands exceptions to
# `launch` instead of printing them itself.
SHOW_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
os.environ["HYDRA_FULL_ERROR"] = "1"

import hydra
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from epsilon_research.atomic_file import write_atomically
from experiments.config_trust import check_origin, check_secrets, check_targets
from experiments.mistakes import CONF, MISTAKES, known_settings, sentence, unknown_setting

# Hydra finds `run.SweepFolder` in this very module, not in a second copy of it.
sys.modules.setdefault("run", sys.modules[__name__])

ROOT = Path(__file__).resolve().parent
FREE_MEGABYTES = 64
"""What a run folder must have free; the main job with its tracker's copy takes a third of it."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

_CONTINUES = "what was computed is kept, and the same command continues"
_STARTS_OVER = "the same command starts over"

logger = logging.getLogger("run")

_failures: list[Exception] = []
"""Why the run failed; kept aside, since Hydra would print a line of its own before it."""

_sweeps: list[DictConfig] = []
"""The configuration of the sweep that ran, if one did: with its folder, and what it is about."""


class SweepFolder(Callback):
    """Remembers where the jobs of a sweep are.

    They are gathered after Hydra has ended: of a callback that fails it would tell nobody, and the
    exit status would be 0.
    """

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Called by Hydra, in the process that hands out the jobs."""
        # Hydra itself does so for each job, which is too late for a folder that is named after one
        # of its choices; and where that is swept, each job would have a folder elsewhere.
        HydraConfig.instance().set_config(config.copy())
        folder = str(config.hydra.sweep.dir)
        with read_write(config), open_dict(config):
            config.hydra.sweep.dir = folder
            quoted = folder.replace("'", "\\'")
            config.hydra.overrides.hydra.append(f"hydra.sweep.dir='{quoted}'")
        _sweeps.append(config.copy())


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
    settings = cast("dict[str, Any]", OmegaConf.to_container(config))
    check_targets(settings)
    check_secrets(settings)
    _save(config, run_dir / "config.yaml")
    pipeline = instantiate(config.pipeline, _convert_="all")
    inner_tracker = instantiate(config.tracker, _convert_="all")
    # Late, so that `--help` and mistakes in the configuration answer at once.
    from epsilon_research.tracking import Steadfast, config_hash, git_commit, versions

    facts = {
        "overrides": list(HydraConfig.get().overrides.task),
        "config_hash": config_hash(settings),
        "git_commit": git_commit(ROOT),
        "versions": versions(),
    }
    # Before the tracker opens, so that a wrong file or architecture leaves no empty run there.
    prepared = pipeline.prepare()
    tracker = Steadfast(inner_tracker)
    with tracker:
        tracker.open(
            run_dir=run_dir,
            config=settings,
            name=f"{config.name} {run_dir.name}",
            group=config.name,
            tags=[config.name],
        )
        summary = pipeline.run(prepared, run_dir=run_dir, tracker=tracker, run_facts=facts)
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        _tell(summary)
    else:
        _show(summary)
        if config.report is not None:
            _gather(config, run_dir, overrides=facts["overrides"])
    logger.info("Everything is in %s", _relative(run_dir))
    if "incomplete" in summary:
        raise ValueError(summary["incomplete"])
    if tracker.failure is not None:
        raise OSError(tracker.failure)
    return summary


def _show(summary: dict[str, Any]) -> None:
    """The tables of one run, in the terminal."""
    from rich.console import Console

    from epsilon_research.plotting.comparison_table import comparison_table
    from epsilon_research.plotting.search_table import search_table
    from epsilon_research.plotting.terminal import results_table

    Console().print(results_table(summary))
    if "comparison" in summary:
        Console().print(comparison_table(summary))
    if "search" in summary:
        Console().print(search_table(summary))


def _tell(summary: dict[str, Any]) -> None:
    """A line for each metric: a sweep's tables come together at its end."""
    for metric, protocols in summary.get("metrics", {}).items():
        words = (f"{found['spearman_rho']:.3f} {name}" for name, found in protocols.items())
        logger.info("%s: ρ %s", metric, ", ".join(words))


def _gather(config: DictConfig, folder: Path, *, overrides: Sequence[str]) -> None:
    """Makes one table of a study's jobs, and shows it beside the published numbers."""
    # After a launcher that runs jobs elsewhere, logging is not set up in this process.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    from rich.console import Console

    from epsilon_research.plotting.study_table import study_table
    from experiments.study import Report, gather

    plain = {"title": f"Sweep: {config.name}", "question": ""}
    report = plain if config.report is None else OmegaConf.to_container(config.report)
    try:
        checked = Report(**cast("dict[str, Any]", report))
    except TypeError as error:
        raise ValueError(
            f"report must have title and question and may have the fields of "
            f"experiments.study.Report, got {report}: {error}"
        ) from error
    study = gather(folder, name=config.name, report=checked, overrides=overrides)
    Console().print(study_table(study))
    logger.info("Gathered in %s", _relative(folder / "study.json"))


def _gather_again(arguments: Sequence[str]) -> None:
    """`study=NAME gather=true`, or `gather=PATH`: no job runs, what ran is gathered again.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    where = next(word for word in arguments if word.startswith("gather=")).partition("=")[2]
    rest = [word for word in arguments if not word.startswith(("gather=", "-"))]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", rest, return_hydra_config=True)
    HydraConfig.instance().set_config(config)
    base = Path("outputs") / str(config.name)
    newest = max((path for path in base.glob("*/") if path.name[:1].isdigit()), default=base)
    folder = newest if where.lower() == "true" else Path(where)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"gather must name a folder of finished jobs, or be true where {base}/ has one, got "
            f"{where}: run the study first"
        )
    started = folder / "multirun.yaml"
    overrides = OmegaConf.load(started).hydra.overrides.task if started.is_file() else rest
    _log_to_terminal()
    _gather(config, folder, overrides=list(overrides))


def _log_to_terminal() -> None:
    """What Hydra does for a run."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


def _refuse_unknown_settings(config: DictConfig) -> None:
    """`+typo=1` would otherwise be added and ignored."""
    for key in config:
        if key not in known_settings():
            raise ValueError(unknown_setting(str(key)))


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
    again = OmegaConf.merge({"hydra": _hydra_settings()}, config)
    text = (
        f"# Run again: python run.py --config-path={path.parent} --config-name={path.stem}\n"
        + OmegaConf.to_yaml(again)
    )
    write_atomically(path, lambda handle: handle.write(text.encode()))


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _flags_first(arguments: list[str]) -> list[str]:
    """`a=1 -m b=2,3` in the order that argparse takes, which wants settings in one piece."""
    flags = [word for word in arguments if re.fullmatch(r"-m|--[\w-]+=.*|--multirun", word)]
    return flags + [word for word in arguments if word not in flags]


def launch() -> int:
    """Runs `main`, then gathers a sweep; the exit status is that of what went worst."""
    sys.argv[1:] = _flags_first(sys.argv[1:])
    logging.raiseExceptions = False  # a log that cannot be written must not print tracebacks
    again = any(re.fullmatch(r"gather=(?!(?i:false)$).+", word) for word in sys.argv[1:])
    steps = [lambda: _gather_again(sys.argv[1:])] if again else [main, _end_run, _gather_sweep]
    status = _step(lambda: check_origin(sys.argv[1:], own=_hydra_settings()))
    if status:
        return status
    for step in steps:
        status = max(status, _step(step))
        if status == INTERRUPTED:
            break
    return status


def _hydra_settings() -> dict[str, Any]:
    """Hydra's section of the main configuration, as it is written there."""
    section = OmegaConf.to_container(OmegaConf.load(CONF / "config.yaml").hydra)
    return cast("dict[str, Any]", section)


def _end_run() -> None:
    """Raises why the run failed, if it did."""
    if _failures:
        raise _failures.pop()


def _gather_sweep() -> None:
    """Gathers the jobs of the sweep that ran, if one did: also when some of its jobs failed."""
    for config in _sweeps:
        HydraConfig.instance().set_config(config)
        folder = Path(config.hydra.sweep.dir)
        # If no job has ended well, each has said why.
        if any(folder.glob("*/summary.json")):
            _gather(config, folder, overrides=list(config.hydra.overrides.task))


def _step(step: Callable[[], object]) -> int:
    """The exit status of a step; a user's mistake becomes one sentence and status 1."""
    try:
        step()
    except KeyboardInterrupt as interrupt:
        sys.stderr.write(f"\nInterrupted before the end: {interrupt or _STARTS_OVER}.\n")
        return INTERRUPTED
    except MISTAKES as error:
        if SHOW_TRACEBACK:
            raise
        sys.stderr.write(f"error: {sentence(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(launch())
