"""Configurations as Hydra composes them, with nothing started; those of all studies, too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from epsilon_research.catalogue import CONF


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedStudy:
    """A study's own configuration: `study=NAME` runs it.

    Without a block `report` there is none. A sweep has its folder from another setting of Hydra's
    than a run, and `swept`, the settings that it sweeps, as written.
    """

    name: str
    report: Mapping[str, Any] | None
    sweeps: bool
    swept: Mapping[str, str]


def compose_studies(folder: Path = CONF) -> list[ComposedStudy]:
    """Compose every study of a configuration folder, in the order of their names."""
    names = sorted(path.stem for path in (folder / "study").glob("*.yaml"))
    return [_study(name, folder) for name in names if name != "none"]


def _study(name: str, folder: Path) -> ComposedStudy:
    config = composed([f"study={name}"], folder=folder)
    HydraConfig.instance().set_config(config)
    hydra: Any = config.hydra
    report: Any = None if config.report is None else OmegaConf.to_container(config.report)
    swept: Any = OmegaConf.to_container(hydra.sweeper.params) if hydra.sweeper.params else {}
    sweeps = str(hydra.mode).endswith("MULTIRUN")
    return ComposedStudy(name=name, report=report, sweeps=sweeps, swept=swept)


def composed(words: Sequence[str], *, folder: Path = CONF, name: str = "config") -> DictConfig:
    """Return what settings of a command line are composed to, with Hydra's own section."""
    with initialize_config_dir(str(folder.absolute()), version_base="1.3"):
        return compose(name, list(words), return_hydra_config=True)


def settings_of(config: DictConfig) -> DictConfig:
    """Return a configuration without Hydra's own section, to which its settings may refer."""
    HydraConfig.instance().set_config(config.copy())
    settings = config.copy()
    with read_write(settings), open_dict(settings):
        del settings["hydra"]
    return settings
