"""Optuna's trials as draws and mutations of a builder's parameters."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

try:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler, RandomSampler
    from optuna.trial import FixedTrial, FrozenTrial
except ImportError as error:
    raise ValueError(
        "optuna must be installed for spaces that are built define-by-run, got no such package: "
        "pip install 'epsilon_research[search]'"
    ) from error

Build = Callable[[Any], Any]
"""A function of a trial (`optuna.trial.Trial`), whose suggestions it makes a network of."""

_NAME = re.compile(r"[^\s=]+")
_MOST_DRAWS = 1000
"""Draws of a value that differs from the parent's; two equal chances miss in all with 2^-1000."""


class Built(NamedTuple):
    """A network and the parameters that it was built of."""

    network: Any
    parameters: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]

    @property
    def architecture_id(self) -> str:
        """Id of the architecture: the parameters in their canonical form."""
        return written(self.parameters)


def written(parameters: Mapping[str, Any]) -> str:
    """Return parameters in their canonical form: `depth=3 kernel=5`, by name, values in JSON.

    Raises:
        ValueError: There are none, or a name holds spaces or an equals sign.
    """
    if not parameters:
        raise ValueError("build must ask its trial for at least one parameter, got none")
    for name in parameters:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"names of parameters must be without spaces and =, got {name!r}: rename it"
            )
    return " ".join(f"{name}={json.dumps(parameters[name])}" for name in sorted(parameters))


def read(text: str) -> dict[str, Any]:
    """Return the parameters that were written as `text`.

    Raises:
        ValueError: They are not in the form `name=value name=value`.
    """
    found: dict[str, Any] = {}
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        name, _, rest = rest.partition("=")
        try:
            value, end = decoder.raw_decode(rest)
        except json.JSONDecodeError as error:
            raise ValueError(_unreadable(text)) from error
        if not _NAME.fullmatch(name) or name in found or rest[end : end + 1].strip():
            raise ValueError(_unreadable(text))
        found[name], rest = value, rest[end:].lstrip()
    if not found:
        raise ValueError(_unreadable(text))
    return found


def _unreadable(text: str) -> str:
    return (
        'parameters must be written as name=value, e.g. depth=3 act="relu", each once, got '
        f"{text[:100]!r}"
    )


def build_from(build: Build, parameters: Mapping[str, Any]) -> Built:
    """Return what `build` makes of given parameters.

    Raises:
        ValueError: It asks for others, or for other values.
    """
    trial = FixedTrial(dict(parameters))
    try:
        network = _without_warnings(build, trial)
    except ValueError as error:
        raise ValueError(
            f"parameters must be those that build takes, got {written(parameters)}: {error}"
        ) from error
    asked = trial.params
    for name, distribution in trial.distributions.items():
        if not distribution._contains(distribution.to_internal_repr(asked[name])):
            raise ValueError(f"{name} must be one of {distribution}, got {asked[name]!r}")
    unused = sorted(parameters.keys() - asked.keys())
    if unused:
        raise ValueError(
            f"parameters must be those that build asks for ({', '.join(asked)}), got "
            f"{unused[0]} beside them: leave it out"
        )
    return Built(network, asked, trial.distributions)


def draw(build: Build, rng: np.random.Generator) -> Built:
    """Return what `build` makes of parameters that are drawn uniformly."""
    return _ask(build, _Draws(rng, parent={}, changed=None))


def mutate(build: Build, parent: Built, rng: np.random.Generator) -> Built:
    """Return a child that differs from `parent` in one parameter, drawn among its other values.

    Parameters that only the child is asked for are drawn.

    Raises:
        ValueError: No parameter has another value.
    """
    free = sorted(name for name, values in parent.distributions.items() if not values.single())
    if not free:
        raise ValueError("build must suggest some parameter of several values, got none")
    changed = free[int(rng.integers(len(free)))]
    return _ask(build, _Draws(rng, parent=parent.parameters, changed=changed))


def _ask(build: Build, sampler: BaseSampler) -> Built:
    with quiet():
        trial = optuna.create_study(sampler=sampler).ask()
    return Built(build(trial), trial.params, trial.distributions)


class _Draws(BaseSampler):
    """Values of a parent but for one, and uniform draws for what it does not have."""

    def __init__(
        self, rng: np.random.Generator, *, parent: Mapping[str, Any], changed: str | None
    ) -> None:
        self._uniform = RandomSampler(seed=int(rng.integers(2**32)))
        self._parent = parent
        self._changed = changed

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        value = self._uniform.sample_independent(study, trial, param_name, param_distribution)
        if param_name not in self._parent:
            return value
        kept = self._parent[param_name]
        if param_name != self._changed:
            inside = param_distribution._contains(param_distribution.to_internal_repr(kept))
            return kept if inside else value
        for _ in range(_MOST_DRAWS):
            if value != kept:
                break
            value = self._uniform.sample_independent(study, trial, param_name, param_distribution)
        return value


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps Optuna from reporting that a study was made, which is an implementation detail."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _without_warnings(build: Build, trial: FixedTrial) -> Any:
    import warnings

    with warnings.catch_warnings():
        # Of values that are out of range, which the caller refuses.
        warnings.filterwarnings("ignore", message="The value .* is out of the range")
        return build(trial)
