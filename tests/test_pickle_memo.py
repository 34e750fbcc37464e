"""What a pickle is about to do, against Python's own slow reader of pickles."""

import pickle
import pickletools
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from epsilon_research.pickle_memo import plan_of

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.binary(max_size=40)
    | st.sampled_from(["x" * 31, "x" * 32, "r" * 300, b"p9999\n" * 60, 2**300, -(2**3000)]),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=20,
)


def reference(source: bytes) -> int:
    found = [-1]
    for operation, argument, _ in pickletools.genops(source):
        if operation.name in ("PUT", "LONG_BINPUT"):
            assert isinstance(argument, int)
            found.append(argument)
    return max(found)


def announced(source: bytes) -> list[tuple[str, object]]:
    """The operations that are wanted in place of those of `source`."""
    found: list[tuple[str, object]] = []
    for operation, argument, _ in pickletools.genops(source):
        if operation.name != "FRAME":
            found.append((operation.name, argument))
        if operation.name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"):
            found.append(("BINPERSID", None))
    return found


def announcing(source: bytes) -> list[tuple[str, object]]:
    """The operations of what is really read, after the one frame."""
    content = plan_of(source).announcing
    frame, *operations = pickletools.genops(content)
    assert frame[0].name == "FRAME"
    assert frame[1] == len(content) - 9
    return [(operation.name, argument) for operation, argument, _ in operations]


def is_persistent(source: bytes) -> bool:
    names = ("PERSID", "BINPERSID")
    return any(operation.name in names for operation, _, _ in pickletools.genops(source))


@given(values, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_the_index_is_that_of_the_slow_reader(value: object, protocol: int) -> None:
    source = pickle.dumps(value, protocol=protocol)
    plan = plan_of(source)
    assert plan.largest_memo_index == reference(source)
    # Not compared as values, since NaN is not equal to itself.
    assert repr(announcing(source)) == repr(announced(source))
    assert not plan.is_persistent


@given(st.binary(max_size=80).map(lambda content: content + b"."))
@example(b"")
def test_nothing_that_the_slow_reader_can_read_is_missed(source: bytes) -> None:
    try:
        expected = reference(source)
    except (ValueError, UnicodeError):
        return
    plan = plan_of(source)
    assert plan.largest_memo_index == expected
    # Not compared as values, since NaN is not equal to itself.
    assert repr(announcing(source)) == repr(announced(source))
    assert plan.is_persistent == is_persistent(source)


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
        assert plan_of(source).largest_memo_index == expected
        assert expected >= 77_777
    assert tried


def test_what_python_does_not_read_does_not_count() -> None:
    assert plan_of(b"N." + b"r\xff\xff\xff\xff.").largest_memo_index == -1


def test_an_index_in_a_line_that_is_too_long_is_refused() -> None:
    # Python takes the whole line up to the zero byte as the number 1, and goes on with the next.
    tail = b"\nNr" + struct.pack("<I", 2**25) + b"."
    hiding = b"Np1" + b" " * 4999 + b"\0B" + struct.pack("<I", len(tail) - 1) + tail
    with pytest.raises(ValueError, match="an index that does not end"):
        plan_of(hiding)


def test_an_index_that_is_no_number_is_refused() -> None:
    for index in (b"x", b"9" * 4999, b" " * 6000 + b"9"):
        with pytest.raises(ValueError, match=r"invalid literal|Exceeds the limit"):
            plan_of(b"Np" + index + b"\n.")


@pytest.mark.parametrize("code", [b"C", b"T", b"X", b"\x8d", b"\x96"])
def test_a_text_that_is_longer_than_the_pickle_is_refused(code: bytes) -> None:
    with pytest.raises(ValueError, match="longer than the pickle"):
        plan_of(b"\x80\x05" + code + b"\x7f" * 8 + b".")
