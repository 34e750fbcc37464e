"""Weights & Biases: a copy of the run for its dashboard, offline by default."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import pandas as pd

from epsilon_research.checks import check_choice, check_text
from epsilon_research.tracking.base import Scalars, Tables, Tracker, opened

_MODES = ("offline", "online", "disabled")
# A browser shows a table of this many rows; the whole table is in the run folder.
_MOST_ROWS = 20_000


@final
class WandbTracker(Tracker):
    """One W&B run per run: settings, summary, table, figures.

    Offline it needs no account and no network, and leaves `<run_dir>/wandb/offline-run-*`, which
    `wandb sync` uploads later.

    Args:
        project: Name of the project.
        entity: Team or user; None: the account's own.
        mode: `offline`, `online` (needs an account) or `disabled`.

    Raises:
        ValueError: The mode is none of these, or the project has no name.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {
        "mode": lambda mode: mode != "offline" and mode != "disabled"
    }

    def __init__(self, *, project: str, entity: str | None = None, mode: str = "offline") -> None:
        check_choice("tracker.mode", mode, _MODES)
        check_text("tracker.project", project, what="a name", example="epsilon_research")
        self._project = project
        self._entity = entity
        self._mode: Any = mode
        # A `wandb.Run`, which cannot be named before wandb is imported.
        self._run: Any = None
        self._own_variables: tuple[str, ...] = ()

    def open(self, run_dir: Path, config: Mapping[str, Any]) -> None:
        """Start a W&B run whose files lie in `run_dir`."""
        # Read when wandb is imported; otherwise its error reports look a host up, even offline.
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        import wandb

        self._own_variables = _keep_files_in(run_dir)

        with _service_ends_on_failure(exit_code=1):
            self._run = wandb.init(
                project=self._project,
                entity=self._entity,
                mode=self._mode,
                dir=run_dir,
                config=dict(config),
                name=f"{config['name']} {run_dir.name}",
                group=config["name"],
                tags=[config["name"]],
                # A sweep has many runs in one process: never the one before.
                reinit="create_new",
                settings=wandb.Settings(**_SETTINGS),
            )

    def log(self, scalars: Scalars, tables: Tables, figures: Sequence[Path]) -> None:
        """Add numbers to the run's summary, tables, and PNG files as images.

        Of a table of more than 20,000 rows it is an even sample, and the summary says so. An image
        is named `figures/<path below their common folder>`.
        """
        import wandb

        run = opened(self._run)
        run.summary.update(dict(scalars))
        for name, table in tables.items():
            shown = _sample(table)
            # Missing is None, as W&B's type inference wants it, whatever the column's type is.
            cells: Any = shown.astype(object).where(shown.notna(), None).to_numpy().tolist()
            columns: Any = [str(column) for column in table.columns]
            run.log({name: wandb.Table(columns=columns, data=cells)})
            run.summary.update({f"{name}_rows": len(table), f"{name}_rows_shown": len(shown)})
        pictures = [path.resolve() for path in figures if path.suffix == ".png"]
        if pictures:
            # With several metrics each has a folder, and the same file names in it.
            folder = os.path.commonpath([path.parent for path in pictures])
            names = [path.relative_to(folder).with_suffix("").as_posix() for path in pictures]
            images = [wandb.Image(str(path)) for path in pictures]
            run.log({f"figures/{name}": image for name, image in zip(names, images, strict=True)})

    def close(self, exit_code: int) -> None:
        """Finish the run; a run that fails to finish is not finished again.

        Raises:
            OSError: wandb's service has gone.
        """
        run, self._run = self._run, None
        try:
            if run is not None:
                with _service_ends_on_failure(exit_code):
                    run.finish(exit_code=exit_code)
        finally:
            for variable in self._own_variables:
                os.environ.pop(variable, None)
            self._own_variables = ()


# Nothing is printed, and nothing is collected that was not logged: no terminal output, code,
# command line, environment, host name or package list.
_SETTINGS: dict[str, Any] = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "save_code": False,
    "disable_job_creation": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}


@contextmanager
def _service_ends_on_failure(exit_code: int) -> Iterator[None]:
    import wandb

    try:
        yield
    except Exception:
        # What wandb raises has no common class, and goes on from here. The service may have gone:
        # the next run of a sweep needs another one then, and nothing must try to end this one when
        # the program ends. Raises too, if nobody listens.
        wandb.teardown(exit_code)
        raise


def _keep_files_in(run_dir: Path) -> tuple[str, ...]:
    # By default a copy of each table and a log go to the home folder, which the nodes of a cluster
    # may not be allowed to write, and which `wandb sync` on another machine does not have.
    folder = str(run_dir.resolve() / "wandb" / "staging")
    unset = [name for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR") if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, folder))
    return tuple(unset)


def _sample(table: pd.DataFrame) -> pd.DataFrame:
    if len(table) <= _MOST_ROWS:
        return table
    return table.iloc[np.linspace(0, len(table) - 1, _MOST_ROWS).astype(np.int64)]
