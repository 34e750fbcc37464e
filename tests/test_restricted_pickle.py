"""Pickles from outside: plain values come back, nothing else happens."""

import io
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle

numbers = npst.arrays(
    st.sampled_from([np.uint8, np.float64, np.int32]), npst.array_shapes(max_dims=3, max_side=5)
)


def load(source: bytes, encoding: str = "ASCII") -> object:
    return load_pickle(source, allowed=NUMPY_ARRAYS, what="the file", encoding=encoding)


class Touch:
    """Pickles as a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self._path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_something_is_refused_and_nothing_is_called(
    protocol: int, tmp_path: Path
) -> None:
    target = tmp_path / "called"
    with pytest.raises(ValueError, match=r"the file must be .* plain values, got the name \w+"):
        load(pickle.dumps({"data": [Touch(target)]}, protocol=protocol))
    assert not target.exists()


@given(numbers, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_arrays_come_back(array: np.ndarray, protocol: int) -> None:
    content = OrderedDict(data=array, first=array.flat[0], text="x", labels=[1, 2.5, None])
    back = load(pickle.dumps(content, protocol=protocol))
    np.testing.assert_array_equal(back["data"], array)
    assert back["data"].dtype == array.dtype
    np.testing.assert_array_equal(back["first"], array.flat[0])
    assert (back["text"], back["labels"]) == ("x", [1, 2.5, None])


def test_arrays_that_python_2_wrote_come_back() -> None:
    # As numpy under Python 2 pickled array([[1, 2]], dtype=uint8), protocol 2.
    old = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b"
        b"\x87Rq\x03(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x04U\x02u1K\x00K\x01\x87Rq\x05(K\x03U\x01|"
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x01\x02tb."
    )
    np.testing.assert_array_equal(load(old, encoding="bytes"), np.array([[1, 2]], np.uint8))


def test_arrays_of_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="plain values"):
        load(pickle.dumps(np.array([{}], dtype=object)))


def test_a_small_file_cannot_promise_a_large_array() -> None:
    honest = pickle.dumps(np.zeros(7, np.uint8), protocol=2)
    # BININT1 7 becomes BININT 2^30: the shape, not the data.
    promising = honest.replace(b"K\x07\x85", b"J\x00\x00\x00\x40\x85")
    assert promising != honest
    with pytest.raises(ValueError, match="size is not that of its data"):
        load(promising)


@given(st.data())
def test_damaged_bytes_give_the_one_error_or_some_value(data: st.DataObject) -> None:
    content = bytearray(pickle.dumps({"data": np.arange(6, dtype=np.uint8), "labels": [1, 2]}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        try:
            load(damaged)
        except ValueError as error:
            assert str(error).startswith("the file must be")


@given(st.binary(max_size=60))
def test_any_bytes_give_the_one_error_or_some_value(content: bytes) -> None:
    try:
        load(content)
    except ValueError as error:
        assert str(error).startswith("the file must be")


def test_a_truncated_pickle_says_so() -> None:
    with pytest.raises(ValueError, match="whole pickle"):
        load(pickle.dumps([1, 2, 3])[:-1])


def test_a_buffer_object_is_not_needed() -> None:
    assert load(io.BytesIO(pickle.dumps(5)).read()) == 5
