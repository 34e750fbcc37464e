"""Metrics: zero-cost proxies, each a candidate and a minibatch to one score.

`base.py` is the contract: a metric evaluates a candidate (an untrained network, nothing of its
search space) on a minibatch in one or more passes, and makes a score of what they gave, higher is
better, or NaN with a reason. `single_pass.py` is for metrics whose one pass is the score.
`epsilon.py` is the metric that this project is about; its formula stands in `epsilon_formula.py`
and nowhere else.

The proxies of others: `num_parameters.py`, `num_layers.py` and `flops.py` count; those on
`network_metric.py` look at the untrained network that `untrained_network.py` builds, with the
gradients of `network_gradients.py`; `az_nas.py` has three in one; `column.py` reads what others
computed.

Imports `engines`, `data`, `store` and `programs`. To add one: `metrics/<name>.py` with a final
class, and `conf/metric/<name>.yaml` with one key `<name>`; the contract tests then run on it.
"""

from epsilon_research.metrics.base import Candidate as Candidate
from epsilon_research.metrics.base import Evaluator as Evaluator
from epsilon_research.metrics.base import Metric as Metric
from epsilon_research.metrics.base import Pass as Pass
from epsilon_research.metrics.base import Score as Score
from epsilon_research.metrics.base import scorer_of as scorer_of
from epsilon_research.metrics.epsilon import Epsilon as Epsilon
from epsilon_research.metrics.epsilon_formula import epsilon_score as epsilon_score
from epsilon_research.metrics.single_pass import SinglePassMetric as SinglePassMetric
