"""Files of `torch.save`: containers and numbers are read, everything else is refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from sentences import refused

from epsilon_research.benchmarks import torch_file
from epsilon_research.benchmarks.torch_file import load_torch_file


def saved(value: object, path: Path, *, as_zip: bool) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=as_zip)
    return path


@pytest.mark.parametrize("as_zip", [True, False])
def test_what_was_saved_comes_back(tmp_path: Path, as_zip: bool) -> None:
    value = {"a": [1, 2.5, None], "b": {"c": ("text", np.float64(0.1))}}
    path = saved(value, tmp_path / "a.pth", as_zip=as_zip)
    assert load_torch_file(path, setting="benchmark.path") == value


@pytest.mark.parametrize("as_zip", [True, False])
def test_tensors_are_refused(tmp_path: Path, as_zip: bool) -> None:
    path = saved({"a": torch.ones(3)}, tmp_path / "a.pth", as_zip=as_zip)
    with refused(ValueError, "must be a pickle of plain values"):
        load_torch_file(path, setting="benchmark.path")


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_damaged_file_is_refused(tmp_path: Path, as_zip: bool) -> None:
    path = saved({"a": [1.0] * 50}, tmp_path / "a.pth", as_zip=as_zip)
    content = path.read_bytes()
    for end in (0, 15, 40, len(content) // 2):
        path.write_bytes(content[:end])
        with refused(ValueError, "damaged"):
            load_torch_file(path, setting="benchmark.path")


def test_another_archive_or_a_larger_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("text", "a")
    with refused(ValueError, "got a zip archive without data.pkl"):
        load_torch_file(path, setting="benchmark.path")
    monkeypatch.setattr(torch_file, "_LARGEST_FILE", 10)
    with refused(ValueError, "must have at most 10 bytes"):
        load_torch_file(path, setting="benchmark.path")
