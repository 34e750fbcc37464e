"""No store: every value is computed, and none is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from epsilon_research.store.base import Evaluation, Shelf, Store
from epsilon_research.store.form import ANY_FORM, Form


@dataclass(frozen=True, slots=True, kw_only=True)
class NoStore(Store):
    """A store that has nothing and keeps nothing."""

    keeps: bool = False

    def check(self) -> None:
        """See `Store`; always ready."""
        return

    def shelf(self, identity: Mapping[str, Any], *, form: Form = ANY_FORM) -> Shelf:
        """See `Store`."""
        return _EmptyShelf()

    @property
    def remarks(self) -> Sequence[str]:
        """See `Store`; never."""
        return ()


class _EmptyShelf(Shelf):
    def locate(self, rows: Mapping[bytes, int], places: np.ndarray) -> None:
        return

    def read(self, place: int) -> Evaluation | None:
        return None

    def add(self, key: bytes, evaluation: Evaluation) -> None:
        return

    def flush(self) -> None:
        return
