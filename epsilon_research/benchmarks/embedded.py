"""Tables that travel with the package: small exact files, each with its source and licence.

A table is two files of `tables/`: NAME.parquet, and NAME.json with its provenance and checksum.
`embed.py` makes both anew from the source file.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of an embedded table.

    Args:
        title: One line: what the numbers are.
        source: Who measured them, and the file they were read from.
        licence: Under which the source was published.
        steps: {column: n} of columns stored as integers: the value is the integer divided by n.
        sha256: Checksum of the parquet file.
    """

    title: str
    source: str
    licence: str
    steps: Mapping[str, int]
    sha256: str


def embedded_names() -> list[str]:
    """Return the names of all embedded tables."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def read_provenance(name: str) -> Provenance:
    """Return where the embedded table `name` is from."""
    return Provenance(**json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def read_embedded(name: str) -> pd.DataFrame:
    """Return the embedded table `name`; columns with steps are float64, others as stored.

    Raises:
        ValueError: The file is not the one that the package was published with.
    """
    path, provenance = FOLDER / f"{name}.parquet", read_provenance(name)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != provenance.sha256:
        raise ValueError(
            f"{path} must be the file of this version of the package (SHA-256 "
            f"{provenance.sha256}), got SHA-256 {found}: install the package again"
        )
    frame = pd.read_parquet(io.BytesIO(content))
    # Divided, not multiplied by the step: so each value is the float64 nearest to the decimal.
    return frame.assign(**{column: frame[column] / n for column, n in provenance.steps.items()})
