"""Epsilon: zero-cost neural architecture search by constant shared weights (arXiv 2302.04406).

Scores an untrained network by how differently its outputs are distributed under two constant
initialisations, exactly and for every connected architecture. For a network of your own:

    from epsilon_research import score_network

    score_network(network, images, weights=(1e-7, 1.0)).value

Rooms, from the bottom up: `programs` (a network described once), `collapse` (the exact fast path),
`spaces`, `data`, `benchmarks`, `executors`, `engines`, `metrics`, `scoring`, `analysis`,
`plotting`, `tracking`. Each room's docstring says what lives there and how to add to it.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from epsilon_research.network_score import NetworkScore as NetworkScore
    from epsilon_research.network_score import score_network as score_network


def __getattr__(name: str) -> Any:
    """Import what is named above when it is asked for: `run.py --help` needs no metric."""
    if name in ("NetworkScore", "score_network"):
        from epsilon_research import network_score

        return getattr(network_score, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
