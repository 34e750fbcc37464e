"""The points of a run for a page: a table of scores, and what its architectures look like."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from epsilon_research.analysis.protocols import PROTOCOLS, protocol_scores
from epsilon_research.benchmarks.accuracy_table import ACCURACIES
from epsilon_research.reporting.numbers import value
from epsilon_research.reporting.packed import DIGITS, packed, rounded
from epsilon_research.reporting.run import Run
from epsilon_research.spaces.cell_graph import CellGraph

MOST_NAMED = 20_000
"""Architectures that have a name on the page; of more a sample of that size has."""

MOST_VALUES = 5_000_000
"""Numbers of a page: nine columns of NAS-Bench-101. Of larger tables the named rows are shown."""

_DIGITS_OF_MANY = 4
"""Significant digits where points are so many that they are drawn as a density."""

_SEED = 0
"""Seed of that sample."""

_TEXTS = ("architecture_id", "published_key")

Graphs = Callable[[str], Sequence[CellGraph]]
"""What an architecture id looks like, see `SearchSpace.graphs`."""


def packed_points(frame: pd.DataFrame, run: Run, graphs: Graphs | None = None) -> str:
    """Return scores, accuracies and costs of each architecture, and its name, as `packed` does.

    Args:
        frame: The run's table of scores, as in `scores.parquet`.
        run: Its record.
        graphs: Draws an architecture of its space; None: nothing is drawn.

    Returns:
        Unpacked it is a JSON object: `total` (architectures of the run), `columns` (each with
        `name`, `label`, `values` and `flag`: whether they are booleans; unknown is null), `target`
        (name of the column of trained results, or null), `metrics` (each with its `name`,
        `reasons` for undefined scores of the named rows, `protocols`: {name: rows as a text of 0
        and 1}, and `statistics`: {protocol: words}), `named` (places of the rows with a name;
        null: all have one), `texts` ({column: what names them}) and `graphs` (see
        `_numbered_graphs`, or null). Of more than `MOST_NAMED` architectures a seeded sample of
        that size has names, of those with a trained result where there are any; of more than
        `MOST_VALUES` numbers only these rows are there.
    """
    target = run.fact("target")
    order = [*run.fact("metrics"), *frame]  # a metric of the run may be a column of every table
    metrics = [str(one) for one in dict.fromkeys(order) if f"{one}_failure" in frame]
    many = len(frame) > MOST_NAMED
    columns = [
        name
        for name in frame
        if frame[name].dtype.kind in "bif"
        and not str(name).endswith(("_resolution", *["seconds"] * many))
    ]
    rated = _rated_rows(frame, target=target)
    named = _named_rows(frame, rated)
    whole = len(frame) * (len(columns) + len(PROTOCOLS) * len(metrics)) <= MOST_VALUES
    rows = np.arange(len(frame)) if whole else named
    ids = list(map(str, frame["architecture_id"].iloc[named]))
    return packed(
        {
            "total": len(frame),
            "columns": [
                _column(
                    frame[name].iloc[rows],
                    percent=run.higher_is_better and name in ACCURACIES,
                    digits=_DIGITS_OF_MANY if len(rows) > MOST_NAMED else DIGITS,
                )
                for name in columns
            ],
            "target": target,
            "metrics": [
                _metric(name, frame, rated=rated, rows=rows, named=named, run=run)
                for name in metrics
            ],
            "named": None if len(named) == len(rows) else named.tolist(),
            "texts": {
                name: list(map(str, frame[name].iloc[named])) for name in _TEXTS if name in frame
            },
            "graphs": None if graphs is None else _numbered_graphs([graphs(one) for one in ids]),
        }
    )


def _rated_rows(frame: pd.DataFrame, *, target: str | None) -> Int[np.ndarray, " rated"]:
    """Positions of rows with a trained result, which alone protocols know; all if none has one."""
    rated = [] if target is None else np.flatnonzero(frame[target].notna())
    return np.asarray(rated if len(rated) else np.arange(len(frame)))


def _named_rows(frame: pd.DataFrame, rated: Int[np.ndarray, " rated"]) -> Int[np.ndarray, " named"]:
    if len(frame) <= MOST_NAMED:
        return np.arange(len(frame))
    size = min(MOST_NAMED, len(rated))
    return np.sort(np.random.default_rng(_SEED).choice(rated, size, replace=False))


def _column(values: pd.Series, *, percent: bool, digits: int) -> dict[str, Any]:
    found = 100 * values if percent else values
    return {
        "name": str(values.name),
        "label": f"{values.name} (%)" if percent else str(values.name),
        "flag": values.dtype.kind == "b",
        "values": [rounded(number, digits) for number in found.tolist()],
    }


def _metric(
    name: str,
    frame: pd.DataFrame,
    *,
    rated: Int[np.ndarray, " rated"],
    rows: Int[np.ndarray, " shown"],
    named: Int[np.ndarray, " named"],
    run: Run,
) -> dict[str, Any]:
    protocols = {}
    for protocol in PROTOCOLS:
        kept = np.zeros(len(frame), dtype=bool)
        kept[rated] = np.isfinite(
            protocol_scores(
                frame.iloc[rated],
                metric=name,
                protocol=protocol,
                paper_filter=run.fact("paper_filter") or "finite",
            )
        )
        protocols[protocol] = "".join("01"[one] for one in kept[rows].tolist())
    reasons = frame[f"{name}_failure"].iloc[named]
    return {
        "name": name,
        "reasons": [None if pd.isna(reason) else str(reason) for reason in reasons],
        "protocols": protocols,
        "statistics": {
            protocol: f"ρ = {value(found['spearman_rho'])}, n = {value(found['n'], 'n')}"
            for protocol, found in run.metrics.get(name, {}).items()
            if protocol in protocols
        },
    }


def _numbered_graphs(drawn: Sequence[Sequence[CellGraph]]) -> dict[str, Any]:
    """Graphs as numbers, since whole spaces share few nodes and edges.

    Returns:
        `nodes` (each a title and the nodes of a graph), `edges` (each a source, a target and a
        text) and `rows`: for each architecture a list of its graphs, each the place of its nodes
        followed by those of its edges.
    """
    nodes: dict[tuple[str, ...], int] = {}
    edges: dict[tuple[int, int, str], int] = {}
    rows = [
        [
            [
                nodes.setdefault((graph.title, *graph.nodes), len(nodes)),
                *(edges.setdefault(edge, len(edges)) for edge in graph.edges),
            ]
            for graph in graphs
        ]
        for graphs in drawn
    ]
    return {"nodes": list(nodes), "edges": list(edges), "rows": rows}
