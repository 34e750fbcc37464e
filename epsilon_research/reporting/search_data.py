"""The searches of a run for a page: curves over trained models, and fronts against a cost."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epsilon_research.analysis.pareto import attainment
from epsilon_research.reporting.packed import packed, rounded
from epsilon_research.reporting.run import Run, SearchVariant
from epsilon_research.reporting.typed_json import Json

_FIRST_SHOWN = 50
"""The first model that the vertical range must hold, as a part of the budget."""

_GRID = 200
"""Costs at which fronts are compared."""

_BEYOND = 1.1
"""The largest of them, as a multiple of the dearest architecture's of the true front."""


def packed_searches(run: Run, folder: Path) -> str:
    """Return what the searches of a run found, as `packed` does.

    Args:
        run: The record of a run with searches.
        folder: The run's, which has `search_fronts.parquet` where there are fronts.

    Returns:
        Unpacked it is a list of charts, each a JSON object: `title`, `note`, `x` (`label`,
        `values`, and `log`: whether its axis is logarithmic), `y` (`label`, and `limits` of what is
        shown at first) and `series`: each a `label`, its `algorithm` and `start` in words,
        `middle`, `low` and `high` (median and quartiles over repeats at each `x`; null: unknown)
        and, of the true front, `names` of architectures.
    """
    variants = {name: one for name, one in run.search.items() if one.median_curve}
    charts = [_curves(list(variants.values()))] if variants else []
    record = run.record.get("search_front")
    if record is not None:
        found = pd.read_parquet(folder / "search_fronts.parquet")
        charts += _fronts(record, found, run.search)
    return packed(charts)


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
    middle, low, high = map(_rounded, curve)
    return {
        "label": variant.label,
        "algorithm": _words(variant.algorithm),
        "start": ", ".join(variant.start),
        "middle": middle,
        "low": low,
        "high": high,
    }


def _label(variant: SearchVariant) -> str:
    return f"{_words(variant.reported)}{' (%)' if variant.are_fractions else ''}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _rounded(values: Float[np.ndarray, " _"]) -> list[float | None]:
    return [rounded(float(one)) for one in values]


def _limits(values: Float[np.ndarray, " _"]) -> list[float | None]:
    known = values[np.isfinite(values)]
    return _rounded(np.array([known.min(), known.max()]) if len(known) else np.array([0.0, 1.0]))
