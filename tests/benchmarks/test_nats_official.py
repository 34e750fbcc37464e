"""NATS-Bench's own files: three real entries of the topology space, made ones of the other."""

import bz2
import pickle
import statistics
from pathlib import Path
from shutil import copy

import jaxtyping
import numpy as np
import pandas as pd
import pytest
from sentences import refused

from epsilon_research.benchmarks import nats_official
from epsilon_research.benchmarks.nats_official import SIZE_CELL, NatsOfficial
from epsilon_research.spaces.nats_sss import NatsSize

# As stored for indices 0, 11 and 284: percentages, mean over seeds, validation and test.
PUBLISHED = {
    ("cifar10", 12): [(63.3640, 69.55), (63.2780, 74.00), (72.8760, 79.46)],
    ("cifar10", 200): [(81.9827, 85.8633), (87.9400, 91.5833), (86.0467, 88.7900)],
    ("cifar100", 12): [(31.84, 31.26), (33.64, 32.76), (40.48, 39.44)],
    ("cifar100", 200): [(52.7000, 52.9133), (67.4533, 67.6067), (61.6800, 62.1400)],
    ("ImageNet16-120", 12): [(18.4667, 17.0000), (15.6667, 14.7333), (22.2000, 21.7333)],
    ("ImageNet16-120", 200): [(28.2111, 26.6333), (30.4111, 30.1667), (33.4000, 32.4667)],
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "epsilon_research"


@pytest.fixture(scope="module")
def real(shared: Path) -> Path:
    return shared / "data" / "nats_tss_simple_fixture"


@pytest.fixture
def folder(real: Path, tmp_path: Path) -> Path:
    """A copy that a test may change, with two of the three entries."""
    made = tmp_path / "two entries"
    made.mkdir()
    for number in (0, 11):
        copy(real / f"{number:06d}.pickle.pbz2", made)
    return made


def benchmark(path: Path, **options: object) -> NatsOfficial:
    usual = {"space": "topology", "dataset": "cifar10", "epochs": 200, "target": "test_accuracy"}
    return NatsOfficial(path=str(path), **(usual | options))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("dataset", "epochs"), PUBLISHED)
def test_the_entries_have_the_published_accuracies(real: Path, dataset: str, epochs: int) -> None:
    rows = benchmark(real, dataset=dataset, epochs=epochs).load().rows
    found = 100 * rows[["validation_accuracy", "test_accuracy"]].to_numpy()
    np.testing.assert_allclose(found, PUBLISHED[dataset, epochs], atol=5e-5, rtol=0)


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
def test_accuracies_are_means_over_the_seeds_of_the_file(real: Path, dataset: str) -> None:
    with bz2.open(real / "000011.pickle.pbz2") as handle:
        state = pickle.load(handle)["200"]
    rows = benchmark(real, dataset=dataset).load().rows.to_dict("records")
    (row,) = [row for row in rows if row["architecture_id"] == state["arch_str"]]
    trained_on_half = "cifar10-valid" if dataset == "cifar10" else dataset
    images = "ori-test" if dataset == "cifar10" else "x-test"
    for run, split, column in (
        (trained_on_half, "x-valid", "validation_accuracy"),
        (dataset, images, "test_accuracy"),
    ):
        trainings = [state["all_results"][run, seed] for seed in state["dataset_seed"][run]]
        accuracies = [training["eval_acc1es"][f"{split}@199"] for training in trainings]
        assert row[column] == statistics.fmean(accuracies) / 100


def test_the_shared_table_is_the_test_accuracy_of_one_run_on_half_the_training_set(
    real: Path, shared: Path
) -> None:
    # Whatever its column says: `ori-test` are CIFAR-10's test images.
    official = pd.read_parquet(shared / "data" / "nb201_cifar10_validation.parquet")
    chosen = official.set_index("official_index").loc[[0, 11, 284]]
    assert list(benchmark(real).load().rows["architecture_id"]) == list(chosen["architecture_id"])
    for index, accuracy in chosen["validation_accuracy"].items():
        with bz2.open(real / f"{index:06d}.pickle.pbz2") as handle:
            run = pickle.load(handle)["200"]["all_results"]["cifar10-valid", 888]
        assert 100 * accuracy == pytest.approx(run["eval_acc1es"]["ori-test@199"])


