"""Search stages: what a search would have found, alone and started by scores.

`base.py` has `SearchStage`, the settings that all algorithms share, `algorithms.py` a stage for
each; `task.py` says what a search is given, `variants.py` runs and records the variants that are
compared, and `on_demand.py` has scores, costs and what is feasible. `digits.py` is an example of a
user's own objective.
"""
