"""Settings of somebody else: read as they are, within limits."""

from pathlib import Path

import pytest
import yaml

from epsilon_research.bounded_yaml import read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_settings_are_read(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "a: {b: [1, 2.5, x]}\n")) == {"a": {"b": [1, 2.5, "x"]}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &a [1]\nb: [*a, *a]\n", "aliases"),
        ("a: " + "[" * 50 + "]" * 50, "levels"),
        ("a: " + "1" * (1 << 20), "bytes"),
        ("- a\n", "holds a list"),
        ("a: !!python/object/apply:os.system [true]\n", "could not determine a constructor"),
    ],
)
def test_what_could_grow_or_run_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match=reason):
        read_settings(written(tmp_path, text))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "endless").symlink_to("/dev/zero")
    with pytest.raises(yaml.YAMLError, match="it is not a file"):
        read_settings(tmp_path / "endless")