@pytest.mark.parametrize(
    ("dataset", "split", "percent"),
    [
        ("cifar10", "cifar10/ori-test", 85.8633),
        # Trained on half of the images, so worse.
        ("cifar10", "cifar10-valid/ori-test", 81.5200),
        ("cifar100", "cifar100/x-test", 52.9133),
        ("cifar100", "cifar100/ori-test", 52.8067),
        ("ImageNet16-120", "ImageNet16-120/ori-test", 27.4222),
    ],
)
def test_another_split_gives_other_accuracies(
    real: Path, dataset: str, split: str, percent: float
) -> None:
    table = benchmark(real, dataset=dataset, test_split=split).load()
    assert 100 * table.rows["test_accuracy"][0] == pytest.approx(percent, abs=5e-5)
    assert split in table.source


def test_the_source_says_what_the_target_is(real: Path) -> None:
    table = benchmark(real, target="validation_accuracy").load()
    assert table.target == "validation_accuracy"
    assert "cifar10-valid/x-valid, 200 epochs, mean over training seeds, 3 archi" in table.source
    assert (table.label, table.higher_is_better) == ("cifar10 validation accuracy", True)


def test_entries_that_are_not_there_are_absent(folder: Path) -> None:
    table = benchmark(folder).load()
    assert len(table.rows) == 2
    other = "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|"
    found = table.lookup([other, table.rows["architecture_id"][1]])["test_accuracy"]
    np.testing.assert_allclose(found, [np.nan, 0.915833], atol=5e-7)


