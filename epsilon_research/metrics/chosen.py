"""The metrics that a user of Python means: by name, as objects, or under names of their own."""

from collections.abc import Iterable, Mapping, Sequence

from epsilon_research.catalogue import build_option
from epsilon_research.engines import Engine
from epsilon_research.metrics.base import Metric

ChosenMetrics = str | Metric | Sequence[str | Metric] | Mapping[str, Metric]
"""A metric or several; a mapping gives each a name of its own, e.g. two settings of one."""


def chosen_metrics(
    chosen: object, *, weights: Sequence[float] | None, engine: Engine
) -> dict[str, Metric]:
    """Return the metrics by name, in their order.

    Args:
        chosen: `ChosenMetrics`: names of options of `conf/metric`, objects, or a mapping.
        weights: The two constants of metrics that are chosen by name; None: see `Epsilon`.
        engine: What runs their networks.

    Raises:
        ValueError: There are none, a name is unknown or taken twice, or something is not a metric.
    """
    found: dict[str, Metric] = {}
    for name, one in _named(chosen):
        if isinstance(one, str):
            (one,) = build_option(
                "metric", one, weights=weights and list(weights), engine=engine
            ).values()
        if not isinstance(one, Metric):
            raise _unusable(repr(one))
        if name in found:
            raise ValueError(
                f"metrics must have distinct names, got {name} twice: pass a mapping, e.g. "
                f'metrics={{"{name}_a": …, "{name}_b": …}}'
            )
        found[name] = one
    if not found:
        raise _unusable("none")
    return found


def _named(chosen: object) -> list[tuple[str, object]]:
    if isinstance(chosen, Mapping):
        return list(chosen.items())
    given = [chosen] if isinstance(chosen, str | Metric) else chosen
    if not isinstance(given, Iterable):
        raise _unusable(repr(given))
    return [(one.name if isinstance(one, Metric) else str(one), one) for one in given]


def _unusable(got: str) -> ValueError:
    return ValueError(
        f"metrics must be names or objects of metrics, at least one, got {got}: pass e.g. "
        'metrics=["epsilon", "naswot"]'
    )
