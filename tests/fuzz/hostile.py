"""Hostile configurations, made by a grammar: flags × headers × nodes × targets × values."""

import os
import random
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from epsilon_research.catalogue import CONF
from epsilon_research.launch.cli import parse
from epsilon_research.launch.errors import USER_ERRORS
from epsilon_research.launch.foreign import check_origin
from tests.fuzz.target import Target, scratch

_HEADERS = ("", "# @package _global_\n", "# @package hydra\n", "# @package hydra.job_logging\n")
_NODES = (
    "hydra.callbacks.x", "hydra.launcher", "hydra.sweeper", "hydra.job_logging.handlers.x",
    "hydra.job.env_set", "pipeline", "tracker", "metric.x", "executor", "store", "dataset", "name",
    "plotting", "stages.x", "callbacks.x", "launcher", "handlers.x", "search_space.space",
)  # fmt: skip
# What is dangerous is more frequent.
_KEYS = (*["_target_"] * 6, "class", "()", "_partial_", "dir", "scheduler", "mode", "path", "build")
_FLAGS = (
    *["--config-path"] * 6,
    "--config-p",
    "--config-dir",
    "--config-d",
    "--experimental-rerun",
)
_SEPARATORS = ("=", " ")


def _canary() -> Path:
    return scratch() / "canary"


def _values() -> Sequence[str]:
    touch = f"touch {_canary()}"
    return (
        "os.system", "subprocess.run", "builtins.eval", "epsilon_research.launch.cli.os.system",
        "epsilon_research.api.score", f"'{touch}'", f"${{oc.env:{touch}}}", "tcp://127.0.0.1:1",
        "online", str(scratch() / "elsewhere"), "hydra._internal.utils._run_hydra",
        "logging.config.dictConfig", f"ext://os.system('{touch}')", "evil:build", "[a, b]", "null",
    )  # fmt: skip


def _settings(rng: random.Random) -> str:
    lines = []
    for _ in range(rng.randint(1, 3)):
        *parents, last = rng.choice(_NODES).split(".")
        key, value = rng.choice(_KEYS), rng.choice(_values())
        words = [*parents, last]
        lines += [f"{'  ' * depth}{word}:" for depth, word in enumerate(words)]
        lines.append(f"{'  ' * len(words)}{key}: {value}")
    return "\n".join(lines) + "\n"


def _hostile(data: bytes) -> None:
    """The bytes are the seed; what is composed and checked may leave no trace of having run."""
    rng = random.Random(data)
    path = scratch() / "theirs" / "config.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(rng.choice(_HEADERS) + _settings(rng), encoding="utf-8")
    flag, separator = rng.choice(_FLAGS), rng.choice(_SEPARATORS)
    place = os.path.relpath(path.parent) if rng.random() < 0.3 else str(path.parent)
    words = f"{flag}{separator}{place}".split(" ")
    if rng.random() < 0.5:
        words.append("--config-name=config")
    if rng.random() < 0.2:
        words.append(f"hydra.searchpath=[file://{path.parent}]")
    try:
        arguments = parse(words)
        check_origin(arguments)
        foreign = _foreign_targets(arguments.config_path or str(CONF), arguments.config_name)
        if foreign:
            raise AssertionError(f"{words} with {path.read_text()!r} may call {foreign}")
    except USER_ERRORS:
        pass
    for trace in (_canary(), scratch() / "elsewhere"):
        if trace.exists():
            raise AssertionError(f"{words} with {path.read_text()!r} left {trace.name}")


def _foreign_targets(folder: str, name: str | None) -> list[str]:
    """Targets that a configuration composes to and that are neither ours nor Hydra's own."""
    with initialize_config_dir(folder, version_base="1.3"):
        config = compose(name or "config", return_hydra_config=True)
    text = OmegaConf.to_yaml(config)
    targets = [line.partition("_target_:")[2].strip() for line in text.splitlines()]
    return [one for one in targets if one and not one.startswith(("epsilon_research.", "hydra."))]


def _seeds() -> Sequence[bytes]:
    return [bytes([number]) for number in range(16)]


TARGETS = (Target(name="hostile_config", run=_hostile, seeds=_seeds, max_bytes=16),)
