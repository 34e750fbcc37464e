"""`make bench`: speed of the collapse as ratios, measured in one run on the same cores.

Seconds mean little on a shared machine; ratios of what was measured in turn do. Each is measured in
several rounds, and what has moved since the last run on this machine is reported.
"""

import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from rich.progress import track

from epsilon_research.collapse import Workspace, lower
from epsilon_research.collapse.plan import Op
from epsilon_research.data import Dataset, Minibatch
from epsilon_research.data.photos import Photos
from epsilon_research.data.random_tokens import RandomTokens
from epsilon_research.engines import Engine
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.engines.reference import ReferenceEngine
from epsilon_research.metrics import Candidate, Epsilon, Metric, scorer_of
from epsilon_research.metrics.jacob_cov import JacobCov
from epsilon_research.metrics.naswot import Naswot
from epsilon_research.metrics.swap import Swap
from epsilon_research.metrics.synflow import Synflow
from epsilon_research.metrics.zico import Zico
from epsilon_research.programs import Program
from epsilon_research.reporting import Table, show
from epsilon_research.spaces import SearchSpace
from epsilon_research.spaces.nb101 import NasBench101
from epsilon_research.spaces.nb201 import NasBench201
from epsilon_research.spaces.nbnlp import NasBenchNlp
from epsilon_research.tracking import write_json
from experiments.bench_curves import cost_curves
from experiments.provenance import ROOT

BATCH_SIZE = 256
ROUNDS = 3
NUM_CORES = 2
"""Cores that a whole space is counted for."""
NUM_RECIPES = 14_322
"""Models of NAS-Bench-NLP's single-run logs."""

_WRITES_A_MAP = (Op.COMBINE, Op.BOX, Op.AVERAGE, Op.MAXIMUM)

NOISE = 1.1
"""A change by less than this factor is not reported."""

Numbers = dict[str, list[float]]
"""Measurements by their names, one for each round."""

PEER_IMAGES = 64
"""Images for these metrics, as many as in their publications; with 256 each takes seconds."""

PEERS: dict[str, Metric] = {
    "naswot": Naswot(),
    "jacob_cov": JacobCov(),
    "synflow": Synflow(),
    "zico": Zico(),
    "swap": Swap(),
}


