"""Analysis: how well the scores of a metric agree with trained accuracies.

The contract: a score frame (one row per architecture) or plain arrays come in, flat dictionaries
of numbers come out, names as in `summary.json`. Undefined stays NaN, each result says its number
of rows `n`, and direction is data: losses are turned by `oriented`, once, at the border.
Randomness comes in as a generator; no result depends on the number of threads or on the order of
rows (which row comes first matters to protocol `unique` only).

May import: numpy, pandas, numba (late, in `kernels.py`, because it is slow to import). No other
room.

To add a statistic: its definition in a file here, one line in `statistics.STATISTICS`, the same
in terms of counts in `resamples.py`; the tests then compare both. To add a protocol: one line in
`protocols.protocol_scores`.
"""

from epsilon_research.analysis.bootstrap import bootstrap_intervals as bootstrap_intervals
from epsilon_research.analysis.correlation import kendall_tau as kendall_tau
from epsilon_research.analysis.correlation import spearman_rho as spearman_rho
from epsilon_research.analysis.diagnosis import diagnose as diagnose
from epsilon_research.analysis.protocols import PROTOCOLS as PROTOCOLS
from epsilon_research.analysis.protocols import summarise_metric as summarise_metric
from epsilon_research.analysis.protocols import summarise_metrics as summarise_metrics
from epsilon_research.analysis.statistics import STATISTICS as STATISTICS
from epsilon_research.analysis.statistics import describe as describe
from epsilon_research.analysis.top import oriented as oriented
from epsilon_research.analysis.top import top10_overlap_percent as top10_overlap_percent
from epsilon_research.analysis.top import top64_in_top5 as top64_in_top5
