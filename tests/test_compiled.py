"""Compiled functions: kept where that can be done, and compiled where it cannot."""

import errno
import os
from pathlib import Path

import pytest
from numba.core import caching, config

from epsilon_research import compiled


def doubled(x: float) -> float:
    """Numba needs a function of a file."""
    return 2 * x


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))


def kept(folder: Path) -> list[Path]:
    return [*folder.rglob("*.nbc")]


def test_a_compiled_function_is_kept(tmp_path: Path) -> None:
    assert compiled.njit(cache=True)(doubled)(2.0) == 4.0
    assert len(kept(tmp_path)) == 1
    assert compiled.njit(cache=False)(doubled)(2.0) == 4.0
    assert len(kept(tmp_path)) == 1


def test_a_full_disk_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, index: object, data: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", refuse)
    assert compiled.njit(cache=True)(doubled)(2.0) == 4.0
    assert kept(tmp_path) == []


def test_no_folder_at_all_costs_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled.njit(cache=True)(doubled)(2.0) == 4.0


def test_what_is_kept_is_known_without_being_loaded() -> None:
    function = compiled.njit(cache=True)(doubled)
    assert not compiled.is_kept(function, num_forms=1)
    function(2.0)
    function(2)
    again = compiled.njit(cache=True)(doubled)
    assert compiled.is_kept(again, num_forms=2)
    assert not compiled.is_kept(again, num_forms=3)
    assert again.overloads == {}


def test_what_another_source_or_processor_was_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    function = compiled.njit(cache=True)(doubled)
    function(2.0)
    cache_file = function._cache._cache_file
    with monkeypatch.context() as changed:
        changed.setattr(cache_file, "_source_stamp", ("another", "source"))
        assert not compiled.is_kept(function, num_forms=1)
    codegen = type(function.targetctx.codegen())
    monkeypatch.setattr(codegen, "magic_tuple", lambda self: ("another", "processor"))
    assert not compiled.is_kept(function, num_forms=1)


def test_what_is_not_kept_at_all_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not compiled.is_kept(compiled.njit(cache=False)(doubled), num_forms=1)
    assert not compiled.is_kept(doubled, num_forms=1)
