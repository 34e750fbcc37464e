"""Search stages: what a search would have found, alone and started by scores.

base.py              `SearchStage`: settings that all algorithms share, check and run
algorithms.py        the stages, one for each algorithm
task.py              what a search is given: fitness, pools, budget, seeds
variants.py          the variants that are compared: their searches, and what is left of them
front.py             the fronts against a cost that they find
on_demand.py         scores and costs on demand, and which costs are feasible
digits.py            an example of a user's own objective
"""
