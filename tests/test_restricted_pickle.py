"""Pickles from outside: plain values come back, nothing else happens."""

import inspect
import pickle
import struct
import tracemalloc
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sentences import refused

from epsilon_research import restricted_pickle
from epsilon_research.restricted_pickle import NUMPY_ARRAYS, load_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

numbers = npst.arrays(
    st.sampled_from(["u1", "?", "<f4", ">f8", "<i4", ">i2", "<c16", "<U3", ">U2", "S4"]),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
)


def load(source: bytes, encoding: str = "ASCII") -> object:
    return load_pickle(source, allowed=NUMPY_ARRAYS, what="the file", encoding=encoding)


class Touch:
    """Pickles as a call that creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self._path,)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_that_calls_something_is_refused_and_nothing_is_called(
    protocol: int, tmp_path: Path
) -> None:
    target = tmp_path / "called"
    with refused(ValueError, match=r"the file must be .* plain values, got the name \w+"):
        load(pickle.dumps({"data": [Touch(target)]}, protocol=protocol))
    assert not target.exists()


@pytest.mark.parametrize(
    "form",
    [
        b"cposix\nsystem\n(S'%b'\ntR.",
        b"cos\nsystem\n(S'%b'\ntR.",
        b"(S'%b'\nios\nsystem\n.",
        b"(cos\nsystem\nS'%b'\no.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93(S'%b'\ntR.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93(S'%b'\nt\x81.",
        b'\x80\x04\x8c\x08builtins\x8c\x04eval\x93(S\'__import__("os").system("%b")\'\ntR.',
        # An allowed module does not allow all that it holds, nor a path of attributes.
        b"\x80\x04\x8c\x05numpy\x8c\x08fromfile\x93(S'%b'\ntR.",
        b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93(S'%b'\ntR.",
    ],
)
def test_every_way_to_call_the_shell_is_refused_and_nothing_is_run(
    form: bytes, tmp_path: Path
) -> None:
    target = tmp_path / "called"
    source = form % f"touch {target}".encode()
    with refused(ValueError, match=r"plain values, got the name (os|posix|builtins|numpy)\.\w+"):
        load(source)
    assert not target.exists()


@pytest.mark.parametrize(
    "source",
    [
        # A tuple of the one before, twice, in the ways to name it twice; then as a key.
        b"}N\x85" + b"2\x86" * 60 + b"Ns.",
        b"}N\x85\x940" + b"h\x00h\x00\x86q\x000" * 60 + b"h\x00Ns.",
        b"\x8f(N\x85" + b"2\x86" * 60 + b"\x90.",
        b"(N\x85" + b"2\x86" * 60 + b"\x91.",
        b"(N\x85" + b"222\x87" * 40 + b"Nd.",
        b"}(N" + b"(N22N2t" * 400 + b"t.",
    ],
)
def test_a_tuple_that_would_take_for_ever_as_a_key_is_refused(source: bytes) -> None:
    for header in (b"", b"\x80\x04\x95" + len(source).to_bytes(8, "little")):
        with refused(ValueError, "got a tuple of more than 1,000 values"):
            load(header + source)


@given(st.recursive(st.integers(), lambda inner: st.tuples(inner, inner), max_leaves=30))
def test_tuples_in_tuples_come_back(value: object) -> None:
    for protocol in PROTOCOLS:
        assert load(pickle.dumps({value: [value]}, protocol=protocol)) == {value: [value]}


def test_a_persistent_id_is_refused() -> None:
    with refused(ValueError, "got a persistent id"):
        load(b"NQ.")
    with refused(ValueError, "got a persistent id"):
        load(b"Pname\n.")


@given(numbers, st.sampled_from(PROTOCOLS))
def test_arrays_come_back(array: np.ndarray, protocol: int) -> None:
    content = OrderedDict(data=array, text="x", labels=[1, 2.5, None], raw=b"\x80")
    first = array.reshape(-1)[:1].copy()
    if first.size and first[0].nbytes:
        content["first"] = first[0]
    back = load(pickle.dumps(content, protocol=protocol))
    assert isinstance(back, dict)
    assert isinstance(back["data"], np.ndarray)
    assert list(back) == list(content)
    np.testing.assert_array_equal(back["data"], array)
    assert back["data"].dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    assert (back["text"], back["labels"], back["raw"]) == ("x", [1, 2.5, None], b"\x80")
    if "first" in content:
        np.testing.assert_array_equal(back["first"], content["first"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_order_of_an_array_in_memory_comes_back(protocol: int) -> None:
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    back = load(pickle.dumps(array, protocol=protocol))
    assert isinstance(back, np.ndarray)
    np.testing.assert_array_equal(back, array)
    assert back.flags.f_contiguous


def test_arrays_that_python_2_wrote_come_back() -> None:
    # As numpy under Python 2 pickled array([[1, 2]], dtype=uint8), protocol 2.
    old = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b"
        b"\x87Rq\x03(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x04U\x02u1K\x00K\x01\x87Rq\x05(K\x03U\x01|"
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x01\x82tb."
    )
    for encoding in ("bytes", "latin1"):
        np.testing.assert_array_equal(load(old, encoding), np.array([[1, 130]], np.uint8))
    with refused(ValueError, "must be a whole pickle, got \"'ascii' codec can't decode"):
        load(old)


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}], dtype=object),
        np.zeros(2, [("a", "f8"), ("b", "f8")]),
        np.zeros(2, "V8"),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros(2, "S100"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 5])
def test_arrays_of_anything_but_numbers_and_short_texts_are_refused(
    array: np.ndarray, protocol: int
) -> None:
    with refused(ValueError, match="plain values, got (the data type|an array of obj|the name)"):
        load(pickle.dumps(array, protocol=protocol))


def test_fields_cannot_be_slipped_into_a_plain_data_type() -> None:
    honest = pickle.dumps(np.dtype("f8"), protocol=2)
    forged = honest.replace(b"NNN", b"N)}")
    assert forged != honest
    with refused(ValueError, "got a compound data type"):
        load(forged)


def test_a_pickle_without_an_allowed_name_holds_plain_values_only() -> None:
    assert load_pickle(pickle.dumps({1: "a"}), allowed={}, what="the file") == {1: "a"}
    with refused(ValueError, match=r"got the name numpy\._core\.\w+\._\w+: use the original file"):
        load_pickle(pickle.dumps(np.arange(3)), allowed={}, what="the file")


def peak_bytes(source: bytes) -> int:
    tracemalloc.start()
    try:
        load(source)
    except ValueError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_a_small_file_cannot_promise_a_large_array() -> None:
    honest = pickle.dumps(np.zeros(7, np.uint8), protocol=2)
    # BININT1 7 becomes BININT 2^30: the shape, not the data.
    promising = honest.replace(b"K\x07\x85", b"J\x00\x00\x00\x40\x85")
    assert promising != honest
    with refused(ValueError, match="size is not that of its data"):
        load(promising)
    assert peak_bytes(promising) < 1e6


_EMPTY_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01"
# A list of itself twice, 14 times over: 141 bytes that are 16,384 lists once written out.
_NESTED = b"]" + b"q\x000](h\x00h\x00e" * 14


@pytest.mark.parametrize(
    ("source", "got"),
    [
        (b"cnumpy\ndtype\n" + _NESTED + b"\x85R.", "the data type a list"),
        (b"cnumpy\ndtype\nX\2\0\0\0u1\x85R(K\x03" + _NESTED + b"NNNtb.", "byte order a list"),
        (b"c_codecs\nencode\n(X\1\0\0\0a" + _NESTED + b"tR.", "an encoding a list"),
        (
            _EMPTY_ARRAY + _NESTED + b"cnumpy\ndtype\nX\2\0\0\0u1\x85R\x89C\x01\x02tb.",
            "an array without a plain shape",
        ),
    ],
)
def test_a_small_file_cannot_have_a_nested_value_written_out(source: bytes, got: str) -> None:
    with refused(ValueError, f"plain values, got {got}" if got[0] != "b" else got):
        load(source)
    # Each level more would double it.
    assert peak_bytes(source) < 3e4


@pytest.mark.parametrize(
    "source", [b"K\x01r" + struct.pack("<I", 2**25) + b".", b"K\x01p%d\n." % 2**25]
)
def test_a_small_file_cannot_ask_for_a_large_memo(source: bytes) -> None:
    with refused(ValueError, "plain values, got a memo larger than itself"):
        load(source)
    assert peak_bytes(source) < 1e6


def test_a_small_file_cannot_ask_for_many_copies() -> None:
    text = b"cnumpy\ndtype\np0\n" + b"X" + struct.pack("<I", 10_000) + b"a" * 10_000 + b"q\x01"
    copies = b"(" + b"c_codecs\nencode\nh\x01X\x06\0\0\0latin1\x86R" * 1000 + b"l."
    with refused(ValueError, "got values of more than 16 times its own size"):
        load(text + copies)
    assert peak_bytes(text + copies) < 2e6


@pytest.mark.parametrize("length", [2**31, 2**40, 2**63])
def test_a_small_file_cannot_promise_long_bytes(length: int) -> None:
    for code in (b"\x8e", b"\x8d", b"\x96"):
        source = b"\x80\x05" + code + struct.pack("<Q", length) + b"ab."
        with refused(ValueError, "must be a whole pickle, got 'an argument that is longer than"):
            load(source)
        assert peak_bytes(source) < 1e6


@pytest.mark.parametrize("name", NUMPY_ARRAYS)
def test_a_pickle_cannot_alter_what_stands_for_a_name(name: tuple[str, str]) -> None:
    functions = inspect.getmembers(restricted_pickle, inspect.isfunction)
    before = {key: vars(item) | {"": item.__defaults__} for key, item in functions}
    for state in ((None, {"__defaults__": (1,)}), {"attribute": 1}):
        reached = pickle.dumps(state, protocol=2)[2:-1]
        with refused(ValueError, "got a change to a function"):
            load(f"c{name[0]}\n{name[1]}\n".encode() + reached + b"b.")
    functions = inspect.getmembers(restricted_pickle, inspect.isfunction)
    assert {key: vars(item) | {"": item.__defaults__} for key, item in functions} == before
    # A bare function or class would be open to it.
    assert not isinstance(NUMPY_ARRAYS[name], type | types.FunctionType)


@given(st.data())
def test_damaged_bytes_give_the_one_error_or_some_value(data: st.DataObject) -> None:
    value = {"data": np.arange(6, dtype=np.uint8), "labels": [1, 2], "mean": np.float64(0.5)}
    content = bytearray(pickle.dumps(value, protocol=data.draw(st.sampled_from(PROTOCOLS))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        load_or_refuse(damaged)


@given(st.binary(max_size=60))
def test_any_bytes_give_the_one_error_or_some_value(content: bytes) -> None:
    load_or_refuse(content)


def load_or_refuse(content: bytes) -> None:
    try:
        load(content)
    except ValueError:
        with refused(ValueError, match="^the file must be a (whole )?pickle"):
            load(content)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_truncated_pickle_says_so(protocol: int) -> None:
    whole = pickle.dumps([1, "two", np.arange(3)], protocol=protocol)
    for end in range(len(whole)):
        with refused(ValueError, match="must be a whole pickle, got .*damaged, get it again"):
            load(whole[:end])


def test_an_odd_escape_is_read_without_a_warning() -> None:
    assert load(b"S'\\q'\n.") == "\\q"


def test_a_pickle_that_is_far_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restricted_pickle, "_LARGEST_PICKLE", 10)
    with refused(ValueError, "the file must be at most 10 bytes, got 26: it is not"):
        load(pickle.dumps("a long text"))
