"""The kinds of data files that studies of the paper can take: how each is found, used and obtained.

To add one: an entry of `KINDS`. Studies name it in `report.needs` or `report.uses`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from epsilon_research.benchmarks.nb101_official import URL as NB101_URL
from epsilon_research.benchmarks.nbnlp_official import ARCHIVES
from epsilon_research.data.cifar import RELEASES


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file.

    Args:
        name: As `report.needs` and `report.uses` call it.
        what: What is in it, part of a sentence.
        source: Where it is from, part of a sentence.
        patterns: Names under which it is found in a folder, in order of preference.
        settings: From its path to the settings that make `run.py` read it, by name.
        download: Settings that make `run.py` fetch it instead, once; None if it cannot.
    """

    name: str
    what: str
    source: str
    patterns: tuple[str, ...]
    settings: Callable[[Path], dict[str, str]]
    download: Mapping[str, str] | None = None

    @property
    def option(self) -> str:
        """The option of the command that names a file of this kind."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def advice(self) -> str:
        """What to do where it is missing."""
        named = " or ".join(self.patterns)
        return f"{self.what}: from {self.source}; pass {self.option} PATH, or --data with {named}"


def _table(path: Path) -> dict[str, str]:
    return {"benchmark": "table", "benchmark.path": str(path)}


def _official(path: Path) -> dict[str, str]:
    return {"benchmark.path": str(path)}


def _nb101(path: Path) -> dict[str, str]:
    """A table of the user's own, unless it is the official file or was converted from it."""
    if path.suffix == ".parquet":
        return _official(path) if "module_hash" in _columns(path) else _table(path)
    return _table(path) if path.suffix == ".csv" else _official(path)


def _columns(path: Path) -> list[str]:
    try:
        return pq.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"{path} must be a whole parquet file, got another content: copy it again"
        ) from error


def _images(classes: int) -> Callable[[Path], dict[str, str]]:
    def settings(path: Path) -> dict[str, str]:
        if path.suffix == ".npy":
            return {"dataset": "npy", "dataset.path": str(path)}
        return {"dataset": f"cifar{classes}", "dataset.root": str(path)}

    return settings


KINDS = (
    Kind(
        name="nb201_accuracies",
        what="accuracies of NAS-Bench-201 on CIFAR-10, a parquet or csv file with one row per "
        "architecture and a column validation_accuracy or test_accuracy",
        source="yourself: NAS-Bench-201's own results are read from its folder (nb201_folder)",
        patterns=(
            "nb201_*accurac*.parquet", "nb201_*accurac*.csv", "nb201_cifar10_validation.parquet",
        ),
        settings=_table,
    ),
    Kind(
        name="nb201_folder",
        what="NAS-Bench-201's own results, the unpacked folder NATS-tss-v1_0-3ffb9-simple",
        source="the authors' release of NATS-Bench (github.com/D-X-Y/NATS-Bench, "
        "NATS-tss-v1_0-3ffb9-simple.tar)",
        patterns=("NATS-tss-v1_0-3ffb9-simple", "NATS-tss-v1_0-*-simple"),
        settings=lambda path: {"benchmark": "nb201_official", "benchmark.path": str(path)},
    ),
    Kind(
        name="nb101_accuracies",
        what="NAS-Bench-101's own results, nasbench_only108.tfrecord, or a parquet or csv file "
        "with one row per architecture",
        source=f"{NB101_URL} (499 MB)",
        patterns=(
            "nasbench_only108.tfrecord", "nasbench_full.tfrecord", "nb101_*accurac*.parquet",
            "nb101_*accurac*.csv", "nb101_*validation*.parquet",
        ),
        settings=_nb101,
        download={"benchmark.download": "true"},
    ),
    # Before the other archive of logs, whose pattern would take it too.
    Kind(
        name="nbnlp_three_seeds",
        what="NAS-Bench-NLP's logs of the 4,114 recipes that were trained with three seeds, a "
        "zip archive",
        source=ARCHIVES["multi"].url,
        patterns=("nas_bench_nlp_logs_multi.zip", "nbnlp_*multi*.zip", "nbnlp_*three_seeds*.zip"),
        settings=_official,
        download={"benchmark.download": "multi"},
    ),
    Kind(
        name="nbnlp_logs",
        what="NAS-Bench-NLP's logs of the 14,322 recipes that were trained once, a zip archive",
        source=ARCHIVES["single"].url,
        patterns=("nas_bench_nlp_logs_single.zip", "nbnlp_*logs*.zip"),
        settings=_official,
        download={"benchmark.download": "single"},
    ),
    Kind(
        name="cifar10_images",
        what="CIFAR-10's images, the official archive, the folder extracted from it, or a .npy "
        "file of images",
        source=f"{RELEASES[10].url} (165 MB)",
        patterns=("cifar-10-batches-py", "cifar-10-python.tar.gz", "*cifar10*images*.npy"),
        settings=_images(10),
        download={"dataset": "cifar10"},
    ),
    Kind(
        name="cifar100_images",
        what="CIFAR-100's images, the official archive, the folder extracted from it, or a .npy "
        "file of images",
        source=f"{RELEASES[100].url} (165 MB)",
        patterns=("cifar-100-python", "cifar-100-python.tar.gz", "*cifar100*images*.npy"),
        settings=_images(100),
        download={"dataset": "cifar100"},
    ),
    Kind(
        name="imagenet16_images",
        what="ImageNet16-120's images, the folder with train_data_batch_1 to train_data_batch_10",
        source="NAS-Bench-201's release (github.com/D-X-Y/NAS-Bench-201, ImageNet16)",
        patterns=("ImageNet16", "imagenet16"),
        settings=lambda path: {"dataset": "imagenet16_120", "dataset.root": str(path)},
    ),
)  # fmt: skip


def kind_named(name: str, *, study: str) -> Kind:
    """The kind that a study means.

    Raises:
        ValueError: There is none of that name.
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ValueError(
        f"report.needs and report.uses of study {study} must be of "
        f"{', '.join(kind.name for kind in KINDS)}, got {name}: correct it"
    )
