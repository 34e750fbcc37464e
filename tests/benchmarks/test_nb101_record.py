"""One record of NAS-Bench-101: an encoder of the test's own, against the reader."""

import math
from contextlib import suppress
from typing import Any

import pytest
from benchmarks.tfrecords import (
    OPERATIONS,
    double,
    evaluation,
    fields,
    metrics,
    nested,
    record,
    tag,
    varint,
)
from hypothesis import given
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.benchmarks.nb101_record import (
    MAX_EDGES,
    MAX_VERTICES,
    Nb101Record,
    parse_record,
)

WHAT = "record 3 of f.tfrecord"


@st.composite
def architecture_ids(draw: st.DrawFn) -> str:
    interior = draw(st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=MAX_VERTICES - 2))
    size = (len(interior) + 2) * (len(interior) + 1) // 2
    edges = draw(st.sets(st.integers(0, size - 1), max_size=MAX_EDGES))
    triangle = "".join("1" if place in edges else "0" for place in range(size))
    return "-".join([triangle, *interior])


fractions = st.floats(0, 1)
hashes = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(
    architecture_id=architecture_ids(),
    module_hash=hashes,
    epochs=st.sampled_from([4, 12, 36, 108]),
    validation=fractions,
    test=fractions,
    training_time=st.floats(0, 1e6),
    parameters=st.integers(1, 2**31 - 1),
)
def test_what_was_encoded_is_read(
    architecture_id: str, module_hash: str, epochs: int, **values: Any
) -> None:
    written = fields(
        architecture_id, module_hash=module_hash, epochs=epochs, message=metrics(**values)
    )
    assert parse_record(record(written), what=WHAT) == Nb101Record(
        module_hash=module_hash,
        epochs=epochs,
        architecture_id=architecture_id,
        num_vertices=architecture_id.count("-") + 2,
        trainable_parameters=values["parameters"],
        validation_accuracy=values["validation"],
        test_accuracy=values["test"],
        training_time=values["training_time"],
    )


@pytest.mark.parametrize(
    ("rows", "operations", "architecture_id"),
    [
        (
            # The first row of the published sample.
            "0101000 0010000 0001001 0000100 0000010 0000001 0000000",
            "conv1x1-bn-relu,conv3x3-bn-relu,maxpool3x3,conv1x1-bn-relu,maxpool3x3,",
            "101000100001001100101-c1-c3-mp-c1-mp",
        ),
        ("01 00", "", "1"),
        ("0110 0001 0001 0000", "conv3x3-bn-relu,maxpool3x3,", "110011-c3-mp"),
    ],
)
def test_the_ids_are_those_of_the_project(rows: str, operations: str, architecture_id: str) -> None:
    values = fields()
    values[2:4] = rows.replace(" ", ""), f"input,{operations}output"
    assert parse_record(record(values), what=WHAT).architecture_id == architecture_id


def test_text_in_base64_may_have_line_breaks_or_none() -> None:
    values = fields()
    assert values[4].count("\n") > 2
    joined = [*values[:4], values[4].replace("\n", "")]
    assert parse_record(record(joined), what=WHAT) == parse_record(record(values), what=WHAT)


doubles_of_an_evaluation = st.permutations(range(1, 6))


@given(order=doubles_of_an_evaluation, extra=st.sampled_from(["path", "group of others", "none"]))
def test_fields_may_stand_in_any_order_among_unknown_ones(order: list[int], extra: str) -> None:
    numbers = [108.0, 1500.0, 0.99, 0.94, 0.93]
    final = b"".join(double(field, numbers[field - 1]) for field in order)
    if extra == "path":
        # The one field of the official definition that nobody needs: the path of a checkpoint.
        final = nested(6, b"/model.ckpt") + final
    if extra == "group of others":
        unknown = tag(17, 0) + varint(2**63) + double(18, 0.5) + tag(2000, 5) + b"abcd"
        final = unknown + final + unknown
    other = nested(1, evaluation(0, 0, 0, 0, 0))
    message = double(3, 1.0) + other + tag(2, 0) + varint(77) + other + nested(1, final)
    found = parse_record(record(fields(message=message)), what=WHAT)
    assert (found.validation_accuracy, found.test_accuracy) == (0.94, 0.93)
    assert (found.training_time, found.trainable_parameters) == (1500.0, 77)


