"""What a mistake must be answered with: one sentence, the same in every room."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_SENTENCE = re.compile(r".+ must .+, got .+: .+[^.]")
"""What must hold, what was given, what to do."""


@contextmanager
def refused(kind: type[Exception], *parts: str, match: str | None = None) -> Iterator[None]:
    """Expects an error of `kind` whose message is one such sentence.

    Args:
        kind: Exactly this class, no class derived from it.
        *parts: Texts in the message.
        match: A pattern in the message.
    """
    with pytest.raises(kind, match=match) as caught:
        yield
    message = str(caught.value)
    assert caught.type is kind
    assert _SENTENCE.fullmatch(message), message
    for part in parts:
        assert part in message
