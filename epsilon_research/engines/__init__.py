"""Engines: ways to run a network whose weights are all one constant.

`base.py` is the contract: an engine opens a session on a minibatch, a session gives the outputs of
a program for each weight, with an estimate of their rounding errors. `collapsed.py` is the exact
fast path, `reference.py` the ordinary PyTorch network, `extended.py` the collapse in 80-bit
arithmetic. All read the same program, so they cannot disagree about what an architecture is.

Imports `programs` and `collapse`; PyTorch only inside `reference.py` and late. To add one: a final
class here and `conf/engine/<name>.yaml`; the contract tests compare it with the reference.
"""

from epsilon_research.engines.base import Engine as Engine
from epsilon_research.engines.base import EngineSession as EngineSession
from epsilon_research.engines.base import Outputs as Outputs
