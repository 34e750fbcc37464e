"""What the interactive plots of a page show: points of a run, curves and fronts of its searches."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from jaxtyping import Float, Int

from epsilon_research.analysis.pareto import attainment
from epsilon_research.analysis.protocols import PROTOCOLS, protocol_scores
from epsilon_research.benchmarks.accuracy_table import ACCURACIES
from epsilon_research.reporting.numbers import value
from epsilon_research.reporting.run import Run, SearchVariant
from epsilon_research.reporting.typed_json import Json
from epsilon_research.spaces.cell_graph import CellGraph

MOST_NAMED = 20_000
"""Architectures that have a name on the page; of more a sample of that size has."""

MOST_VALUES = 5_000_000
"""Numbers of a page: nine columns of NAS-Bench-101. Of larger tables the named rows are shown."""

_DIGITS = 6  # significant digits of a number: far below what a pixel can show
_DIGITS_OF_MANY = 4  # significant digits where points are so many that they are drawn as a density
_SEED = 0  # seed of the sample of named architectures
_EFFORT = 6  # level of gzip: the highest, 9, takes five times as long for 1 % less
_FIRST_SHOWN = 50  # the first model that the vertical range must hold, as a part of the budget
_GRID = 200  # costs at which fronts are compared
_BEYOND = 1.1  # the largest of them, as a multiple of the dearest architecture's of the true front

Graphs = Callable[[str], Sequence[CellGraph]]
"""What an architecture id looks like, see `SearchSpace.graphs`."""


def packed_points(frame: pd.DataFrame, run: Run, graphs: Graphs | None = None) -> str:
    """Return what a page shows of a run's table of scores; without `graphs` nothing is drawn.

    Returns:
        JSON as gzip in base64. It is an object: `total` (architectures of the run), `columns` (each
        with `name`, `label`, `values` and `flag`: whether they are booleans; unknown is null),
        `target` (name of the column of trained results, or null), `metrics` (each with its `name`,
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
    # Rows with a trained result, which alone protocols know; all if none has one.
    rated = np.flatnonzero(frame[target].notna()) if target is not None else np.array([], int)
    rated = rated if len(rated) else np.arange(len(frame))
    named = np.arange(len(frame))
    if many:
        size = min(MOST_NAMED, len(rated))
        named = np.sort(np.random.default_rng(_SEED).choice(rated, size, replace=False))
    is_whole = len(frame) * (len(columns) + len(PROTOCOLS) * len(metrics)) <= MOST_VALUES
    rows = np.arange(len(frame)) if is_whole else named
    percent = ACCURACIES if run.higher_is_better else ()
    digits = _DIGITS_OF_MANY if len(rows) > MOST_NAMED else _DIGITS
    ids = list(map(str, frame["architecture_id"].iloc[named]))
    return _packed(
        {
            "total": len(frame),
            "columns": [
                {
                    "name": str(name),
                    "label": f"{name} (%)" if name in percent else str(name),
                    "flag": frame[name].dtype.kind == "b",
                    "values": _rounded(
                        frame[name].iloc[rows] * (100 if name in percent else 1), digits
                    ),
                }
                for name in columns
            ],
            "target": target,
            "metrics": [
                {
                    "name": name,
                    "reasons": [
                        None if pd.isna(reason) else str(reason)
                        for reason in frame[f"{name}_failure"].iloc[named]
                    ],
                    "protocols": _protocols(name, frame, run, rated=rated, rows=rows),
                    "statistics": {
                        protocol: f"ρ = {value(of['spearman_rho'])}, n = {value(of['n'], 'n')}"
                        for protocol, of in run.metrics.get(name, {}).items()
                        if protocol in PROTOCOLS
                    },
                }
                for name in metrics
            ],
            "named": None if len(named) == len(rows) else named.tolist(),
            "texts": {
                name: list(map(str, frame[name].iloc[named]))
                for name in ("architecture_id", "published_key")
                if name in frame
            },
            "graphs": None if graphs is None else _numbered_graphs(map(graphs, ids)),
        }
    )


def _protocols(
    metric: str,
    frame: pd.DataFrame,
    run: Run,
    *,
    rated: Int[np.ndarray, " rated"],
    rows: Int[np.ndarray, " shown"],
) -> dict[str, str]:
    """Which of the rows each protocol keeps, as a text of 0 and 1."""
    found = {}
    for protocol in PROTOCOLS:
        scores = protocol_scores(
            frame.iloc[rated],
            metric=metric,
            protocol=protocol,
            paper_filter=run.fact("paper_filter") or "finite",
        )
        kept = np.zeros(len(frame), dtype=int)
        kept[rated] = np.isfinite(scores)
        found[protocol] = "".join(map(str, kept[rows]))
    return found


def _numbered_graphs(drawn: Iterator[Sequence[CellGraph]]) -> dict[str, Any]:
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


def packed_searches(run: Run, folder: Path) -> str:
    """Return what a page shows of searches; of fronts the run's folder has a table.

    Returns:
        JSON as gzip in base64. It is a list of charts, each an object: `title`, `note`, `x`
        (`label`, `values`, and `log`: whether its axis is logarithmic), `y` (`label`, and `limits`
        of what is shown at first) and `series`: each a `label`, its `algorithm` and `start` in
        words, `middle`, `low` and `high` (median and quartiles over repeats at each `x`; null:
        unknown) and, of the true front, `names` of architectures.
    """
    variants = [one for one in run.search.values() if one.median_curve]
    charts = [_curves(variants)] if variants else []
    record = run.record.get("search_front")
    if record is not None:
        found = pd.read_parquet(folder / "search_fronts.parquet")
        charts += _fronts(record, found, run.search)
    return _packed(charts)


def _curves(variants: Sequence[SearchVariant]) -> dict[str, Any]:
    first = variants[0]
    factor = 100.0 if first.are_fractions else 1.0
    curves = [
        factor * np.array([one.median_curve, one.low_curve, one.high_curve], np.float64)
        for one in variants
    ]
    start = max(1, first.budget // _FIRST_SHOWN)
    shown = np.concatenate([curve[0, start - 1 :] for curve in curves])
    return {
        "title": "curves",
        "note": (
            f"median and quartiles of {first.repeats} repeats, "
            f"selected on {_words(first.selected_on)}"
        ),
        "x": {
            "label": "trained models",
            "values": list(range(1, max(curve.shape[1] for curve in curves) + 1)),
            "log": True,
        },
        "y": {"label": f"best so far: {_label(first)}", "limits": _limits(shown)},
        "series": [_series(one, curve) for one, curve in zip(variants, curves, strict=True)],
    }


def _fronts(
    record: Json, found: pd.DataFrame, variants: Mapping[str, SearchVariant]
) -> Iterator[dict[str, Any]]:
    """One chart for each budget."""
    first = next(iter(variants.values()))
    up, factor = first.higher_is_better, 100.0 if first.are_fractions else 1.0
    front = pd.DataFrame(record["true_front"]).sort_values("cost").assign(repeat=0)
    costs = front["cost"].to_numpy(np.float64)
    grid = np.linspace(costs[0], _BEYOND * costs[-1], _GRID)
    names = front["architecture_id"].astype(str).to_numpy()
    true = {
        "label": "true front", "algorithm": "", "start": "",
        "middle": _rounded(factor * attainment(front, grid, higher_is_better=up)[0]),
        "low": None, "high": None,
        "names": names[np.searchsorted(costs, grid, side="right") - 1].tolist(),
    }  # fmt: skip
    best = factor * front["reported"].to_numpy(np.float64)
    limits = _limits(np.append(best, factor * record["reference"][1]))
    for budget, chosen in found.groupby("budget", sort=True):
        series = [
            _series(variants[str(name)], factor * attainment(of, grid, higher_is_better=up))
            for name, of in chosen.groupby("variant", sort=False)
        ]
        yield {
            "title": f"front after {budget:,} models",
            "note": (
                f"best at no more than a cost: median and quartiles of {first.repeats} repeats, "
                f"chosen by {_words(record['selected_on'])}"
            ),
            "x": {"label": _words(record["cost"]), "values": _rounded(grid), "log": False},
            "y": {"label": f"best: {_label(first)}", "limits": limits},
            "series": [true, *series],
        }


def _series(variant: SearchVariant, curve: Float[np.ndarray, "3 _"]) -> dict[str, Any]:
    return {
        "label": variant.label,
        "algorithm": _words(variant.algorithm),
        "start": ", ".join(variant.start),
        **dict(zip(("middle", "low", "high"), map(_rounded, curve), strict=True)),
    }


def _label(variant: SearchVariant) -> str:
    return f"{_words(variant.reported)}{' (%)' if variant.are_fractions else ''}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _limits(values: Float[np.ndarray, " _"]) -> list[float | None]:
    known = values[np.isfinite(values)]
    return _rounded([known.min(), known.max()] if len(known) else [0.0, 1.0])


def _rounded(values: npt.ArrayLike, digits: int = _DIGITS) -> list[float | None]:
    """Numbers with few digits, integers as they are, and None for what is not finite."""
    return [
        # Booleans are integers, too.
        int(one) if isinstance(one, int)
        else float(f"{one:.{digits}g}") if isfinite(one)
        else None
        for one in np.asarray(values).tolist()
    ]  # fmt: skip


def _packed(content: Any) -> str:
    """JSON as gzip in base64, in which no name can end the element that holds it.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Without the time of day, so that the same run makes the same page.
    return base64.b64encode(
        gzip.compress(text.encode("utf-8", errors="replace"), _EFFORT, mtime=0)
    ).decode("ascii")
