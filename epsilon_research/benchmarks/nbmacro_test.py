"""NAS-Bench-Macro's own CIFAR-10 test accuracies."""

from dataclasses import dataclass

import numpy as np

from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.embedded import read_embedded

NAME = "nbmacro_cifar10_test"
SEEDS = ("test_accuracy_1", "test_accuracy_2", "test_accuracy_3")
"""Columns of the embedded table: the same networks trained three times."""

_TEST_IMAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NbMacroTest(Benchmark):
    """CIFAR-10 test accuracies of all 6,561 networks, each the mean of three trainings.

    The benchmark has no validation accuracies: a search that selects on these selects on test
    images.

    References:
        Su et al., "Prioritized Architecture Sampling with Monto-Carlo Tree Search", CVPR 2021
        (Apache-2.0).
    """

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        table = read_embedded(NAME)
        # Summed as numbers of images, so that equal means are equal numbers: ties in every rank.
        images = np.rint(table[list(SEEDS)] * _TEST_IMAGES).sum(axis=1)
        rows = table[["architecture_id"]].assign(
            validation_accuracy=np.nan, test_accuracy=images / (len(SEEDS) * _TEST_IMAGES)
        )
        return AccuracyTable(
            name=NAME,
            rows=rows,
            target="test_accuracy",
            higher_is_better=True,
            source="NAS-Bench-Macro, CIFAR-10 test accuracy, mean of three trainings",
            label="test accuracy",
        )
