"""Digests of code: what changes them and what does not."""

import sys
from pathlib import Path

import pytest

from epsilon_research.source_digest import code_versions, source_digest


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The digest of the module `counted` with a given source, and of a file named after it."""
    monkeypatch.syspath_prepend(tmp_path)

    def of(source: str, beside: str = "x = 1") -> str:
        (tmp_path / "counted.py").write_text(source)
        (tmp_path / "counted_more.py").write_text(beside)
        (tmp_path / "uncounted.py").write_text(beside[::-1])
        source_digest.cache_clear()
        return source_digest("counted")

    yield of
    source_digest.cache_clear()
    sys.modules.pop("counted", None)


def test_code_counts_and_words_do_not(digest) -> None:
    plain = digest("def f(a):\n    return a + 1\n")
    assert (
        digest('"""About f."""\ndef f(a):  # adds\n\n    """One more."""\n    return a+1') == plain
    )
    assert digest("def f(a):\n    return a + 2\n") != plain
    assert digest("def f(a):\n    return a + 1\n", beside="x = 2") != plain


def test_text_that_is_code_counts(digest) -> None:
    assert digest("x = 'a'") != digest("x = 'b'")


def test_a_package_counts_with_all_its_files() -> None:
    versions = code_versions("epsilon_research.collapse", "epsilon_research.programs")
    assert list(versions) == ["epsilon_research.collapse", "epsilon_research.programs"]
    assert all(len(value) == 16 for value in versions.values())
    assert len(set(versions.values())) == 2


def test_code_without_a_source_is_refused() -> None:
    with pytest.raises(ModuleNotFoundError, match="source of math must be readable"):
        source_digest("math")
