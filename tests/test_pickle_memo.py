"""The memo that a pickle asks for, against Python's own slow reader of pickles."""

import pickle
import pickletools
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from epsilon_research.pickle_memo import largest_memo_index

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.binary(max_size=40)
    | st.sampled_from(["x" * 31, "x" * 32, "r" * 300, b"p9999\n" * 60, 2**300, -(2**3000)]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


def reference(source: bytes) -> int:
    found = [-1]
    for operation, argument, _ in pickletools.genops(source):
        if operation.name in ("PUT", "LONG_BINPUT"):
            assert isinstance(argument, int)
            found.append(argument)
    return max(found)


@given(values, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_the_index_is_that_of_the_slow_reader(value: object, protocol: int) -> None:
    source = pickle.dumps(value, protocol=protocol)
    assert largest_memo_index(source) == reference(source)


@given(st.binary(max_size=80).map(lambda content: content + b"."))
@example(b"")
def test_nothing_that_the_slow_reader_can_read_is_missed(source: bytes) -> None:
    try:
        expected = reference(source)
    except (ValueError, UnicodeError):
        return
    assert largest_memo_index(source) == expected


@pytest.mark.parametrize(
    "operation",
    [operation for operation in pickletools.opcodes if operation.name != "STOP"],
    ids=lambda operation: operation.name,
)
def test_no_operation_hides_what_comes_after_it(operation: pickletools.OpcodeInfo) -> None:
    hidden = b"r" + struct.pack("<I", 77_777) + b"."
    size = 0 if operation.arg is None else operation.arg.n
    arguments = {
        # The quotes and digits suit all that are lines; one counted byte follows each count.
        pickletools.UP_TO_NEWLINE: [b"'1'\n", b"1\n", b"1\n1\n"],
        pickletools.TAKEN_FROM_ARGUMENT1: [bytes([n]) + b"." * n for n in (0, 1, 31, 32, 255)],
        pickletools.TAKEN_FROM_ARGUMENT4: [struct.pack("<i", n) + b"." * n for n in (0, 1, 300)],
        pickletools.TAKEN_FROM_ARGUMENT4U: [struct.pack("<I", n) + b"." * n for n in (0, 1, 300)],
        pickletools.TAKEN_FROM_ARGUMENT8U: [struct.pack("<Q", n) + b"." * n for n in (0, 1, 300)],
    }.get(size, [b"." * size, b"\0" * size])
    tried = 0
    for argument in arguments:
        source = operation.code.encode("latin1") + argument + hidden
        try:
            expected = reference(source)
        except (ValueError, UnicodeError):
            continue
        tried += 1
        assert largest_memo_index(source) == expected
        assert expected >= 77_777
    assert tried


def test_what_python_does_not_read_does_not_count() -> None:
    assert largest_memo_index(b"N." + b"r\xff\xff\xff\xff.") == -1


def test_an_index_in_a_line_that_is_too_long_is_refused() -> None:
    # Python takes the whole line up to the zero byte as the number 1, and goes on with the next.
    tail = b"\nNr" + struct.pack("<I", 2**25) + b"."
    hiding = b"Np1" + b" " * 4999 + b"\0B" + struct.pack("<I", len(tail) - 1) + tail
    with pytest.raises(ValueError, match="an index that does not end"):
        largest_memo_index(hiding)


def test_an_index_that_is_no_number_is_refused() -> None:
    for index in (b"x", b"9" * 4999, b" " * 6000 + b"9"):
        with pytest.raises(ValueError, match=r"invalid literal|Exceeds the limit"):
            largest_memo_index(b"Np" + index + b"\n.")


@pytest.mark.parametrize("code", [b"C", b"T", b"X", b"\x8d", b"\x96"])
def test_a_text_that_is_longer_than_the_pickle_is_refused(code: bytes) -> None:
    with pytest.raises(ValueError, match="longer than the pickle"):
        largest_memo_index(b"\x80\x05" + code + b"\x7f" * 8 + b".")
