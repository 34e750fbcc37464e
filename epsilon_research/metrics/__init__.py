"""Metrics: zero-cost proxies, each a candidate and a minibatch to one score.

`base.py` is the contract: a metric evaluates a candidate (an untrained network, nothing of its
search space) on a minibatch in one or more passes, and makes a score of what they gave, higher is
better, or NaN with a reason. `single_pass.py` is for metrics whose one pass is the score.
`epsilon.py` is the metric that this project is about; its formula stands in `epsilon_formula.py`
and nowhere else.

The proxies of others: `num_parameters.py`, `num_layers.py` and `flops.py` count; those on
`network_metric.py` look at the untrained network that `untrained_network.py` builds, with the
gradients of `network_gradients.py`; `az_nas.py` has three in one; `column.py` reads what others
computed, `hardware.py` what they measured. `chosen.py` finds the metrics that a user of Python
names.

Imports `engines`, `data`, `benchmarks`, `store` and `programs`. To add one: `metrics/<name>.py`
with a final class, and `conf/metric/<name>.yaml` with one key `<name>`; the contract tests then run
on it.
"""

from epsilon_research.metrics.activation_memory import ActivationMemory as ActivationMemory
from epsilon_research.metrics.az_nas import AzNas as AzNas
from epsilon_research.metrics.base import Candidate as Candidate
from epsilon_research.metrics.base import Evaluator as Evaluator
from epsilon_research.metrics.base import Metric as Metric
from epsilon_research.metrics.base import Pass as Pass
from epsilon_research.metrics.base import Score as Score
from epsilon_research.metrics.base import scorer_of as scorer_of
from epsilon_research.metrics.column import Column as Column
from epsilon_research.metrics.epe_nas import EpeNas as EpeNas
from epsilon_research.metrics.epsilon import Epsilon as Epsilon
from epsilon_research.metrics.epsilon_formula import epsilon_score as epsilon_score
from epsilon_research.metrics.fisher import Fisher as Fisher
from epsilon_research.metrics.flops import Flops as Flops
from epsilon_research.metrics.grad_norm import GradNorm as GradNorm
from epsilon_research.metrics.grasp import Grasp as Grasp
from epsilon_research.metrics.jacob_cov import JacobCov as JacobCov
from epsilon_research.metrics.l2_norm import L2Norm as L2Norm
from epsilon_research.metrics.meco import Meco as Meco
from epsilon_research.metrics.naswot import Naswot as Naswot
from epsilon_research.metrics.num_layers import NumLayers as NumLayers
from epsilon_research.metrics.num_parameters import NumParameters as NumParameters
from epsilon_research.metrics.plain import Plain as Plain
from epsilon_research.metrics.random_initialisation import (
    RandomInitialisation as RandomInitialisation,
)
from epsilon_research.metrics.single_pass import SinglePassMetric as SinglePassMetric
from epsilon_research.metrics.snip import Snip as Snip
from epsilon_research.metrics.swap import Swap as Swap
from epsilon_research.metrics.synflow import Synflow as Synflow
from epsilon_research.metrics.zen import Zen as Zen
from epsilon_research.metrics.zico import Zico as Zico