def seconds(function: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


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

    def in_turn(
        self,
        metrics: Mapping[str, Metric],
        ids: Sequence[str],
        *,
        rounds: int = ROUNDS,
        batch_size: int = BATCH_SIZE,
    ) -> Numbers:
        """Return the mean seconds per architecture of each metric, for each round.

        In turn, so that all see the machine at the same speed; each round begins anew, since a
        second score of an architecture would find maps that the collapse remembers.
        """
        found: Numbers = {name: [] for name in metrics}
        for _ in range(rounds):
            minibatch = self.minibatch(batch_size)
            scorers = {name: scorer_of(metric, minibatch) for name, metric in metrics.items()}
            for score in scorers.values():
                score(self._candidate(ids[0]))
            totals = dict.fromkeys(metrics, 0.0)
            for id_ in track(ids[1:], description="scores in turn", transient=True):
                for name, score in scorers.items():
                    totals[name] += seconds(lambda: score(self._candidate(id_)))  # noqa: B023
            for name, total in totals.items():
                found[name].append(total / len(ids[1:]))
        return found

    def _candidate(self, id_: str) -> Candidate:
        return Candidate(
            build=lambda count: self.space.program(id_, num_outputs=count),
            num_classes=self.space.num_classes,
            num_parameters=0,
            connected=True,
        )

    def _epsilon(self, engine: Engine) -> Epsilon:
        return Epsilon(weights=self.weights, engine=engine)

    def speedup(self, ids: Sequence[str], *, rounds: int = ROUNDS) -> Numbers:
        """Return mean times of the PyTorch network and of the collapse, one thread each."""
        engines = {"reference": ReferenceEngine(), "collapsed": CollapsedEngine()}
        metrics = {name: self._epsilon(engine) for name, engine in engines.items()}
        found = self.in_turn(metrics, ids, rounds=rounds)
        return {
            "speedup_one_thread": ratios(found["reference"], found["collapsed"]),
            "reference_milliseconds": [1e3 * time for time in found["reference"]],
            "collapsed_milliseconds": [1e3 * time for time in found["collapsed"]],
        }

    def peers(self, ids: Sequence[str]) -> Numbers:
        """Return the times of other metrics on the same networks, images and core over epsilon's.

        SynFlow's input is a single image of ones.
        """
        metrics = {"epsilon": self._epsilon(CollapsedEngine()), **PEERS}
        found = self.in_turn(metrics, ids, batch_size=PEER_IMAGES)
        return {f"{name}_over_epsilon": ratios(found[name], found["epsilon"]) for name in PEERS}

    def bandwidth_ratio(self, ids: Sequence[str]) -> Numbers:
        """Return the time of the kernels over the time that moving their maps once would take."""
        programs = [self.space.program(id_, num_outputs=1) for id_ in ids]
        first, *plans = (
            lower(one, height=32, width=32) for one in programs if isinstance(one, Program)
        )
        instructions = [one for plan in plans for one in plan.instructions]
        pixels = sum(i.size[0] * i.size[1] for i in instructions if i.op in _WRITES_A_MAP)
        # Each map is written once and read once, for each weight.
        copied = len(self.weights) * 2 * 4 * BATCH_SIZE * pixels / copy_bandwidth()
        spans = []
        for _ in range(ROUNDS):
            workspace = Workspace(self.minibatch().inputs)
            workspace.run(first, weights=self.weights)
            start = time.perf_counter()
            for plan in plans:
                workspace.run(plan, weights=self.weights)
            spans.append(time.perf_counter() - start)
        return {"bandwidth_ratio": [span / copied for span in spans]}

    def estimate(self, ids: Sequence[str], *, num_functions: int) -> Numbers:
        """Return what a whole space would take on two cores, by the mean over a sample."""
        (found,) = self.in_turn({"epsilon": self._epsilon(CollapsedEngine())}, ids).values()
        return {
            "milliseconds_per_function": [1e3 * mean for mean in found],
            "whole_space_functions": [num_functions],
            "whole_space_minutes": [mean * num_functions / NUM_CORES / 60 for mean in found],
        }


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Return one ratio for each round."""
    return [one / other for one, other in zip(these, those, strict=True)]


def whole_space() -> Numbers:
    """Return scoring seconds of NAS-Bench-201 from an empty store, and the peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ["tracker=none", "store=none", f"executor.processes={NUM_CORES}"]
        processor_seconds([sys.executable, "run.py", *settings, f"hydra.run.dir={folder}"])
        summary = json.loads((Path(folder) / "summary.json").read_text())
    return {
        "space_seconds": [summary["timing"]["scoring_seconds"]],
        # Of the largest of all processes that have ended below this one, in KiB (Linux).
        "peak_megabytes": [resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024],
    }


def start_up() -> Numbers:
    """Return the processor's seconds of a run of 100 cells, from nothing and from the store.

    Both are given above those that the imports of the libraries take that such a run needs.
    """
    libraries = [sys.executable, "-c", "import numba, pandas, pyarrow, hydra, rich"]
    with tempfile.TemporaryDirectory() as folder:
        run = [
            sys.executable, "run.py", "tracker=none", "search_space.num_architectures=100",
            "figures=false", "page=false", "executor.processes=1", f"hydra.run.dir={folder}/run",
        ]  # fmt: skip
        stored = [*run, f"store={folder}/store"]
        processor_seconds(stored)
        rounds = [
            [processor_seconds(command) for command in (libraries, [*run, "store=none"], stored)]
            for _ in range(ROUNDS)
        ]
    return {
        "short_run_processor_seconds": [new - bare for bare, new, _ in rounds],
        "stored_run_processor_seconds": [old - bare for bare, _, old in rounds],
    }


def processor_seconds(command: Sequence[str]) -> float:
    """Return the processor time of a command and of what it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_nb201() -> Numbers:
    """Return all measurements on NAS-Bench-201, of a seeded sample that has scores."""
    case = Case(space=NasBench201(), dataset=Photos(), weights=(1e-7, 1.0))
    drawn = case.space.sample(80, np.random.default_rng(1))
    plans = ((id_, lower(case.space.core_program(id_), height=32, width=32)) for id_ in drawn)
    ids = [id_ for id_, plan in plans if plan.connected][:40]
    return {
        **case.speedup(ids),
        **case.peers(ids[:4]),
        **whole_space(),
        **case.bandwidth_ratio(ids),
        **start_up(),
    }


def bench_nb101() -> Numbers:
    """Return the speed on NAS-Bench-101; one network takes PyTorch most of a minute."""
    case = Case(space=NasBench101(), dataset=Photos(), weights=(1e-4, 10.0))
    few, more = (case.space.sample(n, np.random.default_rng(s)) for n, s in ((12, 1), (100, 2)))
    functions = len(set(case.space.function_keys(case.space.architecture_ids) or ()))
    return {
        **case.speedup(few, rounds=1),
        **case.estimate(more, num_functions=functions),
        **case.bandwidth_ratio(more),
    }


def bench_nbnlp() -> Numbers:
    """Return the speed on NAS-Bench-NLP."""
    case = Case(space=NasBenchNlp(), dataset=RandomTokens(), weights=(1e-5, 1e-3))
    ids = case.space.sample(20, np.random.default_rng(1))
    return {
        **case.speedup(ids, rounds=1),
        **case.estimate(case.space.architecture_ids[:300], num_functions=NUM_RECIPES),
    }


def table(results: Mapping[str, Numbers], before: Mapping[str, Numbers]) -> Table:
    """Return the results with the former median where no round of one run is within the other's."""
    rows = []
    for space, found in results.items():
        for name, new in found.items():
            old = before.get(space, {}).get(name)
            moved = old and (min(new) > NOISE * max(old) or NOISE * max(new) < min(old))
            was = f"{median(old):,.4g}" if old and moved else ""
            least, middle = f"{min(new):,.4g}", f"{median(new):,.4g}"
            rows.append((space, name.replace("_", " "), least, middle, was))
    return Table(title="", head=("", "measurement", "least", "median", "was"), rows=rows)


_BENCHES = {
    "nb201": bench_nb201, "nb101": bench_nb101, "nbnlp": bench_nbnlp, "curves": cost_curves,
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Measure what is named (all), print a table and write outputs/bench.json."""
    unknown = sorted(set(arguments) - set(_BENCHES))
    if unknown:
        raise SystemExit(
            f"measurements must be of {', '.join(_BENCHES)}, got {unknown[0]}: correct it"
        )
    path = ROOT / "outputs" / "bench.json"
    machine = f"{platform.node()} {platform.processor() or platform.machine()}"
    stored = json.loads(path.read_text()) if path.is_file() else {}
    before = stored.get(machine, {})
    results = {name: _BENCHES[name]() for name in arguments or _BENCHES}
    show(table(results, before))
    path.parent.mkdir(exist_ok=True)
    write_json(stored | {machine: before | results}, path)


if __name__ == "__main__":
    main(sys.argv[1:])
