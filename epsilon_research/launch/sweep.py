"""Sweeps: how many jobs they have, where, and how the finished ones become one table."""

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from epsilon_research.bounded_yaml import read_settings
from epsilon_research.launch.declared import composed, settings_of
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.folders import remove_unbegun
from epsilon_research.launch.options import quoted
from epsilon_research.launch.trust import check_targets

if TYPE_CHECKING:
    from epsilon_research.reporting.plot_data import Graphs

logger = logging.getLogger(__name__)

MOST_JOBS = 10_000
"""Largest number of jobs of a sweep; Hydra composes all of them before the first one runs."""

_MOST_TRIED = 12
"""Jobs that are tried to see whether all of a sweep make the mistake of the first."""

_sweeps: list[DictConfig] = []
"""The configuration of the sweep of this process, if there is one."""


class SweepFolder(Callback):
    """Gives all jobs of a sweep one folder, and lets `gather_sweep` find it.

    The jobs are not gathered here: Hydra only warns of a callback that fails, and the exit status
    would be 0.
    """

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Resolve the folder once, in the process that hands out the jobs."""
        # Hydra itself does so for each job, which is too late for a folder that is named after one
        # of its choices; and where that is swept, each job would have a folder elsewhere.
        HydraConfig.instance().set_config(config.copy())
        folder = str(config.hydra.sweep.dir)
        with read_write(config), open_dict(config):
            config.hydra.sweep.dir = folder
            config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(folder)}")
        # Hydra restores this after each job.
        HydraConfig.instance().set_config(config.copy())


def note_sweep(config: DictConfig) -> None:
    """Note the configuration of a sweep that is about to begin."""
    _sweeps[:] = [config.copy()]


def check_number(config: DictConfig) -> None:
    """Refuse a sweep of more than `MOST_JOBS` jobs, or of none, before they are listed."""
    count = math.prod(_num_values(one) for one in _swept(config).values())
    if not 1 <= count <= MOST_JOBS:
        got = "no end or none" if count in (0, math.inf) else f"{count:,}"
        raise ValueError(
            f"a sweep must have 1 to {MOST_JOBS:,} jobs, got {got}: sweep fewer values at a time"
        )


def _swept(config: DictConfig) -> dict[str, Override]:
    """What a sweep sweeps, by setting; what is typed wins over the file."""
    if not str(config.hydra.sweeper.get("_target_")).endswith("BasicSweeper"):
        return {}  # other sweepers find their jobs as they go
    params = [f"{name}={value}" for name, value in (config.hydra.sweeper.params or {}).items()]
    loader = GlobalHydra.instance().config_loader()
    parser = OverridesParser.create(config_loader=loader)
    overrides = parser.parse_overrides([*params, *config.hydra.overrides.task])
    settings = {one.get_key_element(): one for one in overrides}
    return {name: one for name, one in settings.items() if one.is_sweep_override()}


def _num_values(override: Override) -> float:
    sweep = override.value()
    if isinstance(sweep, ChoiceSweep):
        return len(sweep.list)
    if not isinstance(sweep, RangeSweep):
        return 1
    start, stop, step = (one or 0 for one in (sweep.start, sweep.stop, sweep.step))
    if step == 0 or not all(map(math.isfinite, (start, stop, step))):
        return math.inf
    return max(0, math.ceil((stop - start) / step))


def all_make(mistake: Exception, *, prepare: Callable[[DictConfig], object]) -> bool:
    """Return whether every job of the running sweep would make the mistake that its first made.

    So many jobs are prepared, not run, that each value of each swept setting is among them, up to
    a bound; `prepare` raises the mistake of one.
    """
    if not _sweeps:
        return False
    before = HydraConfig.instance().cfg
    try:
        for config in _others(_sweeps[0]):
            try:
                prepare(settings_of(config))
            except USER_ERRORS as error:
                if user_message(error) == user_message(mistake):
                    continue
            return False
        return True
    finally:
        HydraConfig.instance().cfg = before


def _others(sweep: DictConfig) -> Iterator[DictConfig]:
    """Yield the configurations of jobs that have other values of what is swept than the first."""
    values = {name: [*one.sweep_string_iterator()] for name, one in _swept(sweep).items()}
    most = max(map(len, values.values()), default=0)
    parse = OverridesParser.create().parse_override
    typed = sweep.hydra.overrides.task
    constant = [word for word in typed if parse(word).get_key_element() not in values]
    for place in range(1, min(most, _MOST_TRIED + 1)):
        chosen = [f"{name}={some[place % len(some)]}" for name, some in values.items()]
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_sweep_config(sweep, [*constant, *chosen])
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = place
        yield config


def gather_sweep() -> None:
    """Gather the jobs of the sweep that ran, if one did: also if some of its jobs failed."""
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return
    folder = Path(HydraConfig.get().sweep.dir)
    # If no job has finished, each has reported why.
    if not any(folder.glob("*/summary.json")):
        for job in [*folder.glob("*/"), folder]:
            remove_unbegun(job)
    else:
        config = cast("DictConfig", OmegaConf.load(folder / "multirun.yaml"))
        gather_jobs(config, folder, overrides=HydraConfig.get().overrides.task)


def gather_again(where: bool | str, settings: Sequence[str]) -> None:  # noqa: FBT001
    """Gather jobs that ran before; none runs.

    Args:
        where: A folder of finished jobs, or true for the newest one of the study.
        settings: The rest of the command line, such as `study=NAME`.
    """
    config = composed(settings)
    HydraConfig.instance().set_config(config)
    base = Path("outputs") / str(config.name)
    folder = _newest(base) if where is True else Path(str(where))
    if folder is None or not folder.is_dir():
        raise FileNotFoundError(
            f"gather must name a folder of finished jobs, or be true where {base}/ has one, got "
            f"{str(where).lower() if where is True else where}: run the study first"
        )
    started = folder / "multirun.yaml"
    overrides = _typed_words(started) if started.is_file() else settings
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    gather_jobs(config, folder, overrides=overrides)


def _typed_words(started: Path) -> list[str]:
    # As text: of somebody else's folder, references are not followed.
    try:
        return [str(word) for word in read_settings(started)["hydra"]["overrides"]["task"]]
    except (LookupError, TypeError) as error:
        raise ValueError(
            f"{started} must say how the sweep was started, got {error!r}: run the study again"
        ) from error


def _newest(base: Path) -> Path | None:
    """Return the newest folder of a study whose jobs have finished, if there is one."""
    folders = sorted((path for path in base.glob("*/") if path.name[:1].isdigit()), reverse=True)
    return next((folder for folder in folders if _has_finished(folder)), None)


def _has_finished(folder: Path) -> bool:
    """Return whether all runs wrote their summary at their end, not where one was interrupted."""
    jobs = [path for path in folder.iterdir() if path.name.isdigit()] or [folder]
    try:
        summaries = [json.loads((job / "summary.json").read_text("utf-8")) for job in jobs]
    except (OSError, ValueError):
        return False
    return not any("interrupted" in summary for summary in summaries)


def gather_jobs(config: DictConfig, folder: Path, *, overrides: Sequence[str]) -> None:
    """Make one table of a study's jobs and print it beside the published numbers.

    `folder` holds the run folders of the jobs, or is the one of a single job; `overrides` are the
    settings that were typed to start it.
    """
    # After a launcher that runs jobs elsewhere, logging is not set up in this process.
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    from epsilon_research.reporting import show
    from epsilon_research.reporting.report import write_study_report
    from epsilon_research.reporting.study_tables import study_parts
    from epsilon_research.studies import Report, gather

    plain = {"title": f"Sweep: {config.name}", "question": ""}
    block = plain if config.report is None else OmegaConf.to_container(config.report)
    plotting = OmegaConf.to_container(config.plotting, resolve=True)
    check_targets(plotting)
    study = gather(
        folder,
        name=config.name,
        report=Report.from_block(block),
        overrides=list(overrides),
        plotting=instantiate(plotting, _convert_="all"),
    )
    show(*study_parts(study))
    if config.page:
        write_study_report(study, folder, graphs_of=graphs_of)
    logger.info("Gathered in %s", relative(folder / "study.json"))


def graphs_of(folder: Path) -> "Graphs | None":
    """Return what the architectures of a finished job look like, by the space that it saved.

    Where `config.yaml` names no space that may be built, the log says so, and the result is None.
    """
    try:
        settings = OmegaConf.to_container(OmegaConf.load(folder / "config.yaml").search_space)
        check_targets(settings)
        return instantiate(settings, _convert_="all").space.graphs
    except USER_ERRORS as error:
        logger.warning(
            "the architectures of %s are not drawn: %s", relative(folder), user_message(error)
        )
        return None


def relative(path: Path) -> Path:
    """Return a path below the current folder in its short form, any other as it is."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
