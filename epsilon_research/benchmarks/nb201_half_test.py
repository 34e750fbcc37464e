"""NAS-Bench-201's own CIFAR-10 test accuracies of one run on half of the training set."""

from dataclasses import dataclass

import numpy as np

from epsilon_research.benchmarks.accuracy_table import SECOND, AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.embedded import read_embedded
from epsilon_research.benchmarks.nb201_analog import Nb201Analog, is_installed
from epsilon_research.checks import check_choice

NAME = "nb201_cifar10_half_test"

_AUTO, _ANALOG, _NONE = "auto", "analog", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nb201HalfTest(Benchmark):
    """CIFAR-10 *test* accuracies of the 15,625 cells, trained once on half of the training set.

    NATS-Bench's run `cifar10-valid` (25,000 images, seed 888, 200 epochs) measured on `ori-test`
    (10,000 images). The tables of papers are other columns of the same benchmark: the mean of
    several seeds' validation accuracies (`x-valid`), or the test accuracy after training on all
    50,000 images (`benchmark=nb201_official`). A search that selects on these selects on test
    images.

    Args:
        second: Accuracies of other trainings, which searches report on: "analog" (those of
            AnalogNAS-Bench, see `Nb201Analog`), "none", or "auto" (analog where it is installed).

    References:
        Dong and Yang, "NAS-Bench-201", ICLR 2020; Dong et al., "NATS-Bench", TPAMI 2021 (MIT).
    """

    second: str = _AUTO

    def __post_init__(self) -> None:
        check_choice("benchmark.second", self.second, (_AUTO, _ANALOG, _NONE))

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        rows = read_embedded(NAME).assign(validation_accuracy=np.nan)
        second_source = second_label = ""
        if self.second == _ANALOG or (self.second == _AUTO and is_installed()):
            other = Nb201Analog().load()
            rows[SECOND] = other.lookup(list(rows["architecture_id"]))[other.target].to_numpy()
            second_source, second_label = other.source, "AnalogNAS-Bench test accuracy"
        return AccuracyTable(
            name=NAME,
            rows=rows,
            target="test_accuracy",
            higher_is_better=True,
            source="NAS-Bench-201, CIFAR-10 test accuracy of one run (seed 888, 200 epochs) on "
            "half of the training set",
            label="half-trained test accuracy",
            second_source=second_source,
            second_label=second_label,
        )
