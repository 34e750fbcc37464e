"""ImageNet accuracies of torchvision's classifiers, as its metadata states them."""

from dataclasses import dataclass

import pandas as pd

from epsilon_research import torchvision_models
from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooImageNet(Benchmark):
    """ImageNet-1K top-1 validation accuracies of the weights IMAGENET1K_V1 of each network.

    Each network was trained by another recipe, at another resolution and in another year: the
    accuracies compare these as well as architectures. NaN where there are no such weights.

    References:
        The package torchvision 0.28.0, metadata of its weights (BSD-3-Clause).
    """

    def load(self) -> AccuracyTable:
        """See `Benchmark`."""
        stated = torchvision_models.accuracies()
        rows = pd.DataFrame(
            {
                "architecture_id": list(stated),
                "validation_accuracy": pd.array(list(stated.values()), dtype="float64"),
                "test_accuracy": float("nan"),
            }
        )
        return AccuracyTable(
            name="zoo_imagenet_validation",
            rows=rows,
            target="validation_accuracy",
            higher_is_better=True,
            source="torchvision's metadata, ImageNet top-1 accuracy of the weights IMAGENET1K_V1",
            label="top-1 accuracy",
        )
