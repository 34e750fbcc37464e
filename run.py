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
from hydra.errors import ConfigCompositionException, HydraException, InstantiationException
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

ROOT = Path(__file__).resolve().parent
logger = logging.getLogger("run")

MISTAKES = (HydraException, OmegaConfBaseException, ValueError, KeyError, OSError)
"""What a user's mistake raises; anything else is a bug and shows its traceback."""

_failures: list[Exception] = []
"""Why the run failed; kept aside, since Hydra would print a line of its own before it."""


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config: DictConfig) -> dict[str, Any] | None:
    """Runs one configuration; its folder then holds everything that came of it."""
    try:
        return run(config)
    except MISTAKES as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise  # Hydra names the job, and goes on with the others
        _failures.append(error)
        return None


def run(config: DictConfig) -> dict[str, Any]:
    """The steps: check, save, build, track, run, show."""
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
        if cause is None:
            return str(error)
        setting = where[1].removeprefix("pipeline").removeprefix(".") if len(where) == 2 else ""
        return (f"{setting}: " if setting else "") + _sentence(cause)
    if isinstance(error, MissingMandatoryValue):
        setting = str(error.full_key).removeprefix("pipeline.")
        return f"{setting} must be given, got nothing: pass {setting}=..."
    if isinstance(error, ConfigCompositionException) and "\nTo append" in str(error):
        # Hydra advises to add the key with a plus, which would be refused for good reason.
        return f"{str(error).splitlines()[0]} No such setting: see python run.py --help"
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
        if _failures:
            raise _failures.pop()
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted: the same command starts again.\n")
        return 130
    except MISTAKES as error:
        if SHOW_TRACEBACK:
            raise
        sys.stderr.write(f"error: {_sentence(error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(launch())
