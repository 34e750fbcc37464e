"""Makes the embedded tables anew from their source files.

    python -m epsilon_research.benchmarks.embed NAME SOURCE.parquet

writes NAME.parquet and the checksum in NAME.json, in the folder `tables/` of this package. Each
conversion below says what its source is.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from epsilon_research.benchmarks.embedded import FOLDER, read_provenance
from epsilon_research.benchmarks.nbmacro_test import SEEDS

_LEVEL = 19
"""Compression level of zstd; slow to write, as fast to read as any."""


def _nb201(source: pd.DataFrame) -> pd.DataFrame:
    """The accuracies of NATS-Bench's run `cifar10-valid`, `ori-test`, seed 888, 200 epochs.

    The source's column is called validation_accuracy, but its values are test accuracies.
    """
    return source[["architecture_id"]].assign(test_accuracy=source["validation_accuracy"])


def _nbmacro(source: pd.DataFrame) -> pd.DataFrame:
    """The benchmark's three accuracies; programs have its parameters and flops."""
    return source.loc[:, ["architecture_id", *SEEDS]]


def _nb201_hardware(source: pd.DataFrame) -> pd.DataFrame:
    """HW-NAS-Bench's costs, in the source's float32; one row per cell, not per cell and dataset."""
    wide = source.pivot_table(index="architecture_id", columns="dataset", aggfunc="first")
    wide.columns = [f"{dataset}_{cost}" for cost, dataset in wide.columns]
    return wide.reset_index()


def _nb301(source: pd.DataFrame) -> pd.DataFrame:
    """NAS-Bench-Suite-Zero's rows, genotypes as it writes them; not the parameters and flops."""
    names = {"net": "architecture_id", "surrogate_validation_accuracy": "validation_accuracy"}
    return source.rename(columns=names).loc[:, list(names.values())]


def _tnb101_micro(source: pd.DataFrame) -> pd.DataFrame:
    """NAS-Bench-Suite-Zero's rows; `net` is (a, b, c, d, e, f) of the cell a_bc_def."""
    digits = source["net"].str.findall(r"\d").str.join("")
    ids = "64-41414-" + digits.str[0] + "_" + digits.str[1:3] + "_" + digits.str[3:]
    return _in_float32(source.drop(columns="net")).assign(architecture_id=ids)


def _tnb101_macro(source: pd.DataFrame) -> pd.DataFrame:
    """NAS-Bench-Suite-Zero's rows; `net` is the kinds of the layers, padded with zeros."""
    digits = source["net"].str.findall(r"\d").str.join("").str.rstrip("0")
    return _in_float32(source.drop(columns="net")).assign(architecture_id="64-" + digits + "-basic")


def _in_float32(source: pd.DataFrame) -> pd.DataFrame:
    # In which the source's numbers were computed: exact.
    return source.astype(dict.fromkeys(source, np.float32))


CONVERSIONS: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "nb201_cifar10_half_test": _nb201,
    "nb201_hardware": _nb201_hardware,
    "nb301_cifar10_surrogate_validation": _nb301,
    "nbmacro_cifar10_test": _nbmacro,
    "tnb101_macro_validation": _tnb101_macro,
    "tnb101_micro_validation": _tnb101_micro,
}
"""{name: what makes the table, with an `architecture_id`, of the source}."""


def as_steps(values: np.ndarray, steps: int, *, name: str) -> np.ndarray:
    """Return `values` in steps of 1 / `steps`, as the smallest integers that hold them.

    Raises:
        ValueError: A value lies between two steps by more than float32 would round it.
    """
    scaled = values * steps
    integers = np.rint(scaled)
    if not np.allclose(integers, scaled, rtol=1e-6, atol=0):
        worst = values[np.argmax(abs(integers - scaled))]
        raise ValueError(
            f"{name} must be multiples of 1/{steps}, got e.g. {worst}: give the "
            "table's .json other steps"
        )
    return integers.astype(np.min_scalar_type(int(integers.max())))


def encode(frame: pd.DataFrame, *, steps: Mapping[str, int], path: Path) -> None:
    """Write a table as a small parquet file, rows by architecture id.

    Args:
        frame: Columns `architecture_id` and numbers.
        steps: See `Provenance`.
        path: Where the file goes.
    """
    rows = frame.sort_values("architecture_id")
    columns = {name: np.asarray(rows[name]) for name in rows.columns}
    for name, n in steps.items():
        columns[name] = as_steps(columns[name], n, name=name)
    table = pa.table(columns)
    encodings = {
        field.name: "DELTA_BYTE_ARRAY" if pa.types.is_string(field.type) else "BYTE_STREAM_SPLIT"
        for field in table.schema
        if pa.types.is_string(field.type) or pa.types.is_floating(field.type)
    }
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=[name for name in columns if name not in encodings],  # pyright: ignore
        column_encoding=encodings,
        write_statistics=False,
        store_schema=False,
    )


def main(arguments: Sequence[str]) -> None:
    """Make the table that the command line names."""
    name, source = arguments
    provenance = read_provenance(name)
    path = FOLDER / f"{name}.parquet"
    encode(CONVERSIONS[name](pd.read_parquet(source)), steps=provenance.steps, path=path)
    made = replace(provenance, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    text = json.dumps(asdict(made), indent=2, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
