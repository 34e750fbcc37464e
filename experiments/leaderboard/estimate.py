"""How long a board takes, measured on a few architectures of each search space."""

import os

import numpy as np

from experiments.leaderboard.board import Arena, Board
from experiments.leaderboard.cells import mean_seconds
from experiments.leaderboard.scores import Where, sample, scored

SAMPLE = 3
"""Architectures that are scored to measure the time of one."""


def estimated_seconds(board: Board, *, where: Where) -> float:
    """Return how long the scores of a board take on this machine where none is stored.

    The few scores that it measures are kept in the store, where the board finds them.

    Args:
        board: What is to be scored.
        where: What it runs with.
    """
    processes = where.processes or os.cpu_count() or 1
    return sum(_of_arena(arena, board, where=where) for arena in board.arenas) / processes


def _of_arena(arena: Arena, board: Board, *, where: Where) -> float:
    ids = sample(arena)
    frame = scored(arena, board, ids[:: -(-len(ids) // SAMPLE)], where=where)
    each = float(np.nansum([mean_seconds(frame, name) for name in board.contestants]))
    return each * (len(ids) + (board.repeats - 1) * min(board.repeated, len(ids)))