def test_a_folder_is_read_once(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = benchmark(folder).load()
    assert [path.suffix for path in cache.iterdir()] == [".parquet"]
    monkeypatch.setattr(nats_official, "read_entry", lambda *a, **k: pytest.fail("read again"))
    again = benchmark(folder).load()
    pd.testing.assert_frame_equal(first.rows, again.rows, check_dtype=False)
    # Which of the two columns is the target does not change what is converted.
    assert benchmark(folder, target="validation_accuracy").load().target == "validation_accuracy"


@pytest.mark.parametrize(
    "options",
    [
        {"dataset": "cifar100"},
        {"epochs": 12},
        {"test_split": "cifar10-valid/ori-test"},
    ],
)
def test_other_options_do_not_use_what_was_kept(folder: Path, cache: Path, options: dict) -> None:
    first = benchmark(folder).load().rows
    second = benchmark(folder, **options).load().rows
    assert len(list(cache.iterdir())) == 2
    assert (first["test_accuracy"] != second["test_accuracy"]).all()


def test_a_folder_that_changed_is_read_again(folder: Path, real: Path) -> None:
    assert len(benchmark(folder).load().rows) == 2
    copy(real / "000284.pickle.pbz2", folder)
    assert len(benchmark(folder).load().rows) == 3
    (folder / "000000.pickle.pbz2").unlink()
    assert len(benchmark(folder).load().rows) == 2


def test_an_entry_that_was_replaced_is_read_again(folder: Path) -> None:
    benchmark(folder).load()
    (folder / "000011.pickle.pbz2").write_bytes(b"damaged")
    with refused(ValueError, match=r"000011\.pickle\.pbz2 must be a whole bz2 file"):
        benchmark(folder).load()


def test_a_damaged_cache_is_made_again(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = benchmark(folder).load()
    (kept,) = cache.iterdir()
    kept.write_bytes(b"PAR1 and then nothing")
    pd.testing.assert_frame_equal(benchmark(folder).load().rows, first.rows)
    assert "is made again" in caplog.text
    assert len(pd.read_parquet(kept)) == 2


def test_a_cache_that_cannot_be_written_is_done_without(
    folder: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.parent.write_text("a file where the folder should be", encoding="utf-8")
    assert len(benchmark(folder).load().rows) == 2
    assert "cannot be written" in caplog.text


def test_nothing_is_kept_of_a_folder_with_a_wrong_entry(folder: Path, cache: Path) -> None:
    (folder / "000011.pickle.pbz2").write_bytes(b"damaged")
    with refused(ValueError, match="000011"):
        benchmark(folder).load()
    assert not cache.exists()


def test_reading_leaves_the_output_alone(folder: Path, capsys: pytest.CaptureFixture) -> None:
    benchmark(folder).load()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"dataset": "cifar10-valid"},
            "dataset must be one of cifar10, cifar100, ImageNet16-120, g",
        ),
        ({"path": None}, "path must be the path of a NATS-Bench folder, got None: pass"),
        ({"epochs": 100}, "epochs of the topology space must be one of 12, 200, got 100"),
        ({"space": "sizes"}, "space must be one of topology, size, got 'sizes'"),
        ({"space": "size"}, "epochs of the size space must be one of 1, 12, 90, got 200"),
        ({"target": "valid"}, "target must be one of validation_accuracy, test_accuracy, got 'val"),
        # The networks behind cifar10's test accuracy were trained on the validation images.
        (
            {"validation_split": "cifar10/x-valid"},
            "validation_split with dataset=cifar10 must be one of cifar10-valid/x-valid, got",
        ),
        (
            {"test_split": "x-test"},
            "test_split with dataset=cifar10 must be one of cifar10/ori-test, cifar10-valid/ori-te",
        ),
        (
            {"dataset": "cifar100", "test_split": "cifar10/ori-test"},
            "test_split with dataset=cifar100 must be one of cifar100/x-test, cifar100/ori-test, g",
        ),
    ],
)
def test_a_wrong_option_is_refused_before_the_folder_is_read(
    options: dict, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Users have no type checker at run time.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with refused(ValueError, match=r"^benchmark\." + message):
        NatsOfficial(
            **{
                "space": "topology",
                "path": "nowhere",
                "dataset": "cifar10",
                "epochs": 200,
                "target": "test_accuracy",
                **options,
            }  # pyright: ignore[reportArgumentType]
        )


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with refused(FileNotFoundError, match=r"benchmark\.path must be the folder NATS-tss"):
        benchmark(tmp_path / "nowhere").load()


@pytest.fixture
def sizes(tmp_path: Path) -> Path:
    """Two entries as the size space has them: ids are widths, and each says its cell."""
    folder = tmp_path / "sizes"
    folder.mkdir()
    for number, widths in ((3, "8:8:8:32:8"), (30000, "64:24:16:48:8")):
        config = {"name": "infer.shape.tiny", "channels": widths, "genotype": SIZE_CELL}
        percents = {"x-valid@89": 80.0 + number / 10**4, "ori-test@89": 60.0}
        runs = {
            (run, 777): {"epochs": 90, "arch_config": config, "eval_acc1es": percents}
            for run in ("cifar10-valid", "cifar10")
        }
        seeds = {run: [seed] for run, seed in runs}
        state = {
            "arch_index": number, "arch_str": widths, "all_results": runs, "dataset_seed": seeds,
        }  # fmt: skip
        path = folder / f"{number:06d}.pickle.pbz2"
        path.write_bytes(bz2.compress(pickle.dumps({"90": state}, protocol=4)))
    return folder


def test_the_size_space_is_read_alike(sizes: Path) -> None:
    table = benchmark(sizes, space="size", epochs=90).load()
    assert list(table.rows["architecture_id"]) == ["8:8:8:32:8", "64:24:16:48:8"]
    np.testing.assert_allclose(table.rows["validation_accuracy"], [0.800003, 0.83])
    assert list(table.rows["test_accuracy"]) == [0.6, 0.6]
    assert "size files, cifar10/ori-test, 90 epochs" in table.source
    space = NatsSize()
    assert list(map(space.parse, table.rows["architecture_id"])) == ["8:8:8:32:8", "64:24:16:48:8"]


def test_entries_of_the_other_space_are_refused(sizes: Path, real: Path) -> None:
    with refused(ValueError, match=r"000000\.pickle\.pbz2 must hold results .*'genotype'"):
        benchmark(real, space="size", epochs=12).load()
    with refused(ValueError, match=r"000003\.pickle\.pbz2 must hold results .*'200'"):
        benchmark(sizes).load()
