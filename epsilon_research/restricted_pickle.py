"""Reads pickles from outside without running anything that they name."""

import io
import math
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import numpy as np

from epsilon_research.pickle_memo import plan_of

_LARGEST_PICKLE = 1024**3
"""Bytes; the largest official file that this project reads has 150 MB."""

_COPIES_PER_BYTE = 16
"""Arrays and bytes that stand-ins make, per byte of the pickle; honest ones make at most two."""

_HEAVIEST_TUPLE = 1000
"""Values in a tuple and in the tuples in it; honest ones are shapes and keys of a few."""

_bytes_left: ContextVar[int] = ContextVar("bytes_left")
"""What the stand-ins may still make for the pickle that is being read."""


class _RefusedError(ValueError):
    """Something in a pickle that is not plain; the message says what."""


class _StandIn:
    """A callable that a pickle may use and cannot alter, as it could alter a function."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a change to a function")


def _spend(num_bytes: int) -> None:
    left = _bytes_left.get() - num_bytes
    if left < 0:
        raise _RefusedError(f"values of more than {_COPIES_PER_BYTE} times its own size")
    _bytes_left.set(left)


def _raw(content: Any) -> bytes | bytearray:
    """The bytes of numbers; Python 2 wrote them as text, which may have been decoded."""
    found = content.encode("latin1") if isinstance(content, str) else content
    if not isinstance(found, bytes | bytearray):
        raise _RefusedError("an array of objects")
    _spend(len(found))
    return found


def _shown(value: Any) -> str:
    """A value for a message; a small pickle can nest one that takes gigabytes to write out."""
    return repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"


def _num_elements(shape: Any) -> int:
    """Elements of an array; numpy would first copy out a nested shape, however large."""
    if not isinstance(shape, tuple) or not all(type(side) is int for side in shape):
        raise _RefusedError("an array without a plain shape")
    return math.prod(shape)


class _Dtype:
    """A plain numeric or text type; a real `numpy.dtype` would let a pickle rewrite its fields."""

    __slots__ = ("found",)

    def __init__(self, code: Any, *alignment_and_copy: Any) -> None:
        text = code.decode() if isinstance(code, bytes) else code
        if not isinstance(text, str) or not re.fullmatch(r"[biufcSU][1-9][0-9]?", text):
            raise _RefusedError(f"the data type {_shown(text)}")
        self.found = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        # Version, byte order, then what only compound types have, then sizes that we know.
        _, order, *compound = state[:5]
        if compound != [None] * 3:
            raise _RefusedError("a compound data type")
        order = order.decode() if isinstance(order, bytes) else order
        if order not in ("<", ">", "|", "="):
            raise _RefusedError(f"the byte order {_shown(order)}")
        self.found = self.found.newbyteorder(order)


class _Array(np.ndarray):
    """An array that a pickle fills; it starts empty whatever the pickle says."""

    __slots__ = ()

    def __new__(cls) -> "_Array":
        return super().__new__(cls, (0,), np.uint8)

    def __setstate__(self, state: Any) -> None:
        # numpy would first reserve the promised size; a small file must not promise much.
        version, shape, dtype, is_fortran, content = state
        content = bytes(_raw(content))
        if _num_elements(shape) * dtype.found.itemsize != len(content):
            raise _RefusedError("an array whose size is not that of its data")
        super().__setstate__((version, shape, dtype.found, is_fortran, content))  # pyright: ignore[reportAttributeAccessIssue]


def _reconstruct(kind: Any, shape: Any, typecode: Any) -> _Array:
    return _Array()


def _scalar(dtype: Any, content: Any) -> Any:
    content = _raw(content)
    if len(content) != dtype.found.itemsize:
        raise _RefusedError("a number whose size is not that of its data")
    return np.frombuffer(content, dtype.found)[0]


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return np.frombuffer(_raw(content), dtype.found).reshape(shape, order=order)


def _encode(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "ascii"):
        raise _RefusedError(f"an encoding {_shown(encoding)}")
    _spend(len(text))
    return text.encode(encoding)


def _empty_bytes() -> bytes:
    return b""


def _ordered_dict() -> dict[Any, Any]:
    """Every dictionary keeps its order, and unlike an OrderedDict has no attributes to set."""
    return {}


def _ndarray(*arguments: Any) -> Any:
    raise _RefusedError("an array made without its data")


NUMPY_ARRAYS: Mapping[tuple[str, str], Any] = {
    ("__builtin__", "bytes"): _StandIn(_empty_bytes),
    ("collections", "OrderedDict"): _StandIn(_ordered_dict),
    ("_codecs", "encode"): _StandIn(_encode),
    ("numpy", "ndarray"): _StandIn(_ndarray),
    ("numpy", "dtype"): _StandIn(_Dtype),
    ("numpy.core.multiarray", "_reconstruct"): _StandIn(_reconstruct),
    ("numpy._core.multiarray", "_reconstruct"): _StandIn(_reconstruct),
    ("numpy.core.numeric", "_frombuffer"): _StandIn(_from_buffer),
    ("numpy._core.numeric", "_frombuffer"): _StandIn(_from_buffer),
    ("numpy.core.multiarray", "scalar"): _StandIn(_scalar),
    ("numpy._core.multiarray", "scalar"): _StandIn(_scalar),
}
"""Names in pickled arrays and numbers of numpy, each with a harmless replacement."""

NUMPY_SCALARS: Mapping[tuple[str, str], Any] = {
    name: stand_in
    for name, stand_in in NUMPY_ARRAYS.items()
    if name[1] in ("OrderedDict", "bytes", "dtype", "encode", "scalar")
}
"""The same of single numbers, for files without arrays: a mean of numbers takes no memory, one of
arrays could fill it."""


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, source: io.BytesIO, *, allowed: Mapping[tuple[str, str], Any], encoding: str
    ) -> None:
        super().__init__(source, encoding=encoding)
        self._allowed = allowed
        self._weights: dict[int, tuple[tuple, int]] = {}
        """Of each tuple by its identity; with the tuple, so that no other gets the identity."""

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in self._allowed:
            raise _RefusedError(f"the name {module}.{name}")
        return self._allowed[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Weighs a new tuple and gives it back.

        A tuple that holds the one before twice, and so on, is small in memory, but Python visits
        all of it whenever it is a key: with 40 of them for longer than a run lasts.
        """
        if isinstance(pid, tuple):
            known = self._weights
            weight = 1 + sum(known[id(value)][1] if id(value) in known else 1 for value in pid)
            if weight > _HEAVIEST_TUPLE:
                raise _RefusedError(f"a tuple of more than {_HEAVIEST_TUPLE:,} values")
            known[id(pid)] = (pid, weight)
        return pid


