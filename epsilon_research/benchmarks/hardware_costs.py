"""HW-NAS-Bench: what the cells of NAS-Bench-201 cost on six devices."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from epsilon_research.benchmarks.embedded import read_embedded
from epsilon_research.checks import check_choice

NAME = "nb201_hardware"

SPACE = "nb201"
"""The search space whose architectures it knows."""

DATASETS = ("cifar10", "cifar100", "imagenet16_120")
"""Whose images and classes the networks are for."""

_NOT_MEASURABLE = -1.0


class Cost(NamedTuple):
    """The unit of a cost, empty where its authors do not say, and its good end."""

    unit: str
    higher_is_better: bool = False


COSTS = {
    "edgegpu_latency": Cost("ms"),
    "edgegpu_energy": Cost("mJ"),
    "raspi4_latency": Cost("ms"),
    "edgetpu_latency": Cost("ms"),
    "pixel3_latency": Cost("ms"),
    "eyeriss_latency": Cost("ms"),
    "eyeriss_energy": Cost("mJ"),
    "eyeriss_arithmetic_intensity": Cost("", higher_is_better=True),
    "fpga_latency": Cost("ms"),
    "fpga_energy": Cost("mJ"),
}
"""The ten costs of an inference: measured on the first four devices, modelled on the others."""


def hardware_costs(name: str, *, dataset: str = "cifar10") -> pd.Series:
    """Return a cost of each of the 15,625 cells of NAS-Bench-201.

    Args:
        name: One of `COSTS`, which has the units.
        dataset: One of `DATASETS`.

    Returns:
        float64, by architecture id; NaN where the device could not run the network, which is so of
        4,699 cells on the edge TPU.

    Raises:
        ValueError: There is no such cost or dataset.

    References:
        Li et al., "HW-NAS-Bench: Hardware-Aware Neural Architecture Search Benchmark", ICLR 2021
        (MIT).
    """
    check_choice("a hardware cost", name, COSTS)
    check_choice("the dataset of a hardware cost", dataset, DATASETS)
    table = read_embedded(NAME)
    costs = table[f"{dataset}_{name}"].to_numpy(np.float64)
    costs[costs == _NOT_MEASURABLE] = np.nan
    return pd.Series(costs, index=pd.Index(table["architecture_id"]), name=name)
