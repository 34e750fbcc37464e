"""Tables that are converted once from a benchmark's own files, and kept in the user's cache."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from epsilon_research.atomic_file import write_atomically
from epsilon_research.user_cache import user_cache

logger = logging.getLogger(__name__)


def cache_path(name: str, facts: Mapping[str, Any]) -> Path:
    """A file in the user's cache whose name changes with everything that the table depends on.

    Args:
        name: Name of the benchmark.
        facts: What the table depends on, as JSON can hold it.
    """
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    return user_cache() / f"{name}_{key}.parquet"


def read_kept(path: Path) -> pd.DataFrame | None:
    """Return the table converted before, or None if there is none that can be read."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        logger.warning("%s cannot be read (%s) and is made again", path, error)
        return None


def keep(rows: pd.DataFrame, path: Path) -> bool:
    """Write the table, and return whether it could be; where not, the next run converts again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, rows.to_parquet)
    except OSError as error:
        logger.warning("%s cannot be written (%s): the next run converts again", path, error)
        return False
    return True
