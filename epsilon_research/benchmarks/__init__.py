"""Benchmarks: trained accuracies by architecture id.

`base.py` is the contract: a benchmark loads an `AccuracyTable` (`accuracy_table.py`), whose
direction (accuracy or loss) is data. `nb201_analog.py` comes with the installation,
`nb201_official.py` reads NATS-Bench, `table.py` any parquet or csv file, `none.py` leaves the
statistics out.

A table knows architecture ids only, nothing of genotypes, metrics or scores. To add one: a reader
here (or nothing, if `table` reads the file) and `conf/benchmark/<name>.yaml`.
"""

from epsilon_research.benchmarks.accuracy_table import AccuracyTable as AccuracyTable
from epsilon_research.benchmarks.base import Benchmark as Benchmark
