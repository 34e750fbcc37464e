"""Search stages: what a search would have found, alone and started by scores.

base.py              `SearchStage`: settings that all algorithms share, check and run
random_search.py, …  the stages, one for each algorithm
task.py              what a search is given: fitness, pools, budget, seeds
variants.py          the variants that are compared, and the searches of each
record.py, front.py  what the summary and the tables say of them; fronts against a cost
scores.py, costs.py  scores and costs on demand, and which costs are feasible
digits.py            an example of a user's own objective
"""
