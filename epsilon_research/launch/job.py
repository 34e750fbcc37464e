"""One job: check a configuration, save it, build what it names, run it, show the result."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from epsilon_research.atomic_file import write_atomically
from epsilon_research.catalogue import CHECKOUT, main_configuration
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.folders import RUN_AGAIN, remove_unbegun
from epsilon_research.launch.kinds import check_kinds
from epsilon_research.launch.options import known_settings, unknown_setting
from epsilon_research.launch.sweep import all_make, gather_jobs, relative
from epsilon_research.launch.trust import check_secrets, check_targets

FREE_MEGABYTES = 64
"""Free space that a run folder must have; the main job with its tracker's copy takes a third."""

_CONTINUES = "what was computed is kept, and the same command continues"

logger = logging.getLogger(__name__)


def run_job(config: DictConfig, *, check: Callable[[DictConfig], None]) -> dict[str, Any]:
    """Run one configuration in the folder that Hydra made for it, and return its summary.

    `check` refuses what a configuration of somebody else may not hold.

    Raises:
        SystemExit: A user's mistake, as `__cause__`, ended a run that is not a job of a sweep:
            Hydra would print a line of its own before any other exception.
        KeyboardInterrupt: Ctrl-C, with a text about what is kept.
    """
    hydra = HydraConfig.get()
    try:
        check(config)
        return _run(config)
    except USER_ERRORS as error:
        logger.debug("Where the run failed:", exc_info=True)  # into run.log, not the terminal
        if hydra.mode == RunMode.MULTIRUN and not isinstance(error, _SweepMistakeError):
            # Now, since Hydra reports at the end of the sweep, and its first failure only.
            logger.error("job %s failed: %s", hydra.job.num, user_message(error))
            raise
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        kept = config.store not in ("none", None)
        raise KeyboardInterrupt(_CONTINUES if kept else "") from None


class _SweepMistakeError(ValueError):
    """All jobs of a sweep would make the mistake of its first one."""


def _run(config: DictConfig) -> dict[str, Any]:
    hydra = HydraConfig.get()
    run_dir = Path(hydra.runtime.output_dir)
    settings, pipeline, inner_tracker, prepared = _begin(config, run_dir)
    # Late, so that `--help` and mistakes in the configuration answer at once.
    from epsilon_research.reporting import show
    from epsilon_research.reporting.run import Run
    from epsilon_research.reporting.run_tables import further_tables, run_parts
    from epsilon_research.tracking import FaultTolerantTracker, config_hash, git_commit, versions

    facts = {
        "overrides": list(hydra.overrides.task),
        "config_hash": config_hash(settings),
        "git_commit": git_commit(CHECKOUT),
        "versions": versions(),
    }
    tracker = FaultTolerantTracker(inner_tracker)
    with tracker:
        tracker.open(run_dir, settings)
        summary = pipeline.run(prepared, run_dir=run_dir, tracker=tracker, run_facts=facts)
    if hydra.mode == RunMode.MULTIRUN:
        # The tables of a sweep come together at its end.
        for metric, protocols in summary.get("metrics", {}).items():
            words = (f"{found['spearman_rho']:.3f} {name}" for name, found in protocols.items())
            logger.info("%s: ρ %s", metric, ", ".join(words))
    else:
        run = Run.from_json(summary)
        show(*run_parts(run), *further_tables(run))
        if config.report is not None:
            gather_jobs(config, run_dir, overrides=facts["overrides"])
        elif config.page:
            from epsilon_research.reporting.report import write_run_report

            write_run_report(run_dir, graphs=pipeline.search_space.space.graphs)
    logger.info("Everything is in %s", relative(run_dir))
    if "incomplete" in summary:
        raise ValueError(summary["incomplete"])
    if tracker.failure is not None:
        raise OSError(tracker.failure)
    return summary


def _begin(config: DictConfig, run_dir: Path) -> tuple[Any, ...]:
    """Prepare a run; a mistake leaves no folder, and ends a sweep all of whose jobs make it."""
    hydra = HydraConfig.get()
    try:
        return _prepare(config, run_dir)
    except USER_ERRORS as error:
        if hydra.mode != RunMode.MULTIRUN:
            remove_unbegun(run_dir)
        elif hydra.job.num == 0 and all_make(error, prepare=lambda other: _prepare(other, None)):
            sentence = f"{user_message(error)} (in every job of the sweep)"
            raise _SweepMistakeError(sentence) from error
        raise


def _prepare(config: DictConfig, run_dir: Path | None) -> tuple[Any, ...]:
    """Check, save and build what a configuration names, before any work; without a folder no file.

    Returns:
        The settings as plain values, the pipeline, the tracker, what the pipeline has prepared.
    """
    if run_dir is not None:
        # Before the long work, since scores that cannot be written are lost.
        free = shutil.disk_usage(run_dir).free / 2**20
        if free < FREE_MEGABYTES:
            raise ValueError(
                f"{run_dir} must have {FREE_MEGABYTES} MB of free space, got {free:.1f}: "
                "make room, or choose another folder with hydra.run.dir=PATH"
            )
    check_settings(config)
    OmegaConf.resolve(config)
    settings = cast("dict[str, Any]", OmegaConf.to_container(config))
    check_secrets(settings)
    if run_dir is not None:
        # So that they run again as they are, into a folder beside.
        again = OmegaConf.merge({"hydra": main_configuration()["hydra"]}, config)
        command = f"{RUN_AGAIN} --config-path={run_dir} --config-name=config\n"
        text = command + OmegaConf.to_yaml(again)
        write_atomically(run_dir / "config.yaml", lambda handle: handle.write(text.encode()))
    pipeline = instantiate(config.pipeline, _convert_="all")
    tracker = instantiate(config.tracker, _convert_="all")
    return settings, pipeline, tracker, pipeline.prepare()


def check_settings(config: DictConfig) -> None:
    """Refuse settings that nobody reads or trusts, and values of the wrong kind.

    A setting that is not one of the chosen options, such as `+typo=1`, Hydra would add.
    """
    for key in config:
        if key not in known_settings():
            raise ValueError(unknown_setting(str(key)))
    written, found = (
        cast("dict[str, Any]", OmegaConf.to_container(config, resolve=resolve))
        for resolve in (False, True)
    )
    check_targets(found)
    check_kinds(written, found)
    name = Path(found.get("name", ""))
    if name.is_absolute() or ".." in name.parts:  # it would lead out of the folder of outputs
        raise ValueError(
            f"name must be that of a folder below outputs/, got {str(name)!r}: pass e.g. name=first"
        )
    if found.get("report") is not None:
        from epsilon_research.studies import Report

        Report.from_block(found["report"])
