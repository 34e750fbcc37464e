"""One record of NAS-Bench-101's official file: what one training run of one cell gave.

It is JSON, `[module hash, epochs, adjacency digits row by row, operations joined by commas, base64
of a protobuf]`. Of that protobuf, `ModelMetrics`, the few fields that matter are read here from the
wire format, https://protobuf.dev/programming-guides/encoding.
"""

import base64
import json
import math
import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

MAX_VERTICES = 7
MAX_EDGES = 9
NUM_EVALUATIONS = 3
"""Before training, half-way and at its end."""

_OPERATIONS = {"conv3x3-bn-relu": "c3", "conv1x1-bn-relu": "c1", "maxpool3x3": "mp"}
_HASH = re.compile(r"[0-9a-f]{32}")
_FIELDS = {
    "module hash": str, "epochs": int, "adjacency": str, "operations": str, "metrics": str,
}  # fmt: skip

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5
"""Wire types of protobuf; the two others are groups, which the format has given up."""

_SIZES = {_DOUBLE: 8, _FLOAT: 4}
_LONGEST_VARINT = 10

_EVALUATION, _PARAMETERS, _TOTAL_TIME = 1, 2, 3
_METRICS_TYPES = {_EVALUATION: _BYTES, _PARAMETERS: _VARINT, _TOTAL_TIME: _DOUBLE}
_TRAINING_TIME, _VALIDATION, _TEST = 2, 4, 5
_EVALUATION_TYPES: dict[int, int] = dict.fromkeys(
    (1, _TRAINING_TIME, 3, _VALIDATION, _TEST), _DOUBLE
)
_AS_WRITTEN = struct.Struct("<BdBdBdBdBd")
"""An evaluation whose fields stand in order, each once, as in the official file."""
_TAGS_AS_WRITTEN = tuple(field << 3 | _DOUBLE for field in _EVALUATION_TYPES)
_LARGEST_INT32 = 2**31 - 1

_read_double = struct.Struct("<d").unpack_from


class Nb101Record(NamedTuple):
    """One training run.

    Attributes:
        module_hash: The benchmark's own key of the cell, 32 hexadecimal digits.
        epochs: Length of the training.
        architecture_id: The upper triangle of the adjacency matrix row by row, then the interior
            operations c3, c1 or mp, joined by dashes; vertices in the order of the file.
        num_vertices: Input and output included.
        trainable_parameters: Of the network that was trained.
        validation_accuracy: At the end of training, a fraction.
        test_accuracy: Likewise.
        training_time: Seconds.
    """

    module_hash: str
    epochs: int
    architecture_id: str
    num_vertices: int
    trainable_parameters: int
    validation_accuracy: float
    test_accuracy: float
    training_time: float


class _Metrics(NamedTuple):
    trainable_parameters: int
    validation_accuracy: float
    test_accuracy: float
    training_time: float


def parse_record(data: bytes, *, what: str) -> Nb101Record:
    """What a record says.

    Args:
        data: As it stands in the file.
        what: What it is, for error messages, e.g. "record 3 of file".

    Raises:
        ValueError: It is not such JSON, describes no cell of the space, or its protobuf is none or
            lacks an accuracy.
    """
    module_hash, epochs, adjacency, operations, encoded = _fields_of_json(data, what=what)
    if not _HASH.fullmatch(module_hash):
        raise ValueError(
            f"the module hash of {what} must have 32 hexadecimal digits, got "
            f"{_short(module_hash)}: pass the official file"
        )
    names = _operations(operations, what=what)
    metrics = _metrics(_decode(encoded, what=what), what=what)
    triangle = _upper_triangle(adjacency, len(names) + 2, what=what)
    return Nb101Record(
        module_hash=module_hash,
        epochs=epochs,
        architecture_id="-".join((triangle, *names)),
        num_vertices=len(names) + 2,
        trainable_parameters=metrics.trainable_parameters,
        validation_accuracy=metrics.validation_accuracy,
        test_accuracy=metrics.test_accuracy,
        training_time=metrics.training_time,
    )


def _fields_of_json(data: bytes, *, what: str) -> list[Any]:
    try:
        found = json.loads(data)
    # Brackets in brackets are read by recursion.
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ValueError(
            f"{what} must be JSON, got {len(data)} bytes that are not ({reason}): pass the "
            "official file"
        ) from error
    # `type` because a truth value is an int to `isinstance`.
    if not isinstance(found, list) or [type(value) for value in found] != [*_FIELDS.values()]:
        raise ValueError(
            f"{what} must be a list of {', '.join(_FIELDS)} (text, but for the number of epochs), "
            f"got {_short(found)}: pass the official file"
        )
    return found


def _operations(text: str, *, what: str) -> tuple[str, ...]:
    names = _short_names(text)
    if names is None:
        raise ValueError(
            f"the operations of {what} must be input, up to {MAX_VERTICES - 2} of "
            f"{', '.join(_OPERATIONS)}, and output, got {_short(text)}: pass the official file"
        )
    return names


