"""Reads pickles from outside without running anything that they name."""

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

_LARGEST_PICKLE = 1024**3
"""Bytes; the largest official file that this project reads has 150 MB."""


class _Refused(Exception):
    """Something in a pickle that is not plain; the message says what."""


class _Array(np.ndarray):
    """An array that a pickle fills; it starts empty whatever the pickle says."""

    def __new__(cls) -> "_Array":
        return super().__new__(cls, (0,), np.uint8)

    def __setstate__(self, state: Any) -> None:
        # numpy would first reserve the promised size; a small file must not promise much.
        _, shape, dtype, _, content = state
        if not isinstance(content, bytes):
            raise _Refused("an array of objects")
        if int(np.prod(shape, dtype=object)) * dtype.itemsize != len(content):
            raise _Refused("an array whose size is not that of its data")
        super().__setstate__(state)  # pyright: ignore[reportAttributeAccessIssue]


def _reconstruct(kind: Any, shape: Any, typecode: Any) -> _Array:
    return _Array()


def _dtype(code: Any, *alignment_and_copy: Any) -> np.dtype:
    found = np.dtype(code.decode() if isinstance(code, bytes) else code)
    if found.hasobject or found.itemsize > 64:
        raise _Refused(f"the data type {code!r}")
    return found


def _scalar(dtype: Any, content: Any) -> Any:
    if isinstance(content, str):
        content = content.encode("latin1")
    if not isinstance(content, bytes) or len(content) != dtype.itemsize:
        raise _Refused("a number whose size is not that of its data")
    return np.frombuffer(content, dtype)[0]


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    if not isinstance(content, bytes | bytearray):
        raise _Refused("an array of objects")
    return np.frombuffer(content, dtype).reshape(shape, order=order)


def _encode(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "ascii"):
        raise _Refused(f"an encoding {encoding!r}")
    return text.encode(encoding)


NUMPY_ARRAYS: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): _encode,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy._core.numeric", "_frombuffer"): _from_buffer,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
}
"""What pickled arrays and numbers of numpy name, each replaced by something harmless."""


class _Unpickler(pickle.Unpickler):
    def __init__(
        self, source: io.BytesIO, *, allowed: Mapping[tuple[str, str], Any], encoding: str
    ) -> None:
        super().__init__(source, encoding=encoding)
        self._allowed = allowed

    def find_class(self, module: str, name: str, /) -> Any:
        if (module, name) not in self._allowed:
            raise _Refused(f"the name {module}.{name}")
        return self._allowed[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused("a persistent id")


def load_pickle(
    source: bytes,
    *,
    allowed: Mapping[tuple[str, str], Any],
    what: str,
    encoding: str = "ASCII",
) -> Any:
    """The value in a pickle that may name nothing but `allowed`.

    Args:
        source: The pickle's bytes.
        allowed: What stands for each (module, name); nothing is ever imported.
        what: What the pickle is, for error messages, e.g. its path.
        encoding: Of strings that Python 2 wrote, as for `pickle.loads`.

    Raises:
        ValueError: The pickle names something else, or is damaged.
    """
    if len(source) > _LARGEST_PICKLE:
        raise ValueError(
            f"{what} must be at most {_LARGEST_PICKLE:,} bytes, got {len(source):,}: "
            "it is not the file that it should be"
        )
    try:
        return _Unpickler(io.BytesIO(source), allowed=allowed, encoding=encoding).load()
    except _Refused as error:
        raise ValueError(
            f"{what} must be a pickle of plain values, got {error}: use the original file"
        ) from error
    except _DAMAGE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:120]
        raise ValueError(
            f"{what} must be a whole pickle, got {reason!r}: it is damaged, get it again"
        ) from error


# What Python's unpickler raises on bytes that are no pickle; the list is that of its documentation
# and of what damaged files were seen to raise.
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
