"""Analysis: how well the scores of a metric agree with trained accuracies.

The contract: a score frame (one row per architecture) or plain arrays come in, flat dictionaries
of numbers come out, names as in `summary.json`. Undefined stays NaN, each result says its number
of rows `n`, and direction is data: losses are turned by `oriented`, once, at the border.
Randomness comes in as a generator; no result depends on the number of threads or on the order of
rows (which row comes first matters to protocol `unique` only).

May import: numpy, pandas, numba (late, in `kernels.py`, because it is slow to import). No other
room.

Two or more metrics are set side by side in `comparison.py`.

To add a statistic: its definition in a file here, one line in `statistics.STATISTICS`, the same
in terms of counts in `resamples.py`; the tests then compare both. To add a protocol: one line in
`protocols.protocol_scores`.
"""

from epsilon_research.analysis.bootstrap import bootstrap_intervals as bootstrap_intervals
from epsilon_research.analysis.comparison import compare_metrics as compare_metrics
from epsilon_research.analysis.correlation import kendall_tau as kendall_tau
from epsilon_research.analysis.correlation import spearman_rho as spearman_rho
from epsilon_research.analysis.dependent_correlations import (
    compare_dependent_rhos as compare_dependent_rhos,
)
from epsilon_research.analysis.dependent_correlations import holm as holm
from epsilon_research.analysis.diagnosis import diagnose as diagnose
from epsilon_research.analysis.ndcg import ndcg as ndcg
from epsilon_research.analysis.partial_correlation import rho_within_groups as rho_within_groups
from epsilon_research.analysis.protocols import PROTOCOLS as PROTOCOLS
from epsilon_research.analysis.protocols import float32_defined as float32_defined
from epsilon_research.analysis.protocols import summarise_metric as summarise_metric
from epsilon_research.analysis.protocols import summarise_metrics as summarise_metrics
from epsilon_research.analysis.rank_aggregation import aggregate_ranks as aggregate_ranks
from epsilon_research.analysis.ranks_last import ranked_scores as ranked_scores
from epsilon_research.analysis.stability import measure_stability as measure_stability
from epsilon_research.analysis.statistics import STATISTICS as STATISTICS
from epsilon_research.analysis.statistics import describe as describe
from epsilon_research.analysis.top import oriented as oriented
from epsilon_research.analysis.top import top10_overlap_percent as top10_overlap_percent
from epsilon_research.analysis.top import top64_in_top5 as top64_in_top5
