"""`make bench`: speed of the collapse as ratios, measured in one run on the same cores.

Seconds mean little on a shared machine; ratios of medians that were measured in turn do.
"""

import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from epsilon_research.collapse import Workspace, lower, lowering
from epsilon_research.collapse.plan import Op, Plan
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.data.photos import Photos
from epsilon_research.data.random_tokens import RandomTokens
from epsilon_research.engines import Engine
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import Candidate, Epsilon, scorer_of
from epsilon_research.programs import Program
from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbnlp import NasBenchNlp
from epsilon_research.tracking import write_json

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
BATCH_SIZE = 256
NUM_ARCHITECTURES = 40
REPEATS = 3
NUM_CORES = 2
"""Cores that a whole space is counted for."""
NUM_RECIPES = 14_322
"""Models of NAS-Bench-NLP's single-run logs."""

_WRITES_A_MAP = (Op.COMBINE, Op.BOX, Op.AVERAGE, Op.MAXIMUM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A space as it is measured: with its published weights, on its default dataset."""

    space: SearchSpace
    dataset: Dataset
    weights: tuple[float, float]

    def minibatch(self, batch_size: int) -> Minibatch:
        """What every measurement of this size sees."""
        return self.dataset.draw(batch_size=batch_size, rng=np.random.default_rng(21))


NB201 = Case(space=NasBench201(), dataset=Photos(), weights=(1e-7, 1.0))
NB101 = Case(space=NasBench101(), dataset=Photos(), weights=(1e-4, 10.0))
NBNLP = Case(space=NasBenchNlp(), dataset=RandomTokens(), weights=(1e-5, 1e-3))


def scorer(case: Case, engine: Engine, minibatch: Minibatch) -> Callable[[str], float]:
    """From architecture id to score, everything in between included."""
    space = case.space
    score = scorer_of(Epsilon(weights=case.weights, engine=engine), minibatch)

    def run(architecture_id: str) -> float:
        candidate = Candidate(
            build=lambda count: space.program(architecture_id, num_outputs=count),
            num_classes=space.num_classes,
            num_parameters=0,
            connected=True,
        )
        return score(candidate).value

    return run


def seconds(function: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def connected_sample(space: SearchSpace, count: int, *, seed: int) -> list[str]:
    """A seeded sample of architectures that have a score."""
    ids = space.sample(2 * count, np.random.default_rng(seed))
    plans = ((id_, lower(space.core_program(id_), height=32, width=32)) for id_ in ids)
    return [id_ for id_, plan in plans if plan.connected][:count]


def speedup(case: Case, ids: Sequence[str], *, repeats: int = REPEATS) -> dict[str, float]:
    """Mean time per architecture of the PyTorch network over the collapse's, one thread each."""
    minibatch = case.minibatch(BATCH_SIZE)
    fast = scorer(case, CollapsedEngine(), minibatch)
    slow = scorer(case, ReferenceEngine(), minibatch)
    fast(ids[0])  # compiles
    times: list[tuple[float, float]] = []
    for architecture_id in track(ids, description="collapse against PyTorch", transient=True):
        # In turn, so that both see the machine at the same speed.
        pairs = [
            (seconds(lambda: slow(architecture_id)), seconds(lambda: fast(architecture_id)))  # noqa: B023
            for _ in range(repeats)
        ]
        times.append(tuple(statistics.median(column) for column in zip(*pairs, strict=True)))
    slow_mean, fast_mean = (statistics.fmean(column) for column in zip(*times, strict=True))
    return {
        "speedup_one_thread": slow_mean / fast_mean,
        "reference_milliseconds": 1e3 * slow_mean,
        "collapsed_milliseconds": 1e3 * fast_mean,
    }


def cost_of_resolution(case: Case, ids: Sequence[str], *, repeats: int = REPEATS) -> float:
    """Time of `engine.dtype=auto`, with what it computes again, over that of float32 alone."""
    minibatch = case.minibatch(BATCH_SIZE)
    auto, single = (scorer(case, CollapsedEngine(dtype=d), minibatch) for d in ("auto", "float32"))
    for run in (auto, single):
        run(ids[0])  # compiles
    totals = [
        [sum(seconds(lambda: run(id_)) for id_ in ids) for run in (auto, single)]  # noqa: B023
        for _ in range(repeats)
    ]
    return statistics.median(first / second for first, second in totals)


def copy_bandwidth() -> float:
    """Bytes read and written per second by copying 64 MiB, the best of several runs."""
    source = np.ones(2**24, np.float32)
    target = np.empty_like(source)
    return max(2 * source.nbytes / seconds(lambda: np.copyto(target, source)) for _ in range(9))


def least_bytes(plan: Plan) -> int:
    """Bytes of a plan's maps for one weight, each written once and read once."""
    pixels = sum(i.size[0] * i.size[1] for i in plan.instructions if i.op in _WRITES_A_MAP)
    return 2 * 4 * BATCH_SIZE * pixels


def plans_of(case: Case, ids: Sequence[str]) -> list[Plan]:
    """What is run of image networks."""
    programs = [case.space.program(id_, num_outputs=1) for id_ in ids]
    return [lowering.lower(p, height=32, width=32) for p in programs if isinstance(p, Program)]


def bandwidth_ratio(case: Case, ids: Sequence[str]) -> float:
    """Time of the kernels over the time that moving their maps once would take."""
    workspace = Workspace(case.minibatch(BATCH_SIZE).inputs)
    plans, weights = plans_of(case, ids), case.weights
    run = [seconds(lambda: [workspace.run(p, weights=weights) for p in plans]) for _ in range(5)]
    bound = len(weights) * sum(least_bytes(plan) for plan in plans) / copy_bandwidth()
    return statistics.median(run) / bound


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """B of the least-squares fit time = a · size^b."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def batch_exponent(case: Case, ids: Sequence[str]) -> float:
    """How cost grows with the batch size."""
    sizes = (256, 512, 1024, 2048)
    plans = plans_of(case, ids[:10])
    times = []
    for size in sizes:
        workspace = Workspace(case.minibatch(size).inputs)
        runs = [seconds(lambda: [workspace.run(p, weights=case.weights) for p in plans])  # noqa: B023
                for _ in range(REPEATS + 1)]  # fmt: skip
        times.append(statistics.median(runs[1:]))
    return exponent(sizes, times)


def architectures_exponent(case: Case) -> float:
    """How cost grows with the number of distinct architectures."""
    ids = connected_sample(case.space, 320, seed=5)
    fast = scorer(case, CollapsedEngine(), case.minibatch(BATCH_SIZE))
    sizes = (40, 80, 160, 320)
    times = [seconds(lambda: [fast(id_) for id_ in ids[:size]]) for size in sizes]  # noqa: B023
    return exponent(sizes, times)


def whole_space(*overrides: str) -> dict[str, float]:
    """Scoring seconds of `python run.py` and the peak memory of its largest process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "run.py", "tracker=none", f"hydra.run.dir={folder}", *overrides]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        peak = 0.0
        while process.poll() is None:
            peak = max([peak, *(_peak_megabytes(pid) for pid in _tree(process.pid))])
            time.sleep(0.5)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} must succeed, got {process.returncode}")
        summary = json.loads((Path(folder) / "summary.json").read_text())
    return {
        "space_seconds": summary["timing"]["scoring_seconds"],
        "space_architectures": summary["counts"]["architectures"],
        "space_processes": summary["timing"]["processes"],
        "peak_megabytes": peak,
    }


