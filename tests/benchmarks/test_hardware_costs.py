"""HW-NAS-Bench's costs: exact, of every cell, in the units and directions of their authors."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks.hardware_costs import COSTS, DATASETS, hardware_costs
from epsilon_research.spaces.nb201 import official_order


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("name", COSTS)
def test_costs_are_those_of_the_source(name: str, dataset: str, shared: Path) -> None:
    source = pd.read_parquet(
        shared / "data" / "hwnasbench_nb201.parquet", filters=[("dataset", "==", dataset)]
    ).set_index("architecture_id")[name]
    found = hardware_costs(name, dataset=dataset)
    assert found.dtype == np.float64
    assert set(found.index) == set(official_order())
    np.testing.assert_array_equal(
        found[source.index].fillna(-1.0).to_numpy(), source.to_numpy(np.float64)
    )
    assert (found.dropna() > 0).all()


def test_cells_that_only_the_edge_tpu_could_not_run_are_unknown() -> None:
    for name in COSTS:
        unknown = hardware_costs(name).isna().sum()
        assert unknown == (4699 if name == "edgetpu_latency" else 0)


def test_latencies_are_in_milliseconds_and_energies_in_millijoules() -> None:
    first = official_order()[0]
    # What the benchmark's authors print of the first cell.
    for name, cost, unit in (
        ("pixel3_latency", 3.60585, "ms"),
        ("edgegpu_energy", 24.226614, "mJ"),
        ("fpga_latency", 2.57296, "ms"),
    ):
        assert hardware_costs(name)[first] == pytest.approx(cost, rel=1e-7)
        assert COSTS[name].unit == unit
    assert [name for name, cost in COSTS.items() if cost.higher_is_better] == [
        "eyeriss_arithmetic_intensity"
    ]


def test_unknown_costs_and_datasets_are_refused() -> None:
    with refused(ValueError, "a hardware cost must be one of edgegpu_latency", "got 'watt'"):
        hardware_costs("watt")
    with refused(ValueError, "must be one of cifar10, cifar100, imagenet16_120, got 'mnist'"):
        hardware_costs("fpga_energy", dataset="mnist")
