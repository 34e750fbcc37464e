"""`epsilon score MODULE:NAME`: the score of one network of one's own, from the shell."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf

from epsilon_research.launch.declared import composed, settings_of
from epsilon_research.launch.job import check_settings
from epsilon_research.reporting import Table, show
from epsilon_research.reporting.numbers import setting

COMMAND = "score"

_USAGE = f"{COMMAND} my_lab.nets:build_net dataset.image_size=64 'metric=[epsilon,naswot]'"


def score_command(words: Sequence[str]) -> None:
    """Score one network and print what is known of the score.

    `words` are the network as MODULE:NAME, a module's function without arguments, class or object,
    then settings of a run, of which `dataset`, `batch_size`, `minibatch_seed`, `weights` and
    `metric` count.
    """
    if not words or "=" in words[0] or words[0].startswith("-"):
        raise ValueError(
            f"{COMMAND} must be followed by a network, MODULE:NAME, got "
            f"{words[0] if words else 'nothing'}: type e.g. {_USAGE}"
        )
    name, *settings = words
    config = settings_of(composed(["name=score", *settings]))
    check_settings(config)
    chosen = [word for word in settings if word.startswith("metric=")]
    import numpy as np

    from epsilon_research import score_network

    network = _network(name)
    metrics = [str(metric) for metric in config.metric] if chosen else None
    # The minibatch that a run with these settings would have.
    OmegaConf.resolve(config)
    dataset, batch_size = instantiate(config.dataset, _convert_="all"), config.batch_size
    dataset.check(batch_size=batch_size)
    images = dataset.draw(batch_size=batch_size, rng=np.random.default_rng(config.minibatch_seed))
    weights = list(config.weights)
    found: Any = score_network(network, images.inputs, weights=weights, metrics=metrics)
    show(_table(name, found if chosen else {"epsilon": found}))


def _network(name: str) -> Any:
    """Import what a name stands for from the current folder or what is installed, and build it."""
    module, _, attribute = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"the network must be importable as MODULE:NAME, got {name} ({error}): type e.g. "
            f"{_USAGE}"
        ) from error
    from torch import nn

    return found() if callable(found) and not isinstance(found, nn.Module) else found


def _table(name: str, scores: dict[str, Any]) -> Table:
    """One row for each metric: its score, or why there is none, and how it was computed."""
    rows = []
    for metric, score in scores.items():
        value = setting(score.value) if score.reason is None else score.reason
        resolution, engine = getattr(score, "resolution", None), getattr(score, "engine", "")
        shown = "" if resolution is None else setting(resolution)
        rows.append([metric, value, shown, engine, score.note or ""])
    head = ["metric", "score", "resolution", "engine", "note"]
    return Table(title=name, head=head, rows=rows, align="lrrll")
