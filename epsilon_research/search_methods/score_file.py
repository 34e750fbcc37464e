"""Scores that a user brings along: a table with one row per architecture."""

from pathlib import Path

import pandas as pd

from epsilon_research.bounded_table import SUFFIXES, listed, read_table

ID_COLUMN = "architecture_id"


def read_score_file(path: Path, *, float32_only: bool = False) -> pd.DataFrame:
    """The numeric columns of a parquet or csv file as float64, by architecture id.

    Args:
        path: A table with a column `architecture_id`; each other column of numbers is a score,
            higher is better, empty where undefined.
        float32_only: Whether scores count only where a column `<score>_float32_defined`, if the
            file has it as the table of a run does, is true.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not such a table.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"search.score_file must be an existing parquet or csv file, got {str(path)!r}, which "
            "is not a file: check the path"
        )
    frame = _read(path)
    if ID_COLUMN not in frame:
        raise ValueError(
            f"{path} must have a column {ID_COLUMN}, got {listed(list(frame.columns))}: "
            "rename the column of the architectures"
        )
    ids = pd.Index(frame[ID_COLUMN].to_numpy())
    if ids.hasnans or not ids.is_unique:
        raise ValueError(
            f"{path} must have one row per architecture, got {int(ids.duplicated().sum())} "
            f"repeated and {int(ids.isna().sum())} empty ids: keep one row of each"
        )
    scores = frame.drop(columns=ID_COLUMN).select_dtypes("number").astype("float64")
    for name in scores if float32_only else ():
        if f"{name}_float32_defined" in frame:
            scores[name] = scores[name].where(frame[f"{name}_float32_defined"].astype(bool))
    scores.index = ids.astype(str)
    if scores.columns.empty:
        raise ValueError(f"{path} must have a column of numbers, got none: add the scores")
    return scores


def _read(path: Path) -> pd.DataFrame:
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"search.score_file must end in .parquet or .csv, got {str(path)!r}: convert it"
        )
    return read_table(path, setting="search.score_file", text=(ID_COLUMN,))
