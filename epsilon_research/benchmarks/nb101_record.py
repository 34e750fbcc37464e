"""One record of NAS-Bench-101's official file: what one training run of one cell gave.

It is JSON, `[module hash, epochs, adjacency digits row by row, operations joined by commas, base64
of a protobuf]`.
"""

import base64
import json
import re
import sys
from functools import cache, lru_cache
from typing import Any, NamedTuple

MAX_VERTICES = 7
MAX_EDGES = 9
NUM_EVALUATIONS = 3
"""Number of evaluations of a training: before it, half-way and at its end."""

_OPERATIONS = {"conv3x3-bn-relu": "c3", "conv1x1-bn-relu": "c1", "maxpool3x3": "mp"}
_HASH = re.compile(r"[0-9a-f]{32}")
_FIELDS = {
    "module hash": str, "epochs": int, "adjacency": str, "operations": str, "metrics": str,
}  # fmt: skip

_NUMBERS = {2: "training_time", 4: "validation_accuracy", 5: "test_accuracy"}
"""Fields of an evaluation by their numbers, each a double."""

_LARGEST_INT32 = 2**31 - 1


class Nb101Record(NamedTuple):
    """One training run.

    Attributes:
        module_hash: The benchmark's own key of the cell, 32 hexadecimal digits.
        epochs: Length of the training.
        architecture_id: The upper triangle of the adjacency matrix row by row, then the interior
            operations c3, c1 or mp, joined by dashes; vertices in the order of the file.
        num_vertices: Input and output included.
        trainable_parameters: Number of parameters of the network that was trained.
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


def parse_record(data: bytes, *, what: str) -> Nb101Record:
    """Return what a record says.

    Args:
        data: The data as the file has them.
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
    final = metrics.evaluations[-1]
    triangle = _upper_triangle(adjacency, len(names) + 2, what=what)
    return Nb101Record(
        module_hash=module_hash,
        epochs=epochs,
        architecture_id="-".join((triangle, *names)),
        num_vertices=len(names) + 2,
        trainable_parameters=metrics.trainable_parameters,
        validation_accuracy=final.validation_accuracy,
        test_accuracy=final.test_accuracy,
        training_time=final.training_time,
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
    # `type` because a boolean is an int to `isinstance`.
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


def _metrics(message: bytes, *, what: str) -> Any:
    """The protobuf, checked."""
    model_metrics, decode_error = _protobuf()
    try:
        metrics = model_metrics.FromString(message)
        _check_metrics(metrics)
    except (decode_error, ValueError) as error:
        reason = error if isinstance(error, ValueError) else f"{len(message)} bytes of no protobuf"
        raise ValueError(
            f"the metrics of {what} must be those of a whole training run, got {reason}: pass the "
            "official file"
        ) from error
    return metrics


@cache
def _protobuf() -> tuple[Any, type[Exception]]:
    """The class of messages and the error of bytes that are none.

    The messages `ModelMetrics` and `EvaluationData` of the benchmark, with the fields that matter;
    those not listed are skipped.
    """
    # Imported late: only the first reading of a file needs it.
    from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="model_metrics.proto", syntax="proto2")
    evaluation = file.message_type.add(name="EvaluationData")
    for number, name in _NUMBERS.items():
        evaluation.field.add(
            name=name, number=number, type=kind.TYPE_DOUBLE, label=kind.LABEL_OPTIONAL
        )
    metrics = file.message_type.add(name="ModelMetrics")
    metrics.field.add(
        name="evaluations", number=1, type=kind.TYPE_MESSAGE, type_name="EvaluationData",
        label=kind.LABEL_REPEATED,
    )  # fmt: skip
    # An int32 there, but that would cut a larger number to one that looks right.
    metrics.field.add(
        name="trainable_parameters", number=2, type=kind.TYPE_INT64, label=kind.LABEL_OPTIONAL
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = message_factory.GetMessageClass(pool.FindMessageTypeByName(metrics.name))
    return found, message.DecodeError


def _check_metrics(metrics: Any) -> None:
    if len(metrics.evaluations) != NUM_EVALUATIONS:
        raise ValueError(f"{len(metrics.evaluations)} evaluations instead of {NUM_EVALUATIONS}")
    if not 0 < metrics.trainable_parameters <= _LARGEST_INT32:
        raise ValueError(f"{metrics.trainable_parameters} trainable parameters")
    final = metrics.evaluations[-1]
    for name in _NUMBERS.values():
        words, value = name.replace("_", " "), getattr(final, name)
        if not final.HasField(name):
            raise ValueError(f"no {words}")
        # Of accuracies, fractions.
        largest = sys.float_info.max if name == "training_time" else 1.0
        if not 0 <= value <= largest:
            raise ValueError(f"a {words} of {value!r}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
