"""NAS-Bench-301's predicted CIFAR-10 validation accuracies of some DARTS genotypes."""

from dataclasses import dataclass

import numpy as np

from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.embedded import read_embedded

NAME = "nb301_cifar10_surrogate_validation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nb301Surrogate(Benchmark):
    """CIFAR-10 validation accuracies of 725 DARTS genotypes, as NAS-Bench-301 predicts them.

    No network of this table was trained: a surrogate, fitted to some 60,000 trained genotypes,
    gives the accuracy of each (32 channels, 8 cells). An id is the genotype as NAS-Bench-301 writes
    it, two lists of pairs (input, number of the operation).

    References:
        Zela et al., "Surrogate NAS Benchmarks: Going Beyond the Limited Search Spaces of Tabular
        NAS Benchmarks", ICLR 2022; Krishnakumar et al., "NAS-Bench-Suite-Zero", NeurIPS 2022
        (Apache-2.0).
    """

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        table = read_embedded(NAME)
        return AccuracyTable(
            name=NAME,
            rows=table.assign(test_accuracy=np.nan),
            target="validation_accuracy",
            higher_is_better=True,
            source="NAS-Bench-301, CIFAR-10 validation accuracy that its surrogate predicts, "
            f"{len(table)} genotypes of NAS-Bench-Suite-Zero",
            label="predicted validation accuracy",
        )
