"""One pickled batch, as Python 2 or 3 wrote it."""

import pickle
from typing import Any

import numpy as np
import pytest
from data.official import pickled_by_python2, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.data.pickled_batch import images_of_batch, load_batch


@pytest.mark.parametrize(
    "source",
    [
        pickled_by_python2({b"data": rows(2, side=4, seed=0), b"labels": [3, 1]}),
        *(
            pickle.dumps({key: rows(2, side=4, seed=0), "labels": [3, 1]}, protocol=protocol)
            for key in ("data", b"data")
            for protocol in (2, 4, 5)
        ),
    ],
)
def test_whichever_python_wrote_a_batch_it_is_the_same(source: bytes) -> None:
    batch = load_batch(source, what="b")
    np.testing.assert_array_equal(batch["data"], rows(2, side=4, seed=0))
    assert batch["labels"] == [3, 1]


def test_a_pickle_by_python_2_is_what_it_says() -> None:
    # As in the official archives: keys that python 3 reads as text unless asked for bytes.
    source = pickled_by_python2({b"data": 1})
    assert pickle.loads(source) == {"data": 1}
    assert pickle.loads(source, encoding="bytes") == {b"data": 1}


def test_a_pixel_is_found_by_image_row_column_and_plane() -> None:
    data = rows(3, side=4, seed=1)
    images = images_of_batch({"data": data}, side=4, what="b")
    assert images.shape == (3, 4, 4, 3)
    for image, row, column, plane in np.ndindex(images.shape):
        assert images[image, row, column, plane] == data[image, 16 * plane + 4 * row + column]


@pytest.mark.parametrize(
    ("batch", "got"),
    [
        ({}, "got the keys ''"),
        ({"labels": [1], "fine": [2]}, "got the keys 'fine, labels'"),
        ({"a\nb": 1, "c" * 500: 2}, "got the keys 'a\\nb, ccc"),
        ({"data": [[1, 2]]}, "got list"),
        ({"data": rows(2, side=5, seed=0)}, "got uint8 (2, 75)"),
        ({"data": rows(2, side=4, seed=0).astype(float)}, "got float64 (2, 48)"),
        ({"data": rows(2, side=4, seed=0).reshape(-1)}, "got uint8 (96,)"),
    ],
)
def test_other_data_are_refused(batch: dict, got: str) -> None:
    with refused(ValueError, "batch 7 must hold data, uint8 (images, 48)", got):
        images_of_batch(batch, side=4, what="batch 7")


@pytest.mark.parametrize(
    ("value", "got"), [([1, 2], "got a list"), (3, "got a int"), (None, "got a NoneType")]
)
def test_a_pickle_without_a_dictionary_is_refused(value: Any, got: str) -> None:
    with refused(ValueError, "batch 7 must hold a dictionary", got):
        load_batch(pickle.dumps(value), what="batch 7")


def test_a_damaged_pickle_is_refused() -> None:
    whole = pickled_by_python2({b"data": rows(2, side=4, seed=0)})
    for length in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        with refused(ValueError, "batch 7 must be a whole pickle"):
            load_batch(whole[:length], what="batch 7")


def test_keys_that_are_no_text_do_no_harm() -> None:
    # One of them is a number that Python refuses to write in decimal.
    source = pickle.dumps({10**5000: 1, (): 2, None: 3, "labels": [4]})
    assert load_batch(source, what="batch 7") == {"labels": [4]}


WHOLE = pickled_by_python2({b"data": rows(2, side=1, seed=0), b"labels": [1, 2]})


@settings(deadline=None)
@given(
    changes=st.dictionaries(
        st.integers(0, len(WHOLE) - 1), st.integers(0, 255), min_size=1, max_size=4
    ),
    length=st.integers(0, len(WHOLE)) | st.just(len(WHOLE)),
)
def test_a_damaged_batch_gives_images_or_one_sentence(changes: dict, length: int) -> None:
    content = bytearray(WHOLE)
    for position, value in changes.items():
        content[position] = value
    source = bytes(content[:length])

    def read() -> np.ndarray:
        return images_of_batch(load_batch(source, what="batch 7"), side=1, what="batch 7")

    try:
        images = read()
    except ValueError:
        with refused(ValueError, "batch 7 must "):
            read()
    else:
        assert images.shape[1:] == (1, 1, 3)


def test_a_pickle_that_names_a_function_is_refused() -> None:
    with refused(ValueError, "batch 7 must be a pickle of plain values", "print"):
        load_batch(pickle.dumps({"data": print}), what="batch 7")
