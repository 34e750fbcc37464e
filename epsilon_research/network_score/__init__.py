"""Scores of networks that users bring, outside the benchmarks.

`scoring.py` has `score_network`: the network is traced to a program and collapsed, `self_check.py`
compares the collapse with the network itself, and `reference.py` scores the network itself where
no program can express it. `several.py` has the scores by other metrics, `plain_network.py` runs a
network with constant parameters, `images.py` takes minibatches of every kind, and `result.py` says
what is known of a score.

Imports `programs`, `collapse`, `engines`, `data` and `metrics`.
"""

from epsilon_research.network_score.result import MetricScore as MetricScore
from epsilon_research.network_score.result import NetworkScore as NetworkScore
from epsilon_research.network_score.scoring import FEW_OUTPUTS as FEW_OUTPUTS
from epsilon_research.network_score.scoring import score_network as score_network
