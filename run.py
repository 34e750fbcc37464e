"""Composes a configuration, builds what it names, runs it: `python run.py --help`."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

# Set by a user who wants tracebacks; afterwards always set, so that Hydra hands exceptions to
# `launch` instead of printing them itself.
SHOW_TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"
os.environ["HYDRA_FULL_ERROR"] = "1"

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

ROOT = Path(__file__).resolve().parent
logger = logging.getLogger("run")


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config: DictConfig) -> dict[str, Any]:
    """Runs one configuration; its folder then holds everything that came of it."""
    _refuse_unknown_settings(config)
    run_dir = Path(HydraConfig.get().runtime.output_dir)
    OmegaConf.resolve(config)
    _save(config, run_dir / "config.yaml")
    pipeline = instantiate(config.pipeline, _convert_="all")
    tracker = instantiate(config.tracker, _convert_="all")
    settings = OmegaConf.to_container(config)
    # Late, so that `--help` and mistakes in the configuration answer at once.
    from rich.console import Console

    from epsilon_research.plotting.terminal import results_table
    from epsilon_research.tracking import config_hash, git_commit, versions

    facts = {
        "config_hash": config_hash(settings),
        "git_commit": git_commit(ROOT),
        "versions": versions(),
    }
    with tracker:
        tracker.open(
            run_dir=run_dir,
            config=settings,
            name=f"{config.name} {run_dir.name}",
            group=config.name,
            tags=[config.name],
        )
        summary = pipeline.run(run_dir=run_dir, tracker=tracker, run_facts=facts)
    Console().print(results_table(summary))
    logger.info("Everything is in %s", _relative(run_dir))
    return summary


def _refuse_unknown_settings(config: DictConfig) -> None:
    """`+typo=1` would otherwise be added and ignored."""
    base = OmegaConf.load(ROOT / "conf" / "config.yaml")
    groups = {str(next(iter(entry))) for entry in base.defaults if not isinstance(entry, str)}
    known = groups | {str(key) for key in base} - {"defaults", "hydra"}
    for key in config:
        if key not in known:
            raise ValueError(
                f"a setting must be one of {', '.join(sorted(known))}, got {key!r}: "
                "see python run.py --help"
            )


def _save(config: DictConfig, path: Path) -> None:
    """Saves the resolved settings so that they run again as they are, into a folder beside."""
    folders = OmegaConf.to_container(OmegaConf.load(ROOT / "conf" / "config.yaml").hydra)
    again = OmegaConf.merge({"hydra": folders}, config)
    path.write_text(
        f"# Run again: python run.py --config-path={path.parent} --config-name={path.stem}\n"
        + OmegaConf.to_yaml(again),
        encoding="utf-8",
    )


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _sentence(error: BaseException) -> str:
    """What to tell a user who made a mistake."""
    if isinstance(error, InstantiationException):
        cause = error.__cause__
        where = str(error).rsplit("full_key: ", 1)
        prefix = f"{where[1]}: " if len(where) == 2 else ""
        if cause is None:
            return str(error)
        return prefix.removeprefix("pipeline.") + _sentence(cause)
    if isinstance(error, KeyError):
        return str(error.args[0])
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename} must be readable or writable, got {error.strerror!r}: check "
            "permissions and free space, or choose another folder with hydra.run.dir=PATH"
        )
    return str(error)


def launch() -> int:
    """Runs `main`; a user's mistake becomes one sentence and exit status 1."""
    try:
        main()
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; the run folder holds what was finished.\n")
        return 130
    except (HydraException, OmegaConfBaseException, ValueError, KeyError, OSError) as error:
        if SHOW_TRACEBACK:
            raise
        sys.stderr.write(f"error: {_sentence(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(launch())
