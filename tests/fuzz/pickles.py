"""Every reader of pickles: CIFAR, ImageNet16, NATS-Bench, TransNAS-Bench-101, AnalogNAS-Bench."""

import bz2
import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from epsilon_research.benchmarks import nb201_analog, tnb101_official
from epsilon_research.benchmarks.nats_entry import Split, read_entry
from epsilon_research.data.imagenet16 import ImageNet16
from epsilon_research.data.pickled_batch import images_of_batch, labels_of_batch, load_batch
from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle
from tests.data.official import pickled_by_python2, rows
from tests.fuzz.archives import zipped
from tests.fuzz.target import Target, answered, in_file, scratch

SPLITS = (Split("cifar10-valid", "x-valid"), Split("cifar10", "ori-test"))


def _plain(data: bytes) -> None:
    for encoding in ("ASCII", "bytes"):
        with answered():
            load_pickle(data, allowed=NUMPY_ARRAYS, what="the file", encoding=encoding)


def _batch(data: bytes) -> None:
    with answered():
        batch = load_batch(data, what="batch 1")
        images = images_of_batch(batch, side=1, what="batch 1")
        labels_of_batch(batch, key="labels", first=0, num_images=len(images), what="batch 1")


@cache
def _imagenet_folder() -> Path:
    folder = scratch() / "imagenet16"
    folder.mkdir()
    for number in range(2, 11):
        content = {"data": rows(2, side=16, seed=number), "labels": [1, 120]}
        (folder / f"train_data_batch_{number}").write_bytes(pickle.dumps(content))
    return folder


def _imagenet(data: bytes) -> None:
    (_imagenet_folder() / "train_data_batch_1").write_bytes(data)
    dataset = ImageNet16(root=str(_imagenet_folder()))
    with answered():
        dataset.check(batch_size=4)
        dataset.draw(batch_size=4, rng=np.random.default_rng(0))


def _entry(data: bytes) -> None:
    """A NATS-Bench entry whose compression is valid."""
    _entry_file(bz2.compress(data, 1))


def _entry_file(data: bytes) -> None:
    path = in_file(data, "000007.pickle.pbz2")
    with answered():
        entry = read_entry(path, epochs=12, splits=SPLITS)
        assert all(isinstance(accuracy, float) for accuracy in entry.accuracies)


def _transnas(data: bytes) -> None:
    path = in_file(data, "transnas.pth")
    with answered():
        converted = tnb101_official._convert(path, epoch="best")
        assert all(kind == np.float64 for kind in converted.dtypes.iloc[1:])


def _analog(data: bytes) -> None:
    """What is read behind the checksum."""
    with answered():
        nb201_analog._convert(data)


def _plain_seeds() -> Sequence[bytes]:
    content = {
        "data": rows(2, side=1, seed=0), "labels": [3, 1], "x": np.float64(0.5), (1, "a"): {2, 3},
        "text": np.array(["a", "bc"]), "big": 10**30, "none": (None, True, b"\x80"),
    }  # fmt: skip
    return [pickle.dumps(content, protocol=protocol) for protocol in (0, 1, 2, 4, 5)]


def _batch_seeds() -> Sequence[bytes]:
    batch = {"data": rows(2, side=1, seed=0), "labels": [3, 1]}
    python2 = pickled_by_python2({key.encode(): value for key, value in batch.items()})
    return [python2, pickle.dumps(batch, protocol=2), pickle.dumps(batch)]


def _imagenet_seeds() -> Sequence[bytes]:
    batch = {"data": rows(2, side=16, seed=0), "labels": [3, 1]}
    return [pickle.dumps(batch, protocol=2), pickle.dumps(batch)]


def results(number: int = 7, *, epochs: int = 12) -> dict:
    """A small entry as NATS-Bench stores it."""
    runs = {
        (split.run, 777): {
            "epochs": epochs,
            "arch_config": {"genotype": "|cell|"},
            "eval_acc1es": {f"{split.images}@{epoch}": 60.0 for epoch in range(epochs)},
        }
        for split in SPLITS
    }
    seeds = {run: [seed] for run, seed in runs}
    state = {
        "arch_index": number, "arch_str": "|cell|", "all_results": runs, "dataset_seed": seeds,
    }  # fmt: skip
    return {f"{epochs}": state}


def _entry_seeds() -> Sequence[bytes]:
    return [pickle.dumps(results(), protocol=protocol) for protocol in (2, 4)]


def _transnas_seeds() -> Sequence[bytes]:
    """A plain pickle, and files of PyTorch since 1.6 and before."""
    metrics = {"valid_top1": [1.0, 2.0], "test_top1": [3.0, 4.0]}
    content = {"data": {"micro": {"64-41414-1_02_333": {"class_object": {"metrics": metrics}}}}}
    plain = pickle.dumps(content, protocol=2)
    header = [pickle.dumps(one, protocol=2) for one in (0x1950A86A20F9469CFC6C, 1001, {"a": True})]
    return [plain, zipped({"archive/data.pkl": plain}), b"".join([*header, plain])]


def _analog_seeds() -> Sequence[bytes]:
    record = (
        b"\x80\x04}\x94(K\x00K\x01\x86\x8c\x13analognasbench.data\x8c\x0cArchitecture\x93)\x81}"
        b"\x8c\x11baseline_accuracyG@V\x80\x00\x00\x00\x00\x00sbu."
    )
    return [record]


TARGETS = (
    Target(name="pickle", run=_plain, seeds=_plain_seeds),
    Target(name="cifar_batch", run=_batch, seeds=_batch_seeds),
    Target(name="imagenet16_batch", run=_imagenet, seeds=_imagenet_seeds),
    Target(name="nats_entry", run=_entry, seeds=_entry_seeds),
    Target(
        name="nats_file",
        run=_entry_file,
        seeds=lambda: [bz2.compress(seed) for seed in _entry_seeds()],
    ),
    Target(name="tnb101_official", run=_transnas, seeds=_transnas_seeds),
    Target(name="nb201_analog", run=_analog, seeds=_analog_seeds),
)
