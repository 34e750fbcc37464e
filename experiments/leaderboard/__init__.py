"""`make leaderboard`: every metric on every search space and task with accuracies on board.

__main__.py     the command line
board.yaml      metrics, search spaces and sizes; to add one, an entry
board.py        the board as values: what is scored, and with which settings
scores.py       one search space to a table of scores and trained results, by `er.score`
cells.py        that table to the statistics of each task and metric
results.py      across columns: mean ranks, critical difference, wins against parameters
figures.py      the heat map and the mean ranks, for a paper
page.py         the page, which `epsilon_research.reporting` renders

PROTOCOL.md asks questions whose answers are computed by `constant_weights.py` and `saturation.py`.
"""
