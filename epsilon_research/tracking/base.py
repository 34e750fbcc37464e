"""The contract of a tracker."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pandas as pd

Log = TypeVar("Log")

Scalars = Mapping[str, int | float]
"""Numbers under flat names, e.g. `metrics/epsilon/connected/spearman_rho`."""

Tables = Mapping[str, pd.DataFrame]
"""Tables by name."""


class Tracker(ABC):
    """Somewhere to copy a run's settings, numbers, tables and figures to.

    A context manager that is closed on every exit, with the exit code of the process.
    """

    @abstractmethod
    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Begin a run.

        Args:
            run_dir: The run's folder, which exists; what the tracker writes lies below it.
            config: The resolved settings, among them `name`, which runs of one study share.
        """

    @abstractmethod
    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        """Add what a run found; of a table that is too large a sample of its rows is enough.

        Of the files of figures pictures (PNG) are added; the others stay in the run folder.
        """

    @abstractmethod
    def close(self, exit_code: int) -> None:
        """End the run; not an error before `open` or after another `close`."""

    def __enter__(self) -> "Tracker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(exit_code=exit_code_of(error))


def opened(log: Log | None) -> Log:
    """Return what an open tracker writes to.

    Raises:
        RuntimeError: The tracker is not open.
    """
    if log is None:
        raise RuntimeError("a tracker must be open to log, and is not: call open() first")
    return log


def exit_code_of(error: BaseException | None) -> int:
    """The exit code of a process that ends with `error`: 0 without one, 130 on Ctrl-C, else 1."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        code = error.code
        return code if isinstance(code, int) else int(code is not None)
    return 1
