"""The exact collapse: a constant-weight network as one small map per channel group.

With all weights equal, all output channels of a convolution are one identical map, and batch norm,
ReLU and pooling keep them identical. `lowering.py` turns a program into a plan (`plan.py`) of
instructions on channel groups, each distinct map once; `workspace.py` holds a minibatch and memory;
`execute.py` runs a plan for one weight, with a carried exponent so that nothing underflows, and
follows what float32 would have kept; `dominance.py` leaves out what cannot be seen, and `memo.py`
knows what was computed before; `kernels.py` and `windows.py` have the loops over memory;
`rounding.py` estimates how far rounding errors grow, and `extended.py` measures them in 80-bit
arithmetic. The units of a recurrent layer are equal too: `recurrent.py`, `recurrent_kernels.py` and
`recurrent_hash.py`.
`any_program.py` is the entrance for programs of both kinds.

Imports `programs` only. The derivation is in docs/design/collapse.md; a new layer kind gets its
meaning in `lowering.py` and is checked against PyTorch by the property tests.
"""

from epsilon_research.collapse.any_program import AnyPlan as AnyPlan
from epsilon_research.collapse.any_program import AnyWorkspace as AnyWorkspace
from epsilon_research.collapse.any_program import canonical_hash as canonical_hash
from epsilon_research.collapse.any_program import lower as lower
from epsilon_research.collapse.any_program import open_workspace as open_workspace
from epsilon_research.collapse.any_program import run as run
from epsilon_research.collapse.extended import check_extended as check_extended
from epsilon_research.collapse.extended import run_extended as run_extended
from epsilon_research.collapse.plan import Plan as Plan
from epsilon_research.collapse.recurrent import RecurrentPlan as RecurrentPlan
from epsilon_research.collapse.recurrent import RecurrentWorkspace as RecurrentWorkspace
from epsilon_research.collapse.recurrent import has_spread as has_spread
from epsilon_research.collapse.rounding import over_spread as over_spread
from epsilon_research.collapse.workspace import CollapsedOutput as CollapsedOutput
from epsilon_research.collapse.workspace import Workspace as Workspace
