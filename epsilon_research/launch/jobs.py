"""The jobs of a sweep, before and while they run: how many, and whether all make one mistake."""

import math
from collections.abc import Callable, Iterator

from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from omegaconf import DictConfig, open_dict

from epsilon_research.launch.declared import settings_of
from epsilon_research.launch.errors import USER_ERRORS, user_message

MOST_JOBS = 10_000
"""Largest number of jobs of a sweep; Hydra composes all of them before the first one runs."""

_MOST_TRIED = 12
"""Jobs that are tried to see whether all of a sweep make the mistake of the first."""

_ENUMERATES = "BasicSweeper"
"""The sweeper whose jobs are known before they run."""

_sweeps: list[DictConfig] = []
"""The configuration of the sweep of this process, if there is one."""


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
    if not str(config.hydra.sweeper.get("_target_")).endswith(_ENUMERATES):
        return {}
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
    start, stop, step = (0 if one is None else one for one in (sweep.start, sweep.stop, sweep.step))
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
    constant = [word for word in sweep.hydra.overrides.task if _key(word) not in values]
    for place in range(1, min(most, _MOST_TRIED + 1)):
        chosen = [f"{name}={some[place % len(some)]}" for name, some in values.items()]
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_sweep_config(sweep, [*constant, *chosen])
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = place
        yield config


def _key(word: str) -> str:
    return OverridesParser.create().parse_override(word).get_key_element()
