"""What each function of PyTorch means as an operation of a program.

A rule has the arguments of its function behind the trace, and gives what the result stands for. A
method, an operator and a function of one name have one rule; a function that writes in place has
that of the function that does not.
"""

from collections.abc import Callable
from typing import Any

from epsilon_research.programs.tracing.rules import (
    arithmetic,
    layers,
    norms,
    pointwise,
    reductions,
    spatial,
    structure,
)

RULES: dict[str, Callable[..., Any]] = {
    **arithmetic.RULES,
    **layers.RULES,
    **norms.RULES,
    **pointwise.RULES,
    **reductions.RULES,
    **spatial.RULES,
    **structure.RULES,
}

SHAPED = frozenset(
    (  # noqa: SIM905  # as in `moves.py`
        "abs add batch_norm conv2d elu gelu hardsigmoid hardswish hardtanh leaky_relu linear mish "
        "mul relu relu6 selu sigmoid silu softplus sub tanh"
    ).split()
)
"""Functions whose rules refuse all that PyTorch refuses, and know the shape of the result: PyTorch
need not be asked, which takes longer than the rule. The type of the result is that of the input."""
