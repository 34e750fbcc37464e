"""Reads a user's `torch.nn.Module` as a program, by sending a symbolic tensor through it.

`symbolic.py` has the tensor that is sent, `contents.py` what it stands for: numbers of a program's
value in some order, with writes in place followed through every view. The other files hold one
rule for each function of PyTorch: `moves.py`, `layers.py`, `pointwise.py`, `reductions.py`,
`norms.py`, `spatial.py`.
"""

from epsilon_research.programs.tracing.trace import UnsupportedLayerError as UnsupportedLayerError
from epsilon_research.programs.tracing.trace import from_torch as from_torch
