"""Benchmarks: trained accuracies by architecture id.

`base.py` is the contract: a benchmark loads an `AccuracyTable` (`accuracy_table.py`), whose
direction (accuracy or loss) is data. `nb201_analog.py` comes with the installation,
`nb201_official.py` reads NATS-Bench, `nb101_official.py` NAS-Bench-101's TFRecord file
(`tfrecord.py` the framing, `nb101_record.py` one record, `nb101_conversion.py` all of them),
`nbnlp_official.py` NAS-Bench-NLP's archives of logs (`nbnlp_logs.py`), `table.py` any parquet or
csv file, `none.py` leaves the statistics out. `download.py` fetches large files.

A table knows architecture ids only, nothing of genotypes, metrics or scores. To add one: a reader
here (or nothing, if `table` reads the file) and `conf/benchmark/<name>.yaml`.
"""

from epsilon_research.benchmarks.accuracy_table import AccuracyTable as AccuracyTable
from epsilon_research.benchmarks.base import Benchmark as Benchmark
