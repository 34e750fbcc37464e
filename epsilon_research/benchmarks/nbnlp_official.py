"""NAS-Bench-NLP's own results, from its archives of training logs."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple

import pandas as pd

from epsilon_research.benchmarks.accuracy_table import AccuracyTable
from epsilon_research.benchmarks.base import Benchmark
from epsilon_research.benchmarks.nbnlp_logs import BEST, LAST, read_runs
from epsilon_research.checks import check_choice, check_text
from epsilon_research.download import check_git_blob, download
from epsilon_research.user_cache import user_cache

logger = logging.getLogger(__name__)

_RELEASE = "https://raw.githubusercontent.com/fmsnew/nas-bench-nlp-release/master"


class Archive(NamedTuple):
    """An official archive of logs."""

    url: str
    blob_id: str
    """Git's name of the file's content."""


ARCHIVES = {
    "single": Archive(
        f"{_RELEASE}/train_logs_single_run/logs.zip", "53e2e0dc72a1c22519b240e6d3fc77b513de7ea8"
    ),
    "multi": Archive(
        f"{_RELEASE}/train_logs_multi_runs/logs.zip", "7414e12600ecb30cf1f46431ca420f35484b4546"
    ),
}

_TARGETS = {"test_loss": "test_accuracy", "validation_loss": "validation_accuracy"}
"""Column of each target: tables have the same two for accuracies and losses."""

_EPOCHS = (LAST, BEST)
_STATISTICS = ("mean", "min", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class NbnlpOfficial(Benchmark):
    """Losses of recurrent cells after training on text: lower is better.

    Several logs of one recipe (training seeds, or numbers of equal recipes) are one architecture;
    runs without a finite loss are left out of its statistic, and it has no loss if all are. The
    column `status` says of each architecture how its runs ended, `num_runs` how many there are.

    Args:
        path: A zip archive of JSON logs.
        download: "single" (14,322 recipes on PTB, one training seed) or "multi" (4,114 recipes,
            three seeds) in place of `path`: the official archive, downloaded once and checked.
            With neither there is no table.
        target: "test_loss" or "validation_loss", cross-entropy in nats per token.
        epoch: "last" recorded one (the epsilon paper's choice), or "best": the one with the
            smallest validation loss, for both targets.
        statistic: "mean", "min" or "max" over the runs of a recipe.

    References:
        Klyuchnikov et al., "NAS-Bench-NLP", 2020; files under the Apache licence 2.0.
    """

    connects: ClassVar[Mapping[str, Callable[[object], bool]]] = {
        "download": lambda download: download is not None
    }

    path: str | None = None
    download: str | None = None
    target: str = "test_loss"
    epoch: str = LAST
    statistic: str = "mean"

    def __post_init__(self) -> None:
        if self.path is not None:
            what = "the path of a zip archive of logs"
            check_text("benchmark.path", self.path, what=what, example="logs.zip")
        if self.path is not None and self.download is not None:
            raise ValueError(
                "at most one of benchmark.path and benchmark.download must be given, got "
                f"{self.path!r} and {self.download!r}: leave one out"
            )
        if self.download is not None:
            check_choice("benchmark.download", self.download, ARCHIVES)
        check_choice("benchmark.target", self.target, _TARGETS)
        check_choice("benchmark.epoch", self.epoch, _EPOCHS)
        check_choice("benchmark.statistic", self.statistic, _STATISTICS)

    def load(self) -> AccuracyTable | None:
        """See `Benchmark`; None without `path` and `download`."""
        if self.path is None and self.download is None:
            logger.info(
                "no accuracies: benchmark.download=single (or multi) gets NAS-Bench-NLP's losses, "
                "benchmark.path=FILE reads an archive of its logs"
            )
            return None
        path = self._download() if self.path is None else Path(self.path)
        runs = read_runs(path, epoch=self.epoch)
        rows = merge_runs(runs, statistic=self.statistic)
        _report(runs, rows, path)
        return AccuracyTable(
            name="nbnlp_official",
            rows=rows,
            target=_TARGETS[self.target],
            higher_is_better=False,
            source=f"NAS-Bench-NLP logs, {path.name}, {_corpora(runs)}, {self.target}, "
            f"{self.epoch} epoch, {self.statistic} over the runs of a recipe, {_usual_runs(rows)}, "
            f"{len(rows):,} recipes, {len(runs):,} runs",
            label=f"{self.target.replace('_', ' ')} (cross-entropy)",
        )

    def _download(self) -> Path:
        assert self.download is not None
        archive = ARCHIVES[self.download]
        return download(
            archive.url,
            user_cache() / f"nas_bench_nlp_logs_{self.download}.zip",
            check=partial(check_git_blob, blob_id=archive.blob_id),
            advice="pass benchmark.path=PATH of a copy, or benchmark=none",
        )


def merge_runs(runs: pd.DataFrame, *, statistic: str) -> pd.DataFrame:
    """Return one row per recipe, in order of first appearance.

    Args:
        runs: Runs as `read_runs` returns them.
        statistic: "mean", "min" or "max" of the finite losses.

    Returns:
        Columns `architecture_id`, `validation_accuracy`, `test_accuracy` (float64 losses, NaN if
        no run has one), `status` (distinct ones, joined by "; ") and `num_runs`.
    """
    grouped = runs.groupby("architecture_id", sort=False)
    return pd.DataFrame(
        {
            "validation_accuracy": grouped["validation_loss"].agg(statistic),
            "test_accuracy": grouped["test_loss"].agg(statistic),
            "status": grouped["status"].agg(lambda found: "; ".join(dict.fromkeys(found))),
            "num_runs": grouped.size(),
        }
    ).reset_index()


def _usual_runs(rows: pd.DataFrame) -> str:
    """How often most recipes were trained: one archive has one run of each, the other three."""
    usual = int(rows["num_runs"].mode().iloc[0])
    return f"{usual} run{'' if usual == 1 else 's'} of most recipes"


def _corpora(runs: pd.DataFrame) -> str:
    return ", ".join(dict.fromkeys(corpus or "unknown corpus" for corpus in runs["corpus"]))


def _report(runs: pd.DataFrame, rows: pd.DataFrame, path: Path) -> None:
    """Says what the numbers alone do not show."""
    numbers = runs.groupby("architecture_id")["recipe_id"].nunique()
    early = (runs["num_epochs"] < runs["planned_epochs"]) | (runs["status"] != "OK")
    logger.info(
        "%s: %s runs of %s recipes; %s recipes have several runs, %s of them under several "
        "numbers; %s runs ended early and count with the last epoch that they recorded; %s runs "
        "have no finite loss there",
        path.name, f"{len(runs):,}", f"{len(rows):,}", f"{(rows['num_runs'] > 1).sum():,}",
        f"{(numbers > 1).sum():,}", f"{early.sum():,}", f"{runs['test_loss'].isna().sum():,}",
    )  # fmt: skip
    if len(runs["corpus"].unique()) > 1:
        logger.warning(
            "%s holds runs on several texts (%s), whose losses cannot be compared: split it",
            path, _corpora(runs),
        )  # fmt: skip
