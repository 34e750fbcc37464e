"""The points of a run as text that a page can hold: a table of scores, compressed.

A browser unpacks it (base64, then gzip, then JSON). In base64 no name of an architecture, a metric
or a column can end the element that holds it.
"""

import base64
import gzip
import json
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int

from epsilon_research.analysis.protocols import PROTOCOLS, protocol_scores
from epsilon_research.benchmarks.accuracy_table import ACCURACIES
from epsilon_research.reporting.numbers import value
from epsilon_research.reporting.run import Run

MOST_POINTS = 20_000
"""Points that a browser draws at once; of more architectures a sample of that size is shown."""

_SEED = 0
"""Seed of that sample."""

_DIGITS = 6
"""Significant digits of a number: far below what a pixel can show."""

_TEXTS = ("architecture_id", "published_key")


def packed_points(frame: pd.DataFrame, run: Run) -> str:
    """Return scores, accuracies and costs of each architecture as gzip in base64.

    Args:
        frame: The run's table of scores, as in `scores.parquet`.
        run: Its record.

    Returns:
        ASCII text without `<`. Unpacked it is a JSON object: `total` (architectures of the run),
        `texts` ({column: what names an architecture}), `columns` (each with `name`, `label`,
        `values` and `flag`: whether they are booleans; unknown is null), `target` (name of the
        column of trained results, or null) and `metrics` (each with its `name`, `reasons` for
        undefined scores, `protocols`: {name: rows as a text of 0 and 1}, and `statistics`:
        {protocol: words}). Of more than `MOST_POINTS` architectures a seeded sample of that size,
        of those with a trained result where there are any.
    """
    target = run.fact("target")
    metrics = [str(name) for name in frame if f"{name}_failure" in frame]
    rated = _rated_rows(frame, target=target)
    rows = _shown_rows(frame, rated)
    shown = frame.iloc[rows]
    content = {
        "total": len(frame),
        "texts": {name: list(map(str, shown[name])) for name in _TEXTS if name in shown},
        "columns": [
            _column(shown[name], percent=run.higher_is_better and name in ACCURACIES)
            for name in shown
            if shown[name].dtype.kind in "bif" and not str(name).endswith("_resolution")
        ],
        "target": target,
        "metrics": [_metric(name, frame, rated=rated, rows=rows, run=run) for name in metrics],
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Without the time of day, so that the same run makes the same page.
    packed = gzip.compress(text.encode("utf-8", errors="replace"), mtime=0)
    return base64.b64encode(packed).decode("ascii")


def _rated_rows(frame: pd.DataFrame, *, target: str | None) -> Int[np.ndarray, " rated"]:
    """Positions of rows with a trained result, which alone protocols know; all if none has one."""
    rated = [] if target is None else np.flatnonzero(frame[target].notna())
    return np.asarray(rated if len(rated) else np.arange(len(frame)))


def _shown_rows(frame: pd.DataFrame, rated: Int[np.ndarray, " rated"]) -> Int[np.ndarray, " shown"]:
    if len(frame) <= MOST_POINTS:
        return np.arange(len(frame))
    size = min(MOST_POINTS, len(rated))
    return np.sort(np.random.default_rng(_SEED).choice(rated, size, replace=False))


def _column(values: pd.Series, *, percent: bool) -> dict[str, Any]:
    flag = values.dtype.kind == "b"
    found = 100 * values if percent else values
    return {
        "name": str(values.name),
        "label": f"{values.name} (%)" if percent else str(values.name),
        "flag": flag,
        "values": [_rounded(number) for number in found.tolist()],
    }


def _rounded(number: float) -> float | None:
    if isinstance(number, int):  # booleans are integers, too
        return int(number)
    return float(f"{number:.{_DIGITS}g}") if isfinite(number) else None


def _metric(
    name: str,
    frame: pd.DataFrame,
    *,
    rated: Int[np.ndarray, " rated"],
    rows: Int[np.ndarray, " shown"],
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
    reasons = frame[f"{name}_failure"].iloc[rows]
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
