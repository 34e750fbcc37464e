"""The studies of a configuration folder, as Hydra composes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from epsilon_research.catalogue import CONF


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedStudy:
    """A study's own configuration.

    Args:
        name: `study=NAME` runs it.
        report: Its block `report`; None if it has none.
        sweeps: Whether it is a sweep, whose folder Hydra takes from another setting.
        swept: Settings that it sweeps, as written.
    """

    name: str
    report: Mapping[str, Any] | None
    sweeps: bool
    swept: Mapping[str, str]


def compose_studies(folder: Path = CONF) -> list[ComposedStudy]:
    """Compose every study of a configuration folder, in the order of their names."""
    names = sorted(path.stem for path in (folder / "study").glob("*.yaml"))
    with initialize_config_dir(str(folder.absolute()), version_base="1.3"):
        return [_composed(name) for name in names if name != "none"]


def _composed(name: str) -> ComposedStudy:
    config = compose("config", [f"study={name}"], return_hydra_config=True)
    HydraConfig.instance().set_config(config)
    hydra = config.hydra
    report = OmegaConf.to_container(config.report) if config.report is not None else None
    params = OmegaConf.to_container(hydra.sweeper.params) if hydra.sweeper.params else {}
    return ComposedStudy(
        name=name,
        report=cast("Mapping[str, Any] | None", report),
        sweeps=str(hydra.mode).endswith("MULTIRUN"),
        swept=cast("Mapping[str, str]", params),
    )
