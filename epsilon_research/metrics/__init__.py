"""Metrics: zero-cost proxies, each a candidate and a minibatch to one score.

`base.py` is the contract: a metric makes a scorer for a minibatch, the scorer maps a candidate (an
untrained network, nothing of its search space) to a score, higher is better, or NaN with a reason.
`epsilon.py` is the metric that this project is about; its formula stands in `epsilon_formula.py`
and nowhere else.

Imports `engines` and `programs`. To add one: `metrics/<name>.py` with a final class, and
`conf/metric/<name>.yaml` with one key `<name>`; the contract tests then run on it by themselves.
"""

from epsilon_research.metrics.base import Candidate as Candidate
from epsilon_research.metrics.base import Metric as Metric
from epsilon_research.metrics.base import Score as Score
from epsilon_research.metrics.epsilon import Epsilon as Epsilon
from epsilon_research.metrics.epsilon_formula import epsilon_score as epsilon_score
