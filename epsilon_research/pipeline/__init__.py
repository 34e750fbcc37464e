"""A run from its configured parts to its folder.

    pipeline.py   `Pipeline`: prepare, choose weights, score, one stage after the other, record
    columns.py    the table of a run: scores, aggregates, accuracies, published keys
    record.py     what the summary says beside the parts of the stages

May import: everything below `launch`.
"""

from epsilon_research.pipeline.pipeline import Pipeline as Pipeline
