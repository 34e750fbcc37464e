"""The board as values: metrics, search spaces and tasks, and with which settings they meet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from epsilon_research.benchmarks import Benchmark
from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.nats_official import NatsOfficial
from epsilon_research.benchmarks.nb101_official import Nb101Official
from epsilon_research.benchmarks.nbnlp_official import NbnlpOfficial
from epsilon_research.benchmarks.table import Table
from epsilon_research.bounded_table import SUFFIXES
from epsilon_research.catalogue import build_option, option_names
from epsilon_research.engines.collapsed import CollapsedEngine
from epsilon_research.metrics import Metric
from epsilon_research.spaces import Selection

BOARD = Path(__file__).with_name("board.yaml")

_READERS: Mapping[str, Callable[[str, str], Benchmark]] = {
    "nb101": lambda path, _: Nb101Official(path=path),
    "nb201": lambda path, task: NatsOfficial(
        space="topology", path=path, dataset=task, epochs=200, target="test_accuracy"
    ),
    "nbnlp": lambda path, _: NbnlpOfficial(path=path),
}
"""Of the files that a benchmark publishes: their path and a task to trained results."""

QUICK, FULL = "quick", "full"

DEFAULT_WEIGHTS = (1e-7, 1.0)
"""Of epsilon where none are published: those of NAS-Bench-201."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A metric of the board.

    Args:
        metric: What computes it.
        baseline: Whether it measures the size of a network alone.
        constant: Whether it sees networks of constant weights, on a minibatch of its own.
        published: Whether these are the weights published for a space, where there are some.
    """

    metric: Metric
    baseline: bool
    constant: bool
    published: bool

    def of(self, selection: Selection, *, repeat: int) -> Metric:
        """Return the metric as a space and a repeat have it; the first, 0, has its own seed."""
        pair, changes = selection.published_weights, {}
        if self.published and pair is not None:
            changes["weights"] = tuple(pair)
        if repeat and hasattr(self.metric, "seed"):
            changes["seed"] = repeat
        return replace(self.metric, **changes)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """An option of `conf/search_space` with trained results by the name of the task.

    All metrics meet on one set of its architectures, `count` with trained results at most.
    """

    name: str
    count: int
    tasks: Mapping[str, Benchmark]

    @property
    def title(self) -> str:
        """What its publication calls the space, and on which level of it."""
        return build_option("search_space", self.name).space.title

    @property
    def tables(self) -> dict[str, AccuracyTable]:
        """The trained results of each task, by the space's own names of architectures.

        Raises:
            ValueError: A benchmark of a task has none, or none of this space.
        """
        space, found = build_option("search_space", self.name).space, {}
        for task, benchmark in self.tasks.items():
            table = benchmark.load()
            if table is None:
                raise ValueError(
                    f"each task of the board must have trained results, got none of {self.name}, "
                    f"{task}: name another benchmark"
                )
            names = list(table.rows["architecture_id"])
            found[task] = table.renamed(space.canonical_ids(names))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything that a leaderboard is made of: metrics by name, and spaces as they are scored.

    Args:
        aggregates: Sums of logarithmic ranks of some metrics, by name.
        batch_size: Images that proxies see; metrics of constant weights see `constant_batch_size`.
        repeats: Scorings with other minibatches and initialisations, the first included.
        repeated: Architectures of each space that are scored so often.
        departures: Settings that are not the published ones, in words, by the metric.
        notes: A further sentence about a metric or an aggregate, by its name.
    """

    contestants: Mapping[str, Contestant]
    aggregates: Mapping[str, Sequence[str]]
    arenas: Sequence[Arena]
    batch_size: int
    constant_batch_size: int
    repeats: int
    repeated: int
    departures: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)


def read_board(
    *,
    size: str,
    path: Path = BOARD,
    counts: Mapping[str, int] | None = None,
    accuracies: Mapping[str, Path] | None = None,
) -> Board:
    """Return the board of a file such as `board.yaml`.

    Args:
        size: `QUICK` or `FULL`.
        path: The file.
        counts: Architectures, by name of a space; "" means every other space. None: what the file
            says.
        accuracies: Further tables of trained results, by "space/task": each is a task of its space,
            which is added to the board if it is not there.

    Raises:
        ValueError: A name is unknown, or a key of `accuracies` is not "space/task".
    """
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    chosen, most = given.pop(size), counts or {}
    settings = chosen["settings"]
    spaces: dict[str, Any] = given["spaces"]
    tasks = {
        name: {task: _benchmark(entry["benchmark"], task) for task in entry["tasks"]}
        for name, entry in spaces.items()
    }
    for key, table in (accuracies or {}).items():
        space, _, task = key.partition("/")
        if space not in option_names("search_space") or not task or not table.name:
            raise ValueError(
                "--accuracies must be SPACE/TASK=FILE with a search space of conf/search_space, "
                f"got {key!r}: pass e.g. nb201/cifar100=FILE"
            )
        tasks.setdefault(space, {})[task] = _given(table, space=space, task=task)
    check_names("a search space", filter(None, most), tasks)
    sizes = {name: spaces.get(name, {}).get(size, chosen["architectures"]) for name in tasks}
    return Board(
        contestants={
            name: _contestant(entry.get("metric", name), entry, settings=settings.get(name, {}))
            for name, entry in given["metrics"].items()
        },
        aggregates=given["aggregates"],
        arenas=[
            Arena(name=name, count=most.get(name) or most.get("") or sizes[name], tasks=of)
            for name, of in tasks.items()
        ],
        batch_size=chosen["batch_size"],
        constant_batch_size=given["constant_batch_size"],
        repeats=given["repeats"],
        repeated=given["repeated"],
        notes=given.get("notes", {}),
        departures={
            name: ", ".join(f"{key} = {value}" for key, value in changed.items())
            for name, changed in settings.items()
        },
    )


def of_metrics(board: Board, names: Sequence[str]) -> Board:
    """Return a board of some of the metrics, with the aggregates that these make up.

    Raises:
        ValueError: A name is not one of the board's metrics.
    """
    check_names("a metric", names, board.contestants)
    aggregates = {name: of for name, of in board.aggregates.items() if set(of) <= set(names)}
    shown = {*names, *aggregates}
    return replace(
        board,
        contestants={name: one for name, one in board.contestants.items() if name in names},
        aggregates=aggregates,
        departures={name: words for name, words in board.departures.items() if name in shown},
        notes={name: words for name, words in board.notes.items() if name in shown},
    )


def check_names(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names of search spaces or metrics that the board does not have.

    Raises:
        ValueError: The message has the first of them and the known ones.
    """
    for name in names:
        if name not in known:
            raise ValueError(
                f"{what} must be one of the board, {', '.join(known)}, got {name!r}: correct it"
            )


def _contestant(
    option: str, entry: Mapping[str, Any], *, settings: Mapping[str, Any]
) -> Contestant:
    weights = entry.get("weights")
    published = weights == "published"
    pair = DEFAULT_WEIGHTS if published else weights
    (metric,) = build_option("metric", option, weights=pair, engine=CollapsedEngine()).values()
    return Contestant(
        metric=replace(metric, **settings),
        baseline=entry.get("baseline", False),
        constant=weights is not None,
        published=published,
    )


def _benchmark(option: str, task: str) -> Benchmark:
    found = build_option("benchmark", option)
    return replace(found, task=task) if hasattr(found, "task") else found


def _given(path: Path, *, space: str, task: str) -> Benchmark:
    """A table as the user has it, or a benchmark's own files."""
    if space not in _READERS or path.suffix.lower() in SUFFIXES:
        return Table(path=str(path))
    return _READERS[space](str(path), task)
