"""One job: check a configuration, save it, build what it names, run it, show the result."""

import logging
import shutil
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from epsilon_research.atomic_file import write_atomically
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.options import (
    CHECKOUT,
    known_settings,
    main_configuration,
    unknown_setting,
)
from epsilon_research.launch.sweep import gather_jobs, relative
from epsilon_research.launch.trust import check_secrets, check_targets

FREE_MEGABYTES = 64
"""Free space that a run folder must have; the main job with its tracker's copy takes a third."""

_CONTINUES = "what was computed is kept, and the same command continues"

logger = logging.getLogger(__name__)


def run_job(config: DictConfig) -> dict[str, Any]:
    """Run one configuration in the folder that Hydra made for it, and return its summary.

    Raises:
        SystemExit: A user's mistake, as `__cause__`, ended a run that is no job of a sweep: Hydra
            would print a line of its own before any other exception.
        KeyboardInterrupt: Ctrl-C, with a text about what is kept.
    """
    hydra = HydraConfig.get()
    try:
        return _run(config)
    except USER_ERRORS as error:
        logger.debug("Where the run failed:", exc_info=True)  # into run.log, not the terminal
        if hydra.mode == RunMode.MULTIRUN:
            # Now, since Hydra reports at the end of the sweep, and its first failure only.
            logger.error("job %s failed: %s", hydra.job.num, user_message(error))
            raise
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        kept = config.store not in ("none", None)
        raise KeyboardInterrupt(_CONTINUES if kept else "") from None


def _run(config: DictConfig) -> dict[str, Any]:
    hydra = HydraConfig.get()
    run_dir = Path(hydra.runtime.output_dir)
    check_settings_are_known(config)
    _check_free_space(run_dir)
    OmegaConf.resolve(config)
    settings = cast("dict[str, Any]", OmegaConf.to_container(config))
    check_targets(settings)
    check_secrets(settings)
    _save(config, run_dir / "config.yaml")
    pipeline = instantiate(config.pipeline, _convert_="all")
    inner_tracker = instantiate(config.tracker, _convert_="all")
    # Late, so that `--help` and mistakes in the configuration answer at once.
    from epsilon_research.tracking import FaultTolerantTracker, config_hash, git_commit, versions

    facts = {
        "overrides": list(hydra.overrides.task),
        "config_hash": config_hash(settings),
        "git_commit": git_commit(CHECKOUT),
        "versions": versions(),
    }
    # Before the tracker opens, so that a wrong file or architecture leaves no empty run there.
    prepared = pipeline.prepare()
    tracker = FaultTolerantTracker(inner_tracker)
    with tracker:
        tracker.open(
            run_dir=run_dir,
            config=settings,
            name=f"{config.name} {run_dir.name}",
            group=config.name,
            tags=[config.name],
        )
        summary = pipeline.run(prepared, run_dir=run_dir, tracker=tracker, run_facts=facts)
    if hydra.mode == RunMode.MULTIRUN:
        _log_correlations(summary)
    else:
        _show(summary)
        if config.report is not None:
            gather_jobs(config, run_dir, overrides=facts["overrides"])
    logger.info("Everything is in %s", relative(run_dir))
    if "incomplete" in summary:
        raise ValueError(summary["incomplete"])
    if tracker.failure is not None:
        raise OSError(tracker.failure)
    return summary


def check_settings_are_known(config: DictConfig) -> None:
    """Refuse `+typo=1`, which Hydra would add and nobody read.

    Raises:
        ValueError: A group or plain value is not in the main configuration.
    """
    for key in config:
        if key not in known_settings():
            raise ValueError(unknown_setting(str(key)))


def _check_free_space(run_dir: Path) -> None:
    """Refuse a full disk before the long work: scores that cannot be written are lost."""
    free = shutil.disk_usage(run_dir).free / 2**20
    if free < FREE_MEGABYTES:
        raise ValueError(
            f"{run_dir} must have {FREE_MEGABYTES} MB of free space, got {free:.1f}: "
            "make room, or choose another folder with hydra.run.dir=PATH"
        )


def _save(config: DictConfig, path: Path) -> None:
    """Save the resolved settings so that they run again as they are, into a folder beside."""
    again = OmegaConf.merge({"hydra": main_configuration()["hydra"]}, config)
    text = (
        f"# Run again: python run.py --config-path={path.parent} --config-name={path.stem}\n"
        + OmegaConf.to_yaml(again)
    )
    write_atomically(path, lambda handle: handle.write(text.encode()))


def _show(summary: dict[str, Any]) -> None:
    """Print the tables of one run."""
    from epsilon_research.reporting import show
    from epsilon_research.reporting.run import Run
    from epsilon_research.reporting.run_tables import comparison_tables, run_parts, search_tables

    run = Run.from_json(summary)
    show(*run_parts(run), *comparison_tables(run), *search_tables(run), *run.tables)


def _log_correlations(summary: dict[str, Any]) -> None:
    """Log a line for each metric: the tables of a sweep come together at its end."""
    for metric, protocols in summary.get("metrics", {}).items():
        words = (f"{found['spearman_rho']:.3f} {name}" for name, found in protocols.items())
        logger.info("%s: ρ %s", metric, ", ".join(words))
