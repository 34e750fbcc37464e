"""Search spaces: which architectures there are, and what network each of them is.

`base.py` is the contract: ids in the benchmark's own order, `parse`, `sample`, `mutate`, and
`program`, which describes an architecture's network once for every reader. A space knows nothing of
data, metrics or accuracies. It imports `programs` only.

To add one: `spaces/<name>.py` with a final class, `conf/search_space/<name>.yaml` that names it.
The contract tests in `tests/contracts/` then run on it by themselves.
"""

from epsilon_research.spaces.base import SearchSpace as SearchSpace
from epsilon_research.spaces.selection import Selection as Selection
