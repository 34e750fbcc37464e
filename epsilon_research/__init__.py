"""Epsilon: zero-cost neural architecture search by constant shared weights (arXiv 2302.04406).

Scores an untrained network by how differently its outputs are distributed under two constant
initialisations, exactly and for every connected architecture:

    import epsilon_research as er

    frame = er.score("nb201", n=100, metrics=["epsilon", "naswot"])
    er.correlate(frame)

    er.score_network(network, images, weights=(1e-7, 1.0)).value

    best = er.search(build, images, budget=500, constraints={"flops": 50e6})
    best.pareto, best.best_params, best.plot()

Everything named here is imported when it is asked for. Classes are in the rooms `er.spaces`,
`er.metrics`, `er.data` and `er.benchmarks`, each of which says what it holds and how to add to it;
ARCHITECTURE.md has all rooms.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from epsilon_research import benchmarks as benchmarks
    from epsilon_research import data as data
    from epsilon_research import metrics as metrics
    from epsilon_research import spaces as spaces
    from epsilon_research.api.correlate import correlate as correlate
    from epsilon_research.api.score import score as score
    from epsilon_research.api.search import SearchResult as SearchResult
    from epsilon_research.api.search import search as search
    from epsilon_research.network_score import MetricScore as MetricScore
    from epsilon_research.network_score import NetworkScore as NetworkScore
    from epsilon_research.network_score import score_network as score_network

_ROOMS = ("benchmarks", "data", "metrics", "spaces")

_HOMES = {
    "correlate": "api.correlate",
    "score": "api.score",
    "search": "api.search",
    "SearchResult": "api.search",
    "MetricScore": "network_score",
    "NetworkScore": "network_score",
    "score_network": "network_score",
}
"""The module of each name, below this package."""


def __getattr__(name: str) -> Any:
    """Import what is named above when it is asked for: `run.py --help` needs no metric."""
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOMS, *_HOMES])
