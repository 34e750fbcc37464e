"""Every setting refuses every wrong kind of value in one sentence, before any work."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.kinds import check_kinds
from tests.commands import ROOT

CONF = ROOT / "conf"
WRONG = (
    "x",
    "",
    True,
    None,
    -1,
    0,
    1.5,
    math.nan,
    math.inf,
    10**30,
    10**5000,
    [],
    ["x"],
    [[1]],
    {},
    {"x": 1},
    {"_target_": "epsilon_research.store.NoStore"},
)
SENTENCE = re.compile(r"[a-z_]+[\w.\[\]]*( .*)? must .+, got .+: .+")
Place = tuple[str, ...]
Configuration = tuple[dict[str, Any], dict[str, Any]]
"""As it is written, and with references resolved."""


def options() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(CONF.glob("*/*.yaml")):
        found.setdefault(path.parent.name, []).append(path.stem)
    return found


def configurations() -> Iterator[Configuration]:
    """The default one, then as few as show each option of each group once."""
    groups = options()
    several = {name: groups.pop(name) for name in ("metric", "stage")}
    for name in ("study", "task"):  # other values of the same settings
        del groups[name]
    chosen = [f"{name}=[{','.join(found)}]" for name, found in several.items()]
    turns = range(max(map(len, groups.values())))
    choices = [
        [*chosen, *(f"{name}={found[turn % len(found)]}" for name, found in groups.items())]
        for turn in turns
    ]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for overrides in [[], *choices]:
            config = compose("config", ["store=none", *overrides])
            config.name = "test"
            written: Any = OmegaConf.to_container(config)
            filled = OmegaConf.create(_without_missing(written))
            yield written, OmegaConf.to_container(filled, resolve=True)  # type: ignore[misc]


def _without_missing(node: Any) -> Any:
    """The same with some text for each setting that a user must give."""
    if isinstance(node, dict):
        return {key: _without_missing(part) for key, part in node.items()}
    return "text" if node == "???" else node


def settings_of(node: Any, place: Place = ()) -> Iterator[Place]:
    """The places of all settings below a node but those of what is built from them."""
    if isinstance(node, dict):
        for key, part in node.items():
            if place or key != "pipeline":
                yield from settings_of(part, (*place, key))
    if place and place[-1] != "_target_":
        yield place


def replaced(node: Any, place: Place, value: Any) -> Any:
    """A copy of a container with another value at one place; the rest is shared."""
    if not place:
        return value
    return {**node, place[0]: replaced(node[place[0]], place[1:], value)}


@pytest.fixture(scope="module")
def cases() -> dict[Place, Configuration]:
    """Each setting of each option with a configuration that has it."""
    found: dict[Place, Configuration] = {}
    for written, resolved in configurations():
        for place in settings_of(written):
            group = resolved[place[0]]
            option = group.get("_target_", "") if isinstance(group, dict) else ""
            found.setdefault((option, *place), (written, resolved))
    return found


def refusal(written: Any, resolved: Any, place: Place, value: Any) -> str | None:
    """The sentence about a wrong value, or None if what it belongs to can be built with it."""
    written, resolved = replaced(written, place, value), replaced(resolved, place, value)
    try:
        if len(place) == 1:
            resolved = OmegaConf.to_container(OmegaConf.create(written), resolve=True)
        check_kinds(written, resolved)
        owner = place[0] if len(place) > 1 else "pipeline"
        if owner != "report":
            instantiate(resolved[owner], _convert_="all")
    except USER_ERRORS as error:
        return user_message(error)
    return None


def test_a_wrong_kind_of_value_is_one_sentence(cases: Mapping[Place, Configuration]) -> None:
    refused = dict.fromkeys(cases, 0)
    for (option, *place), (written, resolved) in cases.items():
        for value in WRONG:
            sentence = refusal(written, resolved, tuple(place), value)
            if sentence is not None:
                assert SENTENCE.fullmatch(sentence), (place, sentence)
                refused[option, *place] += 1
    # Text, null, a list or a mapping may be right, but never all of these, nor NaN, nor infinity.
    assert len(cases) > 250
    assert {place: count for place, count in refused.items() if count < len(WRONG) - 6} == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**30, [[1]], "x", True])
def test_what_no_number_is_is_refused_for_every_number(
    cases: Mapping[Place, Configuration], value: Any
) -> None:
    for (_, *place), (written, resolved) in cases.items():
        now = resolved
        for key in place:
            now = now[key]
        if isinstance(now, int | float) and not isinstance(now, bool):
            if value == 10**30 and isinstance(now, float):
                continue
            sentence = refusal(written, resolved, tuple(place), value)
            assert sentence is not None, place
            assert str(place[-1]) in sentence
