"""Network programs: a network described once, as a flat list of layer operations.

`operations/` has the closed set of operations, `program.py` the list and its builder. Readers of
a program: `torch_reader.py` (the ordinary PyTorch network), `counters.py` (parameters,
multiply-adds, sizes) and, one room further up, `collapse` (the exact fast path and the canonical
hash). Recurrent networks have a program of their own, `recurrent.py`, with its PyTorch reader
`recurrent_torch.py`. `tracing/` goes the other way: a user's `torch.nn.Module` to a program.
`constant_weights.py` says which parameters of a network become the constant, `network_output.py`
which of its outputs is meant.

This room imports nothing of the project. To add a layer kind: its class in `operations/`, its
meaning in `torch_reader.py` and `collapse/lowering.py`, and, if it has parameters, in
`counters.py`; the tests that compare the readers on random programs then cover it.

PyTorch is imported by the readers and the tracer of that name only, so that counting and collapsing
start fast.
"""

from epsilon_research.programs.counters import count_convolutions as count_convolutions
from epsilon_research.programs.counters import count_multiply_adds as count_multiply_adds
from epsilon_research.programs.counters import count_parameters as count_parameters
from epsilon_research.programs.counters import (
    count_step_multiply_adds as count_step_multiply_adds,
)
from epsilon_research.programs.counters import count_weighted_layers as count_weighted_layers
from epsilon_research.programs.counters import layer_sizes as layer_sizes
from epsilon_research.programs.program import Layer as Layer
from epsilon_research.programs.program import Program as Program
from epsilon_research.programs.program import ProgramBuilder as ProgramBuilder
from epsilon_research.programs.recurrent import RecurrentProgram as RecurrentProgram

AnyProgram = Program | RecurrentProgram
"""A network of either kind."""
