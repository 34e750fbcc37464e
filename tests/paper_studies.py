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

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.plotting.studies import weight_pairs

STAND_IN = (sys.executable, str(Path(__file__).resolve()))
"""In place of `python run.py`."""

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
)
"""One pixel."""


def study_yaml(**report: Any) -> str:
    """A study's file."""
    lines = [f"  {name}: {json.dumps(value)}" for name, value in report.items()]
    return "\n".join(["# @package _global_", "name: x", "report:", *lines, ""])


def write_conf(folder: Path, studies: Mapping[str, str]) -> Path:
    """A folder of configuration with these studies."""
    (folder / "study").mkdir(parents=True)
    (folder / "study" / "none.yaml").touch()
    (folder / "config.yaml").write_text(
        "defaults:\n  - _self_\n  - study: none\nname: ???\nreport: null\n", encoding="utf-8"
    )
    for name, text in studies.items():
        (folder / "study" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def record(name: str = "grey") -> dict[str, Any]:
    """What a study leaves in its `study.json`."""
    return weight_pairs() | {"name": name}


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
