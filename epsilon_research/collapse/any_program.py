"""The collapse of a program of any kind: its plan, its function's hash, its outputs."""

from collections.abc import Sequence
from typing import overload

import numpy as np

from epsilon_research.collapse import lowering, plan
from epsilon_research.collapse.plan import Plan
from epsilon_research.collapse.recurrent import RecurrentPlan, RecurrentWorkspace, lower_recurrent
from epsilon_research.collapse.recurrent_hash import recurrent_hash
from epsilon_research.collapse.workspace import CollapsedOutput, Workspace
from epsilon_research.programs import AnyProgram, Program, RecurrentProgram

AnyPlan = Plan | RecurrentPlan
AnyWorkspace = Workspace | RecurrentWorkspace


@overload
def lower(program: Program, *, height: int, width: int) -> Plan: ...
@overload
def lower(program: RecurrentProgram, *, height: int, width: int) -> RecurrentPlan: ...
def lower(program: AnyProgram, *, height: int, width: int) -> AnyPlan:
    """The plan of `program`.

    Args:
        program: A program of images or of tokens.
        height: Pixels of an image; a recurrent program's plan fits minibatches of every shape.
        width: See `height`.

    Raises:
        ValueError: A window does not fit images of that size, or layers that meet differ in size.
    """
    if isinstance(program, RecurrentProgram):
        return lower_recurrent(program)
    return lowering.lower(program, height=height, width=width)


def canonical_hash(of: AnyPlan) -> str:
    """Hash of the function of minibatch and weight that a plan computes, 32 hex digits.

    Equal hashes mean equal functions.
    """
    return recurrent_hash(of) if isinstance(of, RecurrentPlan) else plan.canonical_hash(of)


def open_workspace(
    inputs: np.ndarray, *, dtype: type[np.floating] = np.float32
) -> Workspace | RecurrentWorkspace:
    """The memory that plans run in, with a minibatch.

    Args:
        inputs: Images (batch, channels, height, width) or embedded tokens (time, batch, embedding).
        dtype: Precision of the maps of images; recurrent networks run in float64.
    """
    if inputs.ndim == 3:
        return RecurrentWorkspace.of_inputs(inputs)
    return Workspace(inputs, dtype=dtype)


def run(
    program: AnyProgram, workspace: AnyWorkspace, *, weights: Sequence[float]
) -> list[CollapsedOutput]:
    """The outputs of `program` for each constant weight; zeros if an image network is disconnected.

    Raises:
        ValueError: The minibatch is of another kind than the network takes, or of another shape,
            or a weight is not a positive finite number.
    """
    if isinstance(program, RecurrentProgram) and isinstance(workspace, RecurrentWorkspace):
        return workspace.run(lower_recurrent(program), weights=weights)
    if isinstance(program, Program) and isinstance(workspace, Workspace):
        return _run_on_images(program, workspace, weights=weights)
    kind = "images" if isinstance(workspace, Workspace) else "embedded tokens"
    raise ValueError(
        f"the minibatch must be of the kind that the network takes, got {kind} for a "
        f"{type(program).__name__}: choose a dataset that suits the search space"
    )


def _run_on_images(
    program: Program, workspace: Workspace, *, weights: Sequence[float]
) -> list[CollapsedOutput]:
    lowered = lowering.lower(program, height=workspace.height, width=workspace.width)
    if not lowered.connected:
        zeros = np.zeros(workspace.batch_size)
        return [CollapsedOutput(values=zeros, rounding=0.0, float32_defined=False) for _ in weights]
    return workspace.run(lowered, weights=weights)
