"""Search spaces: which architectures there are, and what network each of them is.

`base.py` is the contract: ids in the benchmark's own order, `parse`, `sample`, `mutate`, and
`program`, which describes an architecture's network once for every reader; `graphs` draws it for a
person. A space knows nothing of data, metrics or accuracies. It imports `programs` only.

To add one: `spaces/<name>.py` with a final class, `conf/search_space/<name>.yaml` that names it.
The contract tests in `tests/contracts/` then run on it by themselves.
"""

from epsilon_research.spaces.base import SearchSpace as SearchSpace
from epsilon_research.spaces.built import BuiltSpace as BuiltSpace
from epsilon_research.spaces.cell_graph import CellGraph as CellGraph
from epsilon_research.spaces.cell_graph import chain_graph as chain_graph
from epsilon_research.spaces.cell_graph import edge_graph as edge_graph
from epsilon_research.spaces.darts import Darts as Darts
from epsilon_research.spaces.nats_sss import NatsSize as NatsSize
from epsilon_research.spaces.nb101 import NasBench101 as NasBench101
from epsilon_research.spaces.nb201 import NasBench201 as NasBench201
from epsilon_research.spaces.nbmacro import NasBenchMacro as NasBenchMacro
from epsilon_research.spaces.nbnlp import NasBenchNlp as NasBenchNlp
from epsilon_research.spaces.selection import Selection as Selection
from epsilon_research.spaces.tnb101_macro import TransNasMacro as TransNasMacro
from epsilon_research.spaces.toy import Toy as Toy
from epsilon_research.spaces.zoo import Zoo as Zoo