def load_pickle(
    source: bytes,
    *,
    allowed: Mapping[tuple[str, str], Any],
    what: str,
    encoding: str = "ASCII",
) -> Any:
    """The value in a pickle that may name nothing but `allowed`.

    Memory is bounded by a multiple of the pickle's own size, whatever it promises.

    Args:
        source: The pickle's bytes.
        allowed: What stands for each (module, name); nothing is ever imported. What it allows must
            be harmless in itself: a pickle may call it, and set attributes of classes in it.
        what: What the pickle is, for error messages, e.g. its path.
        encoding: Encoding of strings that Python 2 wrote, as for `pickle.loads`.

    Raises:
        ValueError: The pickle names something else, or is damaged.
    """
    if len(source) > _LARGEST_PICKLE:
        raise ValueError(
            f"{what} must be at most {_LARGEST_PICKLE:,} bytes, got {len(source):,}: "
            "it is not the file that it should be"
        )
    try:
        return _load(source, allowed=allowed, encoding=encoding)
    except _RefusedError as error:
        raise ValueError(
            f"{what} must be a pickle of plain values, got {_one_line(error)}: use the original "
            "file"
        ) from error
    except _DAMAGE as error:
        raise ValueError(
            f"{what} must be a whole pickle, got {_one_line(error)!r}: it is damaged, get it again"
        ) from error


def _load(source: bytes, *, allowed: Mapping[tuple[str, str], Any], encoding: str) -> Any:
    plan = plan_of(source)
    # Python reserves room for the memo up to the largest index that it meets.
    if plan.largest_memo_index >= max(len(source), 1):
        raise _RefusedError("a memo larger than itself")
    if plan.is_persistent:
        raise _RefusedError("a persistent id")
    before = _bytes_left.set(_COPIES_PER_BYTE * len(source))
    try:
        # Odd escapes in damaged text are warned about, which is not news for the reader.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            content = io.BytesIO(plan.announcing)
            return _Unpickler(content, allowed=allowed, encoding=encoding).load()
    finally:
        _bytes_left.reset(before)


def _one_line(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:120]


# What Python's unpickler raises on bytes that are not a pickle; the list is that of its
# documentation and of what damaged files were seen to raise.
_DAMAGE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    UnicodeError,
    ValueError,
)
