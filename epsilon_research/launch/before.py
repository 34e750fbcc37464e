"""What is checked before Hydra makes a folder or writes a file."""

from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from epsilon_research.launch.errors import USER_ERRORS
from epsilon_research.launch.folders import check_folder, remember
from epsilon_research.launch.job import check_settings
from epsilon_research.launch.jobs import check_number, note_sweep
from epsilon_research.launch.trust import check_secrets


class ChecksBefore(Callback):
    """Refuses wrong settings, secrets and folders of others before anything is written."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Check a single run."""
        _check(config, "run")

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Check what all jobs of a sweep have in common."""
        _check(config, "sweep")
        note_sweep(config)


def _check(config: DictConfig, kind: str) -> None:
    try:
        _check_before(config, kind)
    except USER_ERRORS as error:
        # Hydra only warns of a callback that fails with an ordinary exception.
        raise SystemExit(1) from error


def _check_before(config: DictConfig, kind: str) -> None:
    HydraConfig.instance().set_config(config.copy())  # settings refer to it
    settings = config.copy()
    with read_write(settings), open_dict(settings):
        del settings["hydra"]
    written, found = (
        OmegaConf.to_container(settings, resolve=resolve) for resolve in (False, True)
    )
    folder = str(config.hydra[kind].dir)
    words = cast("list[str]", OmegaConf.to_container(config.hydra.overrides))
    for part in (found, written, {"the run folder": folder}, {"the command line": words}):
        check_secrets(part)
    check_settings(settings)
    if kind == "sweep":
        check_number(config)
    check_folder(Path(folder))
    remember(Path(folder))
