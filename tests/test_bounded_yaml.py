"""YAML files that are looked at before anybody builds what they say."""

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sentences import refused

from epsilon_research.bounded_yaml import MOST_BYTES, MOST_LEVELS, MOST_VALUES, check_yaml

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc", max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner),
    max_leaves=20,
)


def check(path: Path, content: str | bytes) -> None:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    check_yaml(path, setting="--config-name")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=values)
def test_whatever_yaml_writes_is_taken(value: object, tmp_path: Path) -> None:
    check(tmp_path / "config.yaml", yaml.safe_dump([value, value]))


def test_the_project_s_own_files_are_taken() -> None:
    for path in (Path(__file__).parents[1] / "conf").rglob("*.yaml"):
        check_yaml(path, setting="--config-name")


TENFOLD = "\n".join([f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(1, 9)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a: [1", "expected ',' or ']'"),
        (b"\xff\xfe\x00", "truncated data"),
        (b"a: \x07", "special characters are not allowed"),
        (f"a1: &a1 [1]\n{TENFOLD}", f"more than {MOST_VALUES:,} values"),
        ("a: &a [*a]", "the alias 'a' of nothing that ends before it"),
        ("a: &a {b: *a}", "the alias 'a' of nothing that ends before it"),
        ("a: *b", "the alias 'b' of nothing that ends before it"),
        ("[" * MOST_LEVELS * 2, f"more than {MOST_LEVELS} levels"),
        ("- 1\n" * (MOST_VALUES + 1), f"more than {MOST_VALUES:,} values"),
        (b" " * (MOST_BYTES + 1), "1,048,577 bytes instead of at most 1,048,576"),
    ],
)
def test_what_is_too_much_is_refused(content: str | bytes, reason: str, tmp_path: Path) -> None:
    with refused(ValueError, "--config-name must be a YAML file", reason):
        check(tmp_path / "config.yaml", content)


def test_an_alias_of_something_small_is_taken(tmp_path: Path) -> None:
    check(tmp_path / "config.yaml", "a: &a [1, 2]\nb: *a\nc: &c 3\nd: [*c, *a]\n")
