"""Made-up studies: their files, their records, and a program that stands in for `run.py`.

As a program it takes what `run.py` takes, and does what the name of the study says.
"""

import base64
import json
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STAND_IN = (sys.executable, str(Path(__file__).resolve()))
"""In place of `python run.py`."""

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
)
"""One pixel."""

PROTOCOL: Mapping[str, Any] = {
    "n": 2957,
    "coverage": 0.5914,
    "spearman_rho": 0.8691234567,
    "kendall_tau": 0.6871234567,
    "spearman_rho_interval": [0.8581, 0.8791],
    "kendall_tau_interval": [0.6731, 0.6991],
    "num_resamples": 1000,
}


def study_yaml(**report: Any) -> str:
    """A study's file."""
    lines = [f"  {name}: {json.dumps(value)}" for name, value in report.items()]
    return "\n".join(["# @package _global_", "name: x", "report:", *lines, ""])


def write_conf(folder: Path, studies: Mapping[str, str]) -> Path:
    """A folder of configuration with these studies."""
    (folder / "study").mkdir(parents=True)
    (folder / "config.yaml").write_text(
        "defaults:\n  - search_space: nb201\n  - _self_\nname: ???\n", encoding="utf-8"
    )
    for name, text in studies.items():
        (folder / "study" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def job(number: int = 0, **more: Any) -> dict[str, Any]:
    """A job of a study's record."""
    return {
        "job": number,
        "folder": str(number),
        "settings": {"weights": f"[1e-7,1e-{number}]"},
        "run": {"search_space": "nb201", "batch_size": 256, "weights": [1e-7, 1.0]},
        "counts": {"architectures": 5000, "connected": 4907, "distinct": 3000, "failed": 93},
        "timing": {"scoring_seconds": 12.5},
        "metrics": {"epsilon": {"paper": dict(PROTOCOL), "worst": dict(PROTOCOL)}},
        **more,
    }


def compared(statistic: str, ours: Any, published: Any, **more: Any) -> dict[str, Any]:
    """An entry of a comparison with the published numbers."""
    return {
        "table": "a_table",
        "row": more.get("label", "[1e-7, 1]"),
        "same_architectures": True,
        "margin": 0.02,
        "not_judged": None,
        "job": 0,
        "label": "[1e-7, 1]",
        "metric": "epsilon",
        "protocol": "paper",
        "statistic": statistic,
        "ours": ours,
        "interval": None,
        "published": published,
        "difference": ours - published,
        "agrees": True,
        **more,
    }


def record(name: str = "grey", **more: Any) -> dict[str, Any]:
    """What a study leaves in its `study.json`."""
    return {
        "name": name,
        "title": "A grey ramp",
        "question": "Does it do as well?",
        "command": f"python run.py study={name}",
        "settings": ["weights"],
        "run": {"search_space": "nb201", "batch_size": 256},
        "jobs": [job()],
        "missing_jobs": [],
        "published": [
            {
                "table": "inputs",
                "title": "Inputs",
                "source": "Table 3",
                "note": None,
                "comparison": [
                    compared("n", 2957, 2957),
                    compared("spearman_rho", 0.8691234567, 0.9, agrees=False),
                    compared(
                        "coverage", 0.5914, 0.59, agrees=None, not_judged="spread not measured"
                    ),
                ],
                "unmatched": ["noise"],
            }
        ],
        "figures": [],
        **more,
    }


def _main(words: list[str]) -> int:
    name = next(word for word in words if word.startswith("study=")).partition("=")[2]
    setting = next(word for word in words if re.match(r"hydra\.(run|sweep)\.dir=", word))
    folder = Path(setting.partition("=")[2].strip("'"))
    sys.stdout.write(f"{json.dumps(words)}\n")
    if name.startswith("fails"):
        sys.stderr.write("error: first\n\x1b[31merror: x must be <1>, got 2: correct it\x1b[0m\n")
        return 1
    if name.startswith("crashes"):
        raise RuntimeError("no sentence")
    if name.startswith("waits"):
        (folder / "started").touch()
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            sys.stderr.write("Interrupted\n")
            (folder / "ended").touch()
            return 130
    if not name.startswith("silent"):
        (folder / "study.json").write_text(json.dumps(record(name)), encoding="utf-8")
    return 2 if name.startswith("partly") else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
