"""Every test here ends, whatever the readers do."""

import faulthandler
from collections.abc import Iterator

import pytest

_SECONDS = 240
"""For one test; far more than any takes, on a busy machine too."""


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """Ends the process with the place of the hang, also in the middle of compiled code."""
    faulthandler.dump_traceback_later(_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
