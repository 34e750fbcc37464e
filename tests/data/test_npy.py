"""A user's own .npy file, right and wrong."""

import gc
import io
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data.normalisation import CIFAR10_MEAN, CIFAR10_STD, normalise
from epsilon_research.data.npy import Npy

_RNG = np.random.default_rng(0)
FLOATS = _RNG.standard_normal((10, 3, 4, 5)).astype(np.float32)
BYTES = _RNG.integers(0, 256, (10, 4, 5, 3)).astype(np.uint8)


def save(path: Path, array: Any, *, allow_pickle: bool = False) -> Path:
    np.save(path, array, allow_pickle=allow_pickle)
    return path


def dataset(path: Path, **options: Any) -> Npy:
    return Npy(path=str(path), **options)


def draw(path: Path, *, batch_size: int = 4, seed: int = 0, **options: Any) -> np.ndarray:
    np.random.seed(None)  # noqa: NPY002  # whatever the global generator is, it must not matter
    rng = np.random.default_rng(seed)
    return dataset(path, **options).draw(batch_size=batch_size, rng=rng).inputs


def header(shape: str, *, descr: str = "'<f4'") -> bytes:
    """The start of a .npy file with this shape in it, whatever follows."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


def test_floats_are_taken_as_they_are(tmp_path: Path) -> None:
    np.testing.assert_array_equal(draw(save(tmp_path / "f.npy", FLOATS)), FLOATS[:4])


def test_floats_in_another_memory_order_are_the_same(tmp_path: Path) -> None:
    path = save(tmp_path / "f.npy", np.asfortranarray(FLOATS))
    np.testing.assert_array_equal(draw(path), FLOATS[:4])


def test_bytes_are_normalised_like_cifar10(tmp_path: Path) -> None:
    expected = normalise(BYTES[:4], mean=CIFAR10_MEAN, std=CIFAR10_STD)
    np.testing.assert_array_equal(draw(save(tmp_path / "b.npy", BYTES)), expected)


def test_bytes_are_normalised_as_asked(tmp_path: Path) -> None:
    path = save(tmp_path / "b.npy", BYTES)
    expected = BYTES[:4].transpose(0, 3, 1, 2) / 255
    found = draw(path, mean=[0.0, 0.0, 0.0], std=[1, 1, 1])
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    found = draw(path, mean=[0.5, 0.5, 0.5])
    expected = normalise(BYTES[:4], mean=(0.5, 0.5, 0.5), std=CIFAR10_STD)
    np.testing.assert_array_equal(found, expected)


def test_images_of_cifar10_are_those_of_the_papers_code(shared: Path) -> None:
    golden = np.load(shared / "golden" / "image_inputs.npz")
    found = draw(shared / "data" / "cifar10_images_512.npy", batch_size=256)
    np.testing.assert_array_equal(found[0], golden["x_f32_first_image"][0])
    pixels = golden["images_uint8_256"]
    np.testing.assert_array_equal(found, normalise(pixels, mean=CIFAR10_MEAN, std=CIFAR10_STD))


@pytest.mark.parametrize("images", [FLOATS, BYTES])
def test_a_random_draw_has_each_image_once_and_depends_on_the_generator(
    images: np.ndarray, tmp_path: Path
) -> None:
    path = save(tmp_path / "i.npy", images)
    everything = draw(path, batch_size=10)
    found = draw(path, batch_size=7, take="random")
    rows = [int(np.flatnonzero((everything == image).all(axis=(1, 2, 3)))[0]) for image in found]
    assert rows == sorted(set(rows))
    assert len(rows) == 7
    np.testing.assert_array_equal(found, draw(path, batch_size=7, take="random"))
    others = [draw(path, batch_size=7, take="random", seed=seed) for seed in range(1, 5)]
    assert not all(np.array_equal(found, other) for other in others)


def test_the_first_images_need_no_generator(tmp_path: Path) -> None:
    path = save(tmp_path / "f.npy", FLOATS)
    np.testing.assert_array_equal(draw(path, seed=1), draw(path, seed=2))


def test_a_minibatch_outlives_its_file(tmp_path: Path) -> None:
    path = save(tmp_path / "f.npy", FLOATS)
    found = draw(path)
    save(path, np.zeros_like(FLOATS))
    np.testing.assert_array_equal(found, FLOATS[:4])


def test_a_batch_may_be_the_whole_file_and_no_more(tmp_path: Path) -> None:
    path = save(tmp_path / "f.npy", FLOATS)
    dataset(path).check(batch_size=10)
    assert len(draw(path, batch_size=10)) == 10
    with refused(ValueError, "batch_size must be at most 10", "got 11"):
        dataset(path).check(batch_size=11)
    for take in ("first", "random"):
        with refused(ValueError, "batch_size must be at most 10", "got 11"):
            draw(path, batch_size=11, take=take)
    with refused(ValueError, "batch_size must be at least 3", "got 2"):
        dataset(path).check(batch_size=2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_image(value: float, tmp_path: Path) -> None:
    images = FLOATS.copy()
    images[3, 1, 2, 2] = value
    path = save(tmp_path / "f.npy", images)
    with refused(ValueError, str(path), "got 1 values", "image 3"):
        draw(path)
    # Nobody looks at images that are not drawn.
    assert np.isfinite(draw(path, batch_size=3)).all()


@pytest.mark.parametrize(
    ("array", "got"),
    [
        (FLOATS.astype(np.float64), "float64 (10, 3, 4, 5)"),
        (FLOATS.astype(np.float16), "float16 (10, 3, 4, 5)"),
        (FLOATS.astype(">f4"), ">f4 (10, 3, 4, 5)"),
        (BYTES.astype(np.int64), "int64 (10, 4, 5, 3)"),
        (BYTES.astype(np.int8), "int8 (10, 4, 5, 3)"),
        # Each layout belongs to one type.
        (FLOATS.transpose(0, 2, 3, 1), "float32 (10, 4, 5, 3)"),
        (BYTES.transpose(0, 3, 1, 2), "uint8 (10, 3, 4, 5)"),
        (FLOATS[0], "float32 (3, 4, 5)"),
        (FLOATS[:, :1], "float32 (10, 1, 4, 5)"),
        (FLOATS.reshape(10, -1), "float32 (10, 60)"),
        (np.float32(3), "float32 ()"),
        (np.array(["text"] * 2), "<U4 (2,)"),
    ],
)
def test_another_type_or_layout_is_refused(array: Any, got: str, tmp_path: Path) -> None:
    path = save(tmp_path / "w.npy", array)
    with refused(ValueError, f"{path} must hold", f"got {got}"):
        dataset(path).check(batch_size=3)


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (4, 3, 0, 4)])
def test_a_file_without_a_pixel_is_refused(shape: tuple, tmp_path: Path) -> None:
    path = save(tmp_path / "w.npy", np.zeros(shape, np.float32))
    with refused(ValueError, str(path), f"got float32 {shape}"):
        dataset(path).check(batch_size=3)


@pytest.mark.parametrize("name", ["nowhere.npy", ""])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name  # the second is a folder
    with refused(FileNotFoundError, "dataset.path", repr(str(path)), "not a file"):
        dataset(path).check(batch_size=3)


def test_a_truncated_file_is_refused_at_whatever_byte_it_ends(tmp_path: Path) -> None:
    path = save(tmp_path / "t.npy", FLOATS)
    whole = path.read_bytes()
    for length in [0, 1, 5, 6, 8, 9, 10, 50, 127, 128, 129, 1000, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with refused(ValueError, "dataset.path must be a whole .npy file", str(path)):
            dataset(path).check(batch_size=3)


def test_a_file_far_larger_than_memory_is_not_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "l.npy"
    start = header("(100000, 3, 512, 512)")
    with path.open("wb") as file:
        file.write(start)
        # 293 GiB of zeros that take no space on the disk.
        file.truncate(len(start) + 100_000 * 3 * 512 * 512 * 4)
    dataset(path).check(batch_size=100_000)
    assert draw(path, batch_size=3, take="random").shape == (3, 3, 512, 512)


def test_bytes_after_the_images_do_no_harm(tmp_path: Path) -> None:
    path = save(tmp_path / "t.npy", FLOATS)
    path.write_bytes(path.read_bytes() + b"more")
    np.testing.assert_array_equal(draw(path), FLOATS[:4])


@pytest.mark.parametrize("images", ["13", "10**9", f"{10**12}", f"{2**62}", f"{10**30}"])
def test_a_header_that_promises_more_than_the_file_has_is_refused(
    images: str, tmp_path: Path
) -> None:
    path = tmp_path / "p.npy"
    path.write_bytes(header(f"({images}, 3, 4, 4)") + FLOATS.tobytes())
    with refused(ValueError, "dataset.path must be a whole .npy file", str(path)):
        dataset(path).check(batch_size=3)


@pytest.mark.parametrize(
    "content",
    [
        header("(-1, 3, 1, 1)") + FLOATS.tobytes(),
        header("(2, 3, 4, 5)", descr="'nonsense'") + FLOATS.tobytes(),
        header("(2, 3, 4, 5") + FLOATS.tobytes(),
        header("'''") + FLOATS.tobytes(),
        # What numpy's evaluation of the header raises besides.
        header("0, {[]: 1}") + FLOATS.tobytes(),
        header("(True, 3, 4, 5)") + FLOATS.tobytes(),
        header("(2, 3, 4, 5)", descr="('<f4',)") + FLOATS.tobytes(),
        header("-" * 5000 + "1") + FLOATS.tobytes(),
        b"PK\x03\x04 begins like an archive",
        b"a text file\n" * 20,
        pickle.dumps(FLOATS),
    ],
)
def test_a_file_that_is_none_of_numpys_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "n.npy"
    path.write_bytes(content)
    with refused(ValueError, "dataset.path must be a whole .npy file", str(path)):
        dataset(path).check(batch_size=3)


positions = st.tuples(st.integers(0, 127), st.integers(0, 255))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(positions, min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::SyntaxWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_damaged_header_gives_images_or_one_sentence(changes: list, tmp_path: Path) -> None:
    content = bytearray(header("(10, 3, 4, 5)") + FLOATS.tobytes())
    for position, value in changes:
        content[position] = value
    path = tmp_path / "d.npy"
    path.write_bytes(content)
    try:
        dataset(path).check(batch_size=3)
    except ValueError:
        with refused(ValueError, str(path)):
            dataset(path).check(batch_size=3)


def test_an_array_of_objects_is_refused_and_nothing_in_it_is_called(tmp_path: Path) -> None:
    target = tmp_path / "called"

    class Touch:
        def __reduce__(self) -> tuple:
            return Path.touch, (target,)

    path = save(tmp_path / "o.npy", np.array([Touch()] * 2, dtype=object), allow_pickle=True)
    with refused(ValueError, "dataset.path must be a whole .npy file of plain numbers"):
        dataset(path).check(batch_size=3)
    assert not target.exists()


def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "n.npy"
    contents = (b"PK\x03\x04", b"a text file", header("(99, 3, 4, 5)"), header("(("))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for content in contents:
            path.write_bytes(content)
            with refused(ValueError, str(path)):
                dataset(path).check(batch_size=3)
            gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_an_archive_of_arrays_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, images=FLOATS)
    path = tmp_path / "a.npy"
    path.write_bytes(buffer.getvalue())
    with refused(ValueError, "dataset.path must be a whole .npy file", f"{path} (an archive)"):
        dataset(path).check(batch_size=3)


@pytest.mark.parametrize("options", [{"mean": [0.5, 0.5, 0.5]}, {"std": [0.5, 0.5, 0.5]}])
def test_statistics_for_floats_are_refused_rather_than_ignored(
    options: dict, tmp_path: Path
) -> None:
    path = save(tmp_path / "f.npy", FLOATS)
    with refused(ValueError, "dataset.mean and dataset.std must be null for float32 images"):
        dataset(path, **options).check(batch_size=3)


@pytest.mark.parametrize("wrong", [[], [0.5, 0.5], [0.5, 0.5, np.nan]])
def test_statistics_that_are_not_three_numbers_are_refused_before_the_file_is_read(
    wrong: list,
) -> None:
    for name in ("mean", "std"):
        with refused(ValueError, "dataset.mean and dataset.std", str(wrong)):
            dataset(Path("nowhere"), **{name: wrong})


def test_another_draw_is_refused_before_the_file_is_read() -> None:
    with refused(ValueError, "dataset.take must be one of first, random", "got 'last'"):
        dataset(Path("nowhere"), take="last")
