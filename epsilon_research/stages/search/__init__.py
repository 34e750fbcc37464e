"""Search stages: what a search would have found, alone and started by scores.

base.py                  `SearchStage`: settings that all algorithms share, check and run
random_search.py, ageing_evolution.py, …  the stages, one for each algorithm
inputs.py, scores.py     what the run hands over: accuracies, and scores on demand
costs.py, front.py        what architectures cost, and the fronts against a cost
variants.py              the variants that are compared
task.py                  what all variants share: fitness, pools, budget, seeds
variant_runs.py          the repeats of one variant
record.py                what the summary says of them
digits.py                an example of a user's own objective
"""
