"""What users of Python call after `import epsilon_research as er`: `er.score` and others.

    score.py       architectures of a search space to a table of scores
    correlate.py   that table to statistics
    search.py      a builder of networks to the best ones, within constraints
    askers.py      who proposes the next network: Optuna, or the algorithms of `search_methods`
    result.py      what a search found: trials, front, best parameters, figure
    chosen.py      spaces, datasets and benchmarks by name or as objects

`score_network`, for a network of one's own, is in `network_score`. All names come from
`epsilon_research` itself, which imports each from its module when it is asked for: scores of a
space need no PyTorch, searches of networks do. May import: every room but `launch`; nothing here
has heard of Hydra.
"""
