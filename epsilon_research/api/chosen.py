"""What a user of Python means: spaces, datasets and benchmarks by name or as objects."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Union

import numpy as np
from rich.console import Console

from epsilon_research.benchmarks import Benchmark
from epsilon_research.benchmarks.none import NoBenchmark
from epsilon_research.catalogue import (
    build_option,
    default_options,
    option_beside,
    option_names,
)
from epsilon_research.checks import check_boolean
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.data.base import IMAGES
from epsilon_research.data.given import Given
from epsilon_research.spaces import SearchSpace, Selection

if TYPE_CHECKING:
    import torch

AUTO = "auto"

Space = str | SearchSpace | Selection
Inputs = Union[str, Dataset, Minibatch, np.ndarray, "torch.Tensor", None]
Accuracies = str | Benchmark | None

_PUBLISHED_WEIGHTS = (1e-7, 1.0)
"""Weights of epsilon on NAS-Bench-201, also for a space without a pair of its own."""


def chosen_console(progress: object) -> Console:
    """Return where progress is shown: on standard error, or nowhere."""
    check_boolean("progress", progress)
    return Console(stderr=True) if progress else Console(file=io.StringIO())


def chosen_selection(
    space: object, *, n: int | str | None, ids: Sequence[str | int] | None
) -> Selection:
    """Return a space and which of its architectures are meant, by `n` or by `ids`."""
    if isinstance(space, str):
        selection = build_option("search_space", space)
    elif isinstance(space, SearchSpace):
        selection = Selection(space=space, published_weights=_PUBLISHED_WEIGHTS)
    else:
        selection = space
    if not isinstance(selection, Selection):
        raise ValueError(
            f"space must be the name or object of a search space, got {space!r}: pass e.g. "
            f"{option_names('search_space')[0]!r}"
        )
    if n is not None and ids is not None:
        raise ValueError("either n or ids must be given, got both: leave one out")
    if ids is not None:
        return replace(selection, num_architectures=AUTO, first=None, architectures=list(ids))
    return selection if n is None else replace(selection, num_architectures=n)


def chosen_dataset(inputs: object, *, space: SearchSpace) -> Dataset:
    """Return where the minibatch is from; None stands for what a run on the space takes."""
    if isinstance(inputs, Dataset):
        return inputs
    if isinstance(inputs, Minibatch):
        return Given(minibatch=inputs)
    if inputs is None or isinstance(inputs, str):
        return build_option("dataset", _beside(space, "dataset") if inputs is None else inputs)
    kind, numbers = space.input_kind, inputs
    if kind == IMAGES:
        # Late, since PyTorch is not needed to score the networks of a space.
        from epsilon_research.network_score.images import as_images

        numbers = as_images(inputs).float().numpy()
    return Given(minibatch=Minibatch(inputs=np.asarray(numbers), kind=kind, dataset="given"))


def chosen_benchmark(benchmark: object, *, space: SearchSpace) -> Benchmark:
    """Return where trained accuracies are from; None stands for nowhere.

    "auto" is what a run on the space takes, nowhere if the space is the user's own.
    """
    if benchmark is None:
        return NoBenchmark()
    name = _beside(space, "benchmark") if benchmark == AUTO else benchmark
    found = build_option("benchmark", name) if isinstance(name, str) else name
    if not isinstance(found, Benchmark):
        raise ValueError(
            f"benchmark must be the name or object of one, auto or None, got {benchmark!r}: pass "
            "e.g. None for scores alone"
        )
    return found


def _beside(space: SearchSpace, group: str) -> str:
    if space.name in option_names("search_space"):
        return option_beside("search_space", space.name, other=group)
    return "none" if group == "benchmark" else default_options()[group]