# A few hundred texts make up the whole file; the bound is for hostile ones.
@lru_cache(maxsize=4096)
def _short_names(text: str) -> tuple[str, ...] | None:
    first, *interior = text.split(",")
    last = interior.pop() if interior else None
    known = all(name in _OPERATIONS for name in interior)
    if (first, last) != ("input", "output") or not known or len(interior) > MAX_VERTICES - 2:
        return None
    return tuple(_OPERATIONS[name] for name in interior)


def _upper_triangle(adjacency: str, num_vertices: int, *, what: str) -> str:
    if len(adjacency) != num_vertices**2 or set(adjacency) - {"0", "1"}:
        raise ValueError(
            f"the adjacency of {what} must have {num_vertices} x {num_vertices} digits 0 or 1, as "
            f"it has {num_vertices} operations, got {_short(adjacency)} ({len(adjacency)} "
            "characters): pass the official file"
        )
    triangle = "".join(
        adjacency[row * num_vertices + row + 1 : (row + 1) * num_vertices]
        for row in range(num_vertices)
    )
    num_edges = adjacency.count("1")
    if triangle.count("1") != num_edges or num_edges > MAX_EDGES:
        raise ValueError(
            f"the adjacency of {what} must be upper triangular with at most {MAX_EDGES} edges, got "
            f"{adjacency} with {num_edges}: pass the official file"
        )
    return triangle


def _decode(encoded: str, *, what: str) -> bytes:
    try:
        # Encoders of Python break lines; nothing else may stand between the digits.
        return base64.b64decode(encoded.replace("\n", ""), validate=True)
    except ValueError as error:
        raise ValueError(
            f"the metrics of {what} must be base64, got {_short(encoded)} ({error}): pass the "
            "official file"
        ) from error


def _metrics(message: bytes, *, what: str) -> _Metrics:
    try:
        return _parse_metrics(message)
    except ValueError as error:
        raise ValueError(
            f"the metrics of {what} must be those of a whole training run, got {error}: pass the "
            "official file"
        ) from error


def _parse_metrics(message: bytes) -> _Metrics:
    evaluations: list[dict[int, float]] = []
    parameters = 0
    for field, value in _fields(message, _METRICS_TYPES):
        if field == _EVALUATION:
            evaluations.append(_evaluation(value))
        elif field == _PARAMETERS:
            parameters = value
    if len(evaluations) != NUM_EVALUATIONS:
        raise ValueError(f"{len(evaluations)} evaluations instead of {NUM_EVALUATIONS}")
    if not 0 < parameters <= _LARGEST_INT32:
        raise ValueError(f"{parameters} trainable parameters")
    final = evaluations[-1]
    training_time = final.get(_TRAINING_TIME, math.nan)
    if not 0 <= training_time < math.inf:
        raise ValueError(f"a training time of {training_time!r} s")
    return _Metrics(
        parameters, _accuracy(final, _VALIDATION), _accuracy(final, _TEST), training_time
    )


def _evaluation(message: bytes) -> dict[int, float]:
    """The numbers of an evaluation by their fields."""
    # The general reader alone would take twice as long for the whole file.
    if len(message) == _AS_WRITTEN.size:
        found = _AS_WRITTEN.unpack(message)
        if found[::2] == _TAGS_AS_WRITTEN:
            return dict(zip(_EVALUATION_TYPES, found[1::2], strict=True))
    found = _fields(message, _EVALUATION_TYPES)
    return {field: value for field, value in found if field in _EVALUATION_TYPES}


def _accuracy(evaluation: dict[int, float], field: int) -> float:
    accuracy = evaluation.get(field)
    name = "validation accuracy" if field == _VALIDATION else "test accuracy"
    if accuracy is None:
        raise ValueError(f"no {name}")
    if not 0 <= accuracy <= 1:
        raise ValueError(f"a {name} of {accuracy!r}, not a fraction")
    return accuracy


def _fields(message: bytes, types: dict[int, int]) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message, in order; those that `types` does not list, too.

    Args:
        message: In the wire format.
        types: Wire types of the known fields.

    Raises:
        ValueError: It is not in that format, or a known field is of another type.
    """
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        field, kind = tag >> 3, tag & 7
        if field == 0 or types.get(field, kind) != kind:
            raise ValueError(f"a protobuf with field {field} of wire type {kind}")
        value, place = _value(message, place, kind)
        yield field, value


def _value(message: bytes, place: int, kind: int) -> tuple[Any, int]:
    """The value that begins at `place`, and where it ends."""
    if kind == _VARINT:
        return _varint(message, place)
    if kind == _BYTES:
        size, place = _varint(message, place)
    elif kind in _SIZES:
        size = _SIZES[kind]
    else:
        raise ValueError(f"a protobuf with a field of wire type {kind}")
    end = place + size
    if end > len(message):
        raise ValueError("a protobuf that ends within a field")
    return (_read_double(message, place)[0] if kind == _DOUBLE else message[place:end]), end


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """The whole number whose digits to base 128 begin at `place`, and where it ends."""
    value = 0
    for index, byte in enumerate(message[place : place + _LONGEST_VARINT]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, place + index + 1
    raise ValueError("a protobuf with a whole number that does not end")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
