"""What is checked before Hydra makes a folder or writes a file."""

from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from epsilon_research.launch.declared import settings_of
from epsilon_research.launch.errors import USER_ERRORS
from epsilon_research.launch.folders import check_folder, remember
from epsilon_research.launch.job import check_settings
from epsilon_research.launch.sweep import check_number, note_sweep
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
        settings = settings_of(config)
        folder = str(config.hydra[kind].dir)
        for part in (
            OmegaConf.to_container(settings, resolve=True),
            OmegaConf.to_container(settings),
            {"the run folder": folder},
            {"the command line": OmegaConf.to_container(config.hydra.overrides)},
        ):
            check_secrets(part)
        check_settings(settings)
        if kind == "sweep":
            check_number(config)
        check_folder(Path(folder))
        remember(Path(folder))
    except USER_ERRORS as error:
        # Hydra only warns of a callback that fails with an ordinary exception.
        raise SystemExit(1) from error