def changed(place: int, value: object) -> bytes:
    values = fields()
    values[place] = value
    return record(values)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must be JSON, got 0 bytes that are not"),
        (b"\xff\xfe\x00", "must be JSON, got 3 bytes that are not"),
        (b"[" * 100_000, "must be JSON, got 100000 bytes that are not"),
        (record()[:-1], "must be JSON, got"),
        (b"{}", r"must be a list of module hash, epochs, .*, got \{\}"),
        (b"7", "must be a list of .*, got 7"),
        (record(fields()[:4]), "must be a list of"),
        (record([*fields(), ""]), "must be a list of"),
        (changed(1, "108"), "must be a list of"),
        (changed(1, 108.0), "must be a list of"),
        (changed(1, True), "must be a list of"),
        (changed(2, [0, 1, 0, 0]), "must be a list of"),
        (changed(4, None), "must be a list of"),
        (changed(0, "0" * 31), "module hash .* must have 32 hexadecimal digits, got '0{31}'"),
        (changed(0, "A" * 32), "module hash .* must have 32 hexadecimal"),
        (changed(3, "input,conv5x5-bn-relu,maxpool3x3,output"), "operations .*got 'input,conv5x5"),
        (changed(3, "input,maxpool3x3,output,maxpool3x3"), "operations .* must be input, up to 5"),
        (changed(3, "input"), "operations .* must be input, up to 5 of conv3x3-bn-relu, conv1x1"),
        (changed(3, ""), "operations .* must be"),
        (changed(3, ",".join(["input", *["maxpool3x3"] * 6, "output"])), "operations .*up to 5"),
        (changed(2, "0110" * 3), "adjacency .* must have 4 x 4 digits 0 or 1, .*12 characters"),
        (changed(2, "01100001000200" + "00"), "adjacency .* must have 4 x 4 digits"),
        (changed(2, "0110 001 001 000"), "adjacency .* must have 4 x 4 digits"),
        (changed(2, "٠١١٠" * 4), "adjacency .* must have 4 x 4 digits 0 or 1"),
        (changed(2, ""), "adjacency .* must have 4 x 4 digits"),
        (changed(2, "1110000100010000"), "adjacency .* must be upper triangular"),
        (changed(2, "0110100100010000"), "adjacency .* must be upper triangular"),
        (
            record(fields("111111111100000000000-c3-c3-c3-c3-c3")),
            "must be upper triangular with at most 9 edges, got .* with 10",
        ),
        (changed(4, "not base64!"), r"metrics .* must be base64, got 'not base64!'"),
        (changed(4, "!" + fields()[4]), "metrics .* must be base64"),
        (changed(4, "AAA"), "metrics .* must be base64"),
        (changed(4, "é"), "metrics .* must be base64"),
        (changed(4, ""), "metrics .*, got 0 evaluations instead of 3"),
    ],
)
def test_a_wrong_record_is_refused(data: bytes, message: str) -> None:
    with refused(ValueError, WHAT, match=message):
        parse_record(data, what=WHAT)


three = nested(1, evaluation(1, 1, 1, 1, 1)) * 3
NO_PROTOBUF = "bytes of no protobuf"


@pytest.mark.parametrize(
    ("message", "got"),
    [
        (metrics(validation=1.5), "got a validation accuracy of 1.5"),
        (
            metrics(validation=math.nextafter(1, 2)),
            "got a validation accuracy of 1.0",
        ),
        (metrics(validation=math.nan), "got a validation accuracy of nan"),
        (metrics(test=-0.1), "got a test accuracy of -0.1"),
        (metrics(test=math.inf), "got a test accuracy of inf"),
        (metrics(training_time=-1.0), "got a training time of -1.0"),
        (metrics(training_time=math.nan), "got a training time of nan"),
        (metrics(training_time=math.inf), "got a training time of inf"),
        (metrics(parameters=0), "got 0 trainable parameters"),
        (metrics(parameters=2**31), "got 2147483648 trainable parameters"),
        (metrics(parameters=2**32 + 7), "got 4294967303 trainable parameters"),
        (three, "got 0 trainable parameters"),
        (nested(1, b"") * 2 + tag(2, 0) + b"\x05", "got 2 evaluations instead of 3"),
        (metrics() + nested(1, b""), "got 4 evaluations instead of 3"),
        (nested(1, b"") * 3 + tag(2, 0) + b"\x05", "got no training time"),
        (
            nested(1, double(2, 1) + double(4, 0.5)) * 3 + tag(2, 0) + b"\x05",
            "got no test accuracy",
        ),
        (
            nested(1, double(2, 1) + double(5, 0.5)) * 3 + tag(2, 0) + b"\x05",
            "got no validation accuracy",
        ),
        # A known field of another wire type is an unknown one.
        (three + double(2, 5.0), "got 0 trainable parameters"),
        (metrics()[:-1], NO_PROTOBUF),
        (nested(1, double(4, 0.5)[:-1]) + metrics(), NO_PROTOBUF),
        (tag(0, 0) + b"\x05" + metrics(), NO_PROTOBUF),
        (tag(9, 7) + metrics(), NO_PROTOBUF),
        (tag(9, 3) * 1000 + tag(9, 4) * 1000 + metrics(), NO_PROTOBUF),
        (metrics() + tag(9, 0) + b"\xff" * 10 + b"\x01", NO_PROTOBUF),
        (metrics() + tag(9, 0) + b"\xff", NO_PROTOBUF),
        (metrics() + tag(9, 2) + varint(10**12) + b"abc", NO_PROTOBUF),
        (metrics() + tag(9, 5) + b"abc", NO_PROTOBUF),
    ],
)
def test_a_wrong_protobuf_is_refused(message: bytes, got: str) -> None:
    with refused(ValueError, f"the metrics of {WHAT} must be", got):
        parse_record(record(fields(message=message)), what=WHAT)


@given(st.binary(max_size=200))
def test_noise_in_place_of_the_protobuf_is_refused(message: bytes) -> None:
    with refused(ValueError, WHAT):
        parse_record(record(fields(message=message)), what=WHAT)


@given(st.data())
def test_a_changed_byte_is_refused_or_read_but_never_breaks(data: st.DataObject) -> None:
    """Checksums find damage; whoever writes a file with right ones must not break the reader."""
    content = bytearray(record())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    # Anything but a sentence, or a record within bounds, fails the test.
    with suppress(ValueError):
        assert 0 <= parse_record(bytes(content), what=WHAT).test_accuracy <= 1