def _tree(pid: int) -> list[int]:
    """A process and all below it (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(word) for word in children.read_text().split()]
    except OSError:
        below = []
    return [pid, *(found for child in below for found in _tree(child))]


def _peak_megabytes(pid: int) -> float:
    """Largest resident memory that a process ever had; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return found[0] if found else 0.0


def bench_nb201() -> dict[str, float]:
    """All measurements on NAS-Bench-201."""
    ids = connected_sample(NB201.space, NUM_ARCHITECTURES, seed=1)
    return {
        **speedup(NB201, ids),
        **whole_space("executor.processes=2", "store=none"),
        "auto_over_float32": cost_of_resolution(NB201, ids),
        "bandwidth_ratio": bandwidth_ratio(NB201, ids),
        "batch_exponent": batch_exponent(NB201, ids),
        "architectures_exponent": architectures_exponent(NB201),
    }


def bench_nb101() -> dict[str, float]:
    """The speed on NAS-Bench-101; one network takes PyTorch most of a minute."""
    ids = NB101.space.sample(12, np.random.default_rng(1))
    found = speedup(NB101, ids, repeats=1)
    more = NB101.space.sample(100, np.random.default_rng(2))
    functions = len(set(NB101.space.function_keys(NB101.space.architecture_ids) or ()))
    return {
        **found,
        **estimate(NB101, more, num_functions=functions),
        "auto_over_float32": cost_of_resolution(NB101, more),
        "bandwidth_ratio": bandwidth_ratio(NB101, more),
    }


def bench_nbnlp() -> dict[str, float]:
    """The speed on NAS-Bench-NLP."""
    ids = NBNLP.space.sample(20, np.random.default_rng(1))
    return {
        **speedup(NBNLP, ids, repeats=1),
        **estimate(NBNLP, NBNLP.space.architecture_ids[:300], num_functions=NUM_RECIPES),
    }


def estimate(case: Case, ids: Sequence[str], *, num_functions: int) -> dict[str, float]:
    """What a whole space would take on two cores, by the mean over a sample."""
    fast = scorer(case, CollapsedEngine(), case.minibatch(BATCH_SIZE))
    fast(ids[0])  # compiles
    mean = seconds(lambda: [fast(id_) for id_ in ids]) / len(ids)
    return {
        "milliseconds_per_architecture": 1e3 * mean,
        "whole_space_functions": num_functions,
        "whole_space_minutes": mean * num_functions / NUM_CORES / 60,
    }


def show(results: Mapping[str, Mapping[str, Any]]) -> Table:
    """The results as a table, one column per space."""
    table = Table("measurement", *results, box=None)
    names = list(dict.fromkeys(name for found in results.values() for name in found))
    for name in names:
        values = [f"{found[name]:,.4g}" if name in found else "" for found in results.values()]
        table.add_row(name.replace("_", " "), *values)
    return table


_BENCHES = {"nb201": bench_nb201, "nb101": bench_nb101, "nbnlp": bench_nbnlp}


def main(arguments: Sequence[str]) -> None:
    """Measures the named spaces (all), prints a table and writes outputs/bench.json."""
    unknown = sorted(set(arguments) - set(_BENCHES))
    if unknown:
        raise SystemExit(f"spaces must be of {', '.join(_BENCHES)}, got {unknown[0]}: correct it")
    results = {name: _BENCHES[name]() for name in arguments or _BENCHES}
    path = ROOT / "outputs" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    write_json(results, path)
    Console().print(show(results))


if __name__ == "__main__":
    main(sys.argv[1:])
