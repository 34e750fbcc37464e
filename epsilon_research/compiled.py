"""Compiled functions, kept on disk where that can be done: a full disk costs time and no run."""

import logging
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache

logger = logging.getLogger(__name__)


def njit(*, cache: bool, **options: Any) -> Callable[[Callable], Any]:
    """Return numba's decorator of these options, whose cache may fail without a word.

    Args:
        cache: Whether what is compiled is kept for other processes.
        options: Further options of `numba.njit`.
    """

    def compiled(function: Callable) -> Any:
        dispatcher: Any = numba.njit(**options)(function)
        # NUMBA_DISABLE_JIT leaves the function as it is.
        if cache and hasattr(dispatcher, "overloads"):
            try:
                dispatcher._cache = _Cache(function)
            except RuntimeError as error:
                # Neither the package's folder nor the user's can be written.
                logger.debug("compiled functions are not kept: %s", error)
        return dispatcher

    return compiled


def is_kept(function: Any, *, num_forms: int) -> bool:
    """Return whether a function is on disk, compiled for this processor.

    Args:
        function: What `njit` gave.
        num_forms: For how many kinds of arguments it has to be there.
    """
    cache = getattr(function, "_cache", None)
    if not isinstance(cache, _Cache):
        return False
    processor = function.targetctx.codegen().magic_tuple()
    return cache.kept_processors().count(processor) >= num_forms


class _Cache(FunctionCache):
    """Numba's own, which would end a program that cannot write."""

    def kept_processors(self) -> list[Any]:
        """The processors of the forms on disk; none if the source has changed since."""
        return [processor for _, processor, _ in self._cache_file._load_index()]

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function, if there is room."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            logger.debug("a compiled function is not kept: %s", error)
