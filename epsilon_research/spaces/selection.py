"""Which architectures of a search space a run looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epsilon_research.checks import check_integer, is_integer
from epsilon_research.memory import check_memory
from epsilon_research.spaces.base import SearchSpace

ALL = "all"
AUTO = "auto"
RATED = "rated"
_WORDS = (ALL, RATED, AUTO)
NUMBER = "num_architectures"


_BYTES_OF_ROW = 2_000
"""What a run has in memory for each architecture: its id, hashes, job and row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A search space with the part of it that a run scores.

    At most one of the three choices is given; without any the engine decides.

    Args:
        space: The search space.
        published_weights: The pair of constants of the epsilon paper on this space, for
            `weight_rule=published`; None: the paper has none.
        num_architectures: Size of a seeded sample of what the accuracy table knows, or "all", or
            "rated" (all that the table knows), or "auto" (what the engine scores in reasonable
            time: the whole space, or a sample).
        first: The first so many in the benchmark's own order.
        architectures: A list of architectures, or the path of a text file with one a line; each
            as `SearchSpace.identify` takes it.
        auto_size: The most that "auto" scores of this space; None: all.
        paper_filter: Which scores the published code keeps on this space, see
            `analysis.protocols.PAPER_FILTERS`.
    """

    space: SearchSpace
    published_weights: Sequence[float] | None
    num_architectures: int | str = AUTO
    first: int | None = None
    architectures: str | Sequence[str | int] | None = None
    auto_size: int | None = None
    paper_filter: str = "finite"

    def __post_init__(self) -> None:
        given = [
            name
            for name, value, default in (
                ("num_architectures", self.num_architectures, AUTO),
                ("first", self.first, None),
                ("architectures", self.architectures, None),
            )
            if value != default
        ]
        if len(given) > 1:
            raise ValueError(
                "at most one of search_space.num_architectures, .first and .architectures may be "
                f"given, got {' and '.join(given)}: leave one out"
            )
        if self.num_architectures not in _WORDS and not is_integer(self.num_architectures):
            raise ValueError(
                "search_space.num_architectures must be an integer, 'all', 'rated' or 'auto', "
                f"got {self.num_architectures!r}: pass e.g. search_space.num_architectures=500"
            )
        sizes = {"num_architectures": self.num_architectures, "first": self.first}
        for name, count in sizes.items():
            if is_integer(count):
                check_memory(f"search_space.{name}", count * _BYTES_OF_ROW, what="the table")
        for name, count in (("first", self.first), ("auto_size", self.auto_size)):
            setting = f"search_space.{name}"
            check_integer(setting, count, at_least=1, example=500, or_null=True)
        if self.architectures is not None and not isinstance(self.architectures, Sequence):
            raise ValueError(
                "search_space.architectures must be a list or a text file with one architecture "
                f"a line, got {self.architectures!r}: pass e.g. search_space.architectures=FILE"
            )

    def choose(
        self,
        rng: np.random.Generator,
        *,
        auto: int | None,
        known: Sequence[str] | None = None,
    ) -> list[str]:
        """Return the chosen architecture ids.

        Args:
            rng: Source of a sample.
            auto: The most that "auto" means for the engine (None: all).
            known: Architectures with trained results, in the order of their table, or None. A
                sample is drawn among them, since statistics need accuracies; so is `first` on a
                space whose own order is not the benchmark's.

        Raises:
            ValueError: A choice is out of range, empty, repeated or not of this space.
            FileNotFoundError: The file of architectures does not exist.
        """
        if self.architectures is not None:
            return self._parse(self.architectures)
        ordered = self._ordered(known)
        if self.first is not None:
            return list(ordered[: self._checked(self.first, ordered, "first")])
        if self.num_architectures == ALL and self.space.complete:
            return list(self.space.architecture_ids)
        rated = _among(ordered, known)
        if self.num_architectures == RATED:
            if known is None:
                raise ValueError(
                    "search_space.num_architectures=rated must have a table of accuracies, got "
                    "none: pass a benchmark, or search_space.num_architectures=all"
                )
            return list(rated)
        if isinstance(self.num_architectures, int):
            return _sample(rated, self._checked(self.num_architectures, rated, NUMBER), rng)
        limits = () if self.num_architectures == ALL else (auto, self.auto_size)
        count = min([len(ordered), *(n for n in limits if n is not None)])
        pool = ordered if count == len(ordered) else rated
        return _sample(pool, min(count, len(pool)), rng)

    def _ordered(self, known: Sequence[str] | None) -> Sequence[str]:
        own = self.space.enumerated_as_published
        return self.space.architecture_ids if own or known is None else known

    def _checked(self, count: int, pool: Sequence[str], setting: str) -> int:
        if not 1 <= count <= len(pool):
            is_part = len(pool) < len(self.space.architecture_ids)
            part = " that the accuracy table knows" if is_part else ""
            raise ValueError(
                f"search_space.{setting} must lie between 1 and {len(pool)}, the architectures of "
                f"{self.space.name}{part}, got {count}: choose a number of that range"
            )
        return count

    def _parse(self, architectures: str | Sequence[str | int]) -> list[str]:
        if isinstance(architectures, str):
            origin, lines = architectures, _read_lines(Path(architectures))
        else:
            origin, lines = "search_space.architectures", [str(line) for line in architectures]
        seen: dict[str, int] = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                architecture_id = self.space.identify(line)
            except ValueError as error:
                raise ValueError(f"{origin}, line {number}: {error}") from error
            if architecture_id in seen:
                raise ValueError(
                    f"{origin}, line {number}: every architecture must be listed once, got "
                    f"{architecture_id} in line {seen[architecture_id]} already"
                )
            seen[architecture_id] = number
        if not seen:
            raise ValueError(
                f"{origin} must name at least one architecture, got none: add one a line"
            )
        return list(seen)


def _among(ordered: Sequence[str], known: Sequence[str] | None) -> Sequence[str]:
    """The members of `ordered` that are known, in its order; all without a table."""
    if known is None or known is ordered:
        return ordered
    members = frozenset(known)
    return [architecture_id for architecture_id in ordered if architecture_id in members]


def _sample(pool: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """`count` distinct members of `pool`, drawn uniformly, in its order."""
    if count == len(pool):
        return list(pool)
    chosen = np.sort(rng.choice(len(pool), size=count, replace=False))
    return [pool[int(place)] for place in chosen]


def _read_lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f"search_space.architectures must be a list or an existing text file with one "
            f"architecture a line, got {str(path)!r}, which is not a file: "
            "check the path"
        )
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be a UTF-8 text file, got other bytes: save it as one"
        ) from error
