"""Many architectures, one table: each distinct value computed once, or read from the store.

    description.py   what is known of an architecture without running it
    jobs.py          the distinct scores that a table needs
    evaluate.py      what worker processes do with a chunk of jobs
    shelves.py       what the score store already has of these jobs
    table.py         the rows of the result
    scoring.py       all that put together: `Scoring`

Imports everything below it: spaces, metrics, executors, the store.

What is named here is imported when it is asked for: a worker process computes without tables.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from epsilon_research.scoring.description import Description as Description
    from epsilon_research.scoring.scoring import Evaluated as Evaluated
    from epsilon_research.scoring.scoring import Scoring as Scoring
    from epsilon_research.scoring.scoring import ScoringResult as ScoringResult

_HOMES = {
    "Description": "description",
    "Evaluated": "scoring",
    "Scoring": "scoring",
    "ScoringResult": "scoring",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
