"""Folders as runs leave them, for what reads them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from paper_studies import PNG

HOSTILE = (
    "</script><script>window.broken = 1</script><img src=https://example.org onerror=broken=1>"
)
PROTOCOLS = {"n": 3, "coverage": 0.5, "spearman_rho": 0.25}


def summary(word: str = "photos", **facts: Any) -> dict[str, Any]:
    """The record of a run in whose settings a word stands."""
    return {
        "run": {
            "search_space": "nb201", "dataset": word, "benchmark_source": word,
            "metrics": ["epsilon"], "overrides": [f"x={word}"], "target": "test_accuracy",
            "higher_is_better": True, "versions": {"numpy": word}, **facts,
        },
        "counts": {
            "architectures": 400, "connected": 390, "distinct": 200, "computed": 200,
            "from_store": 0, "failed": 10,
        },
        "timing": {
            "scoring_seconds": 1.0, "total_seconds": 2.0, "architectures_per_second": 400.0,
            "processes": 1,
        },
        "metrics": {"epsilon": {"paper": PROTOCOLS, "connected": PROTOCOLS}},
        "tables": [{"title": word, "head": [word], "rows": [[word]], "note": word}],
    }  # fmt: skip


def left_by_a_run(folder: Path, frame: pd.DataFrame, word: str = "photos", **parts: Any) -> Path:
    """A folder as a run leaves it, with further parts of its record."""
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "score_histogram.png").write_bytes(PNG)
    (folder / "config.yaml").write_text(f"dataset: '{word}'\n", encoding="utf-8")
    (folder / "summary.json").write_text(json.dumps(summary(word) | parts), encoding="utf-8")
    frame.to_parquet(folder / "scores.parquet")
    return folder
