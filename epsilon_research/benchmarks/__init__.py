"""Benchmarks: trained accuracies by architecture id.

`base.py` is the contract: a benchmark loads an `AccuracyTable` (`accuracy_table.py`), whose
direction (accuracy or loss) is data. Some tables come with the package (`embedded.py`, files in
`tables/`, `embed.py` makes them anew): those of NAS-Bench-201 (`nb201_half_test.py`),
NAS-Bench-Macro (`nbmacro_test.py`), NAS-Bench-301 (`nb301_surrogate.py`) and TransNAS-Bench-101
(`tnb101_tasks.py`), and what cells cost on devices (`hardware_costs.py`). `nb201_analog.py` and
`zoo_imagenet.py` read other packages, `nats_official.py` NATS-Bench, `tnb101_official.py`
TransNAS-Bench-101's file (`torch_file.py`), `nb101_official.py` NAS-Bench-101's TFRecord file
(`tfrecord.py` the framing, `nb101_record.py` one record, `nb101_conversion.py` all of them),
`nbnlp_official.py` NAS-Bench-NLP's archives of logs (`nbnlp_logs.py`), `table.py` any parquet or
csv file, `none.py` leaves the statistics out.

A table knows architecture ids only, nothing of genotypes, metrics or scores. To add one: a reader
here (or nothing, if `table` reads the file) and `conf/benchmark/<name>.yaml`.
"""

from epsilon_research.benchmarks.accuracy_table import AccuracyTable as AccuracyTable
from epsilon_research.benchmarks.base import Benchmark as Benchmark
from epsilon_research.benchmarks.nats_official import NatsOfficial as NatsOfficial
from epsilon_research.benchmarks.nb101_official import Nb101Official as Nb101Official
from epsilon_research.benchmarks.nb201_analog import Nb201Analog as Nb201Analog
from epsilon_research.benchmarks.nb201_half_test import Nb201HalfTest as Nb201HalfTest
from epsilon_research.benchmarks.nbmacro_test import NbMacroTest as NbMacroTest
from epsilon_research.benchmarks.nbnlp_official import NbnlpOfficial as NbnlpOfficial
from epsilon_research.benchmarks.none import NoBenchmark as NoBenchmark
from epsilon_research.benchmarks.table import Table as Table
from epsilon_research.benchmarks.tnb101_tasks import TransNasTasks as TransNasTasks
from epsilon_research.benchmarks.zoo_imagenet import ZooImageNet as ZooImageNet
