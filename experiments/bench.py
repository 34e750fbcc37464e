"""`make bench`: speed of the collapse as ratios, measured in one run on the same cores.

Seconds mean little on a shared machine; ratios of medians that were measured in turn do.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
from rich.progress import track

from epsilon_research.collapse import Workspace, lower
from epsilon_research.collapse.plan import Op, Plan
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.data.photos import Photos
from epsilon_research.data.random_tokens import RandomTokens
from epsilon_research.engines import Engine
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import Candidate, Epsilon, scorer_of
from epsilon_research.programs import Program
from epsilon_research.reporting import Table, show
from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbnlp import NasBenchNlp
from epsilon_research.tracking import write_json

ROOT = Path(__file__).resolve().parents[1]
BATCH_SIZE = 256
REPEATS = 3
NUM_CORES = 2
"""Cores that a whole space is counted for."""
NUM_RECIPES = 14_322
"""Models of NAS-Bench-NLP's single-run logs."""

_WRITES_A_MAP = (Op.COMBINE, Op.BOX, Op.AVERAGE, Op.MAXIMUM)

Numbers = dict[str, float]


def seconds(function: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Return b of the least-squares fit time = a · size^b."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def copy_bandwidth() -> float:
    """Return the bytes per second that copying 64 MiB reads and writes, the best of several."""
    source = np.ones(2**24, np.float32)
    target = np.empty_like(source)
    return max(2 * source.nbytes / seconds(lambda: np.copyto(target, source)) for _ in range(9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A space as it is measured: with its published weights, on its default dataset."""

    space: SearchSpace
    dataset: Dataset
    weights: tuple[float, float]

    def minibatch(self, batch_size: int = BATCH_SIZE) -> Minibatch:
        """Return what every measurement of this size sees."""
        return self.dataset.draw(batch_size=batch_size, rng=np.random.default_rng(21))

    def scorer(self, engine: Engine, *, warm_up: str) -> Callable[[str], float]:
        """Return what makes a score of an architecture id; its kernels are compiled."""
        score = scorer_of(Epsilon(weights=self.weights, engine=engine), self.minibatch())

        def run(architecture_id: str) -> float:
            candidate = Candidate(
                build=lambda count: self.space.program(architecture_id, num_outputs=count),
                num_classes=self.space.num_classes,
                num_parameters=0,
                connected=True,
            )
            return score(candidate).value

        if isinstance(engine, CollapsedEngine):
            run(warm_up)
        return run

    def connected(self, count: int, *, seed: int) -> list[str]:
        """Return a seeded sample of architectures that have a score."""
        ids = self.space.sample(2 * count, np.random.default_rng(seed))
        plans = ((id_, lower(self.space.core_program(id_), height=32, width=32)) for id_ in ids)
        return [id_ for id_, plan in plans if plan.connected][:count]

    def plans(self, ids: Sequence[str]) -> list[Plan]:
        """Return what is run of image networks."""
        programs = [self.space.program(id_, num_outputs=1) for id_ in ids]
        return [lower(one, height=32, width=32) for one in programs if isinstance(one, Program)]

    def speedup(self, ids: Sequence[str], *, repeats: int = REPEATS) -> Numbers:
        """Return mean times of the PyTorch network and of the collapse, one thread each."""
        engines = (ReferenceEngine(), CollapsedEngine())
        runs = [self.scorer(engine, warm_up=ids[0]) for engine in engines]
        medians = []
        for id_ in track(ids, description="collapse against PyTorch", transient=True):
            # In turn, so that both see the machine at the same speed.
            times = [[seconds(lambda: run(id_)) for run in runs] for _ in range(repeats)]  # noqa: B023
            medians.append([median(column) for column in zip(*times, strict=True)])
        slow, fast = (fmean(column) for column in zip(*medians, strict=True))
        return {
            "speedup_one_thread": slow / fast,
            "reference_milliseconds": 1e3 * slow,
            "collapsed_milliseconds": 1e3 * fast,
        }

    def cost_of_resolution(self, ids: Sequence[str]) -> Numbers:
        """Return the time of `engine.dtype=auto`, with what it computes again, over float32's."""
        engines = [CollapsedEngine(dtype=dtype) for dtype in ("auto", "float32")]
        runs = [self.scorer(engine, warm_up=ids[0]) for engine in engines]
        totals = [[seconds(lambda: [*map(run, ids)]) for run in runs] for _ in range(REPEATS)]  # noqa: B023
        return {"auto_over_float32": median(auto / single for auto, single in totals)}

    def bandwidth_ratio(self, ids: Sequence[str]) -> Numbers:
        """Return the time of the kernels over the time that moving their maps once would take."""
        plans = self.plans(ids)
        instructions = [one for plan in plans for one in plan.instructions]
        pixels = sum(i.size[0] * i.size[1] for i in instructions if i.op in _WRITES_A_MAP)
        # Each map is written once and read once, for each weight.
        moved = len(self.weights) * 2 * 4 * BATCH_SIZE * pixels
        times = self._times_of_plans(plans, batch_size=BATCH_SIZE, repeats=5)
        return {"bandwidth_ratio": median(times) * copy_bandwidth() / moved}

    def _times_of_plans(
        self, plans: Sequence[Plan], *, batch_size: int, repeats: int
    ) -> list[float]:
        workspace = Workspace(self.minibatch(batch_size).inputs)
        return [
            seconds(lambda: [workspace.run(plan, weights=self.weights) for plan in plans])
            for _ in range(repeats)
        ]

    def exponents(self, ids: Sequence[str]) -> Numbers:
        """Return how cost grows with the batch size and the number of distinct architectures."""
        batches, numbers, plans = (256, 512, 1024, 2048), (40, 80, 160, 320), self.plans(ids[:10])
        times = [
            median(self._times_of_plans(plans, batch_size=size, repeats=REPEATS + 1)[1:])
            for size in batches
        ]
        more = self.connected(max(numbers), seed=5)
        fast = self.scorer(CollapsedEngine(), warm_up=more[0])
        spans = [seconds(lambda: [*map(fast, more[:size])]) for size in numbers]  # noqa: B023
        return {
            "batch_exponent": exponent(batches, times),
            "architectures_exponent": exponent(numbers, spans),
        }

    def estimate(self, ids: Sequence[str], *, num_functions: int) -> Numbers:
        """Return what a whole space would take on two cores, by the mean over a sample."""
        fast = self.scorer(CollapsedEngine(), warm_up=ids[0])
        mean = seconds(lambda: [*map(fast, ids)]) / len(ids)
        return {
            "milliseconds_per_architecture": 1e3 * mean,
            "whole_space_functions": num_functions,
            "whole_space_minutes": mean * num_functions / NUM_CORES / 60,
        }


def whole_space(*overrides: str) -> Numbers:
    """Return scoring seconds of `python run.py` and the peak memory of its largest process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "run.py", "tracker=none", f"hydra.run.dir={folder}", *overrides]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        summary = json.loads((Path(folder) / "summary.json").read_text())
    return {
        "space_seconds": summary["timing"]["scoring_seconds"],
        "space_architectures": summary["counts"]["architectures"],
        "space_processes": summary["timing"]["processes"],
        # Of all processes that have ended below this one, in KiB (Linux).
        "peak_megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def bench_nb201() -> Numbers:
    """Return all measurements on NAS-Bench-201."""
    case = Case(space=NasBench201(), dataset=Photos(), weights=(1e-7, 1.0))
    ids = case.connected(40, seed=1)
    return {
        **case.speedup(ids),
        **whole_space("executor.processes=2", "store=none"),
        **case.cost_of_resolution(ids),
        **case.bandwidth_ratio(ids),
        **case.exponents(ids),
    }


def bench_nb101() -> Numbers:
    """Return the speed on NAS-Bench-101; one network takes PyTorch most of a minute."""
    case = Case(space=NasBench101(), dataset=Photos(), weights=(1e-4, 10.0))
    few, more = (case.space.sample(n, np.random.default_rng(s)) for n, s in ((12, 1), (100, 2)))
    functions = len(set(case.space.function_keys(case.space.architecture_ids) or ()))
    return {
        **case.speedup(few, repeats=1),
        **case.estimate(more, num_functions=functions),
        **case.cost_of_resolution(more),
        **case.bandwidth_ratio(more),
    }


def bench_nbnlp() -> Numbers:
    """Return the speed on NAS-Bench-NLP."""
    case = Case(space=NasBenchNlp(), dataset=RandomTokens(), weights=(1e-5, 1e-3))
    ids = case.space.sample(20, np.random.default_rng(1))
    return {
        **case.speedup(ids, repeats=1),
        **case.estimate(case.space.architecture_ids[:300], num_functions=NUM_RECIPES),
    }


def table(results: Mapping[str, Numbers]) -> Table:
    """Return the results with one column per space."""
    names = dict.fromkeys(name for found in results.values() for name in found)
    rows = [
        (
            name.replace("_", " "),
            *(f"{found[name]:,.4g}" if name in found else "" for found in results.values()),
        )
        for name in names
    ]
    return Table(title="", head=("measurement", *results), rows=rows)


_BENCHES = {"nb201": bench_nb201, "nb101": bench_nb101, "nbnlp": bench_nbnlp}


def main(arguments: Sequence[str]) -> None:
    """Measure the named spaces (all), print a table and write outputs/bench.json."""
    unknown = sorted(set(arguments) - set(_BENCHES))
    if unknown:
        raise SystemExit(f"spaces must be of {', '.join(_BENCHES)}, got {unknown[0]}: correct it")
    results = {name: _BENCHES[name]() for name in arguments or _BENCHES}
    path = ROOT / "outputs" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    write_json(results, path)
    show(table(results))


if __name__ == "__main__":
    main(sys.argv[1:])
