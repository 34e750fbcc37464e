"""Many architectures, one table: each distinct value computed once, or read from the store.

    description.py   what is known of an architecture without running it
    jobs.py          the distinct scores that a table needs
    evaluate.py      what worker processes do with a chunk of jobs
    shelves.py       what the score store already has of these jobs
    table.py         the rows of the result
    scoring.py       all that put together: `Scoring`

Imports everything below it: spaces, metrics, executors, the store.
"""

from epsilon_research.scoring.description import Description as Description
from epsilon_research.scoring.scoring import Evaluated as Evaluated
from epsilon_research.scoring.scoring import Scoring as Scoring
from epsilon_research.scoring.scoring import ScoringResult as ScoringResult
from epsilon_research.scoring.scoring import no_progress as no_progress
