"""A setting of `conf/` that repeats a constructor's default has the same value."""

import inspect
from collections.abc import Iterator
from typing import Any

from hydra.utils import get_object
from omegaconf import OmegaConf

from tests.commands import ROOT

CHOSEN = {
    "dataset/large_photos.yaml min_crop",  # what makes it another option than photos
    "dataset/large_photos.yaml max_crop",
    "dataset/large_photos.yaml image_size",
    "agreement/reference.yaml engine.dtype",  # a comparison is with more precision
    "search_space/nb101.yaml auto_size",  # this space is larger than a first run should be
    "search_space/nats_sss.yaml auto_size",  # some twenty minutes for all
    "search_space/nb101.yaml paper_filter",  # the paper dropped other rows on each space
    "search_space/nbnlp.yaml paper_filter",
    "search/nsga2.yaml sampler",  # one class for both samplers
}
"""Settings that differ on purpose: the option chooses, the default is for Python users."""


def _with_defaults(node: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every plain setting of `node` with its value and the default of its constructor."""
    if not isinstance(node, dict):
        return
    target = node.get("_target_")
    parameters = {} if target is None else inspect.signature(get_object(target)).parameters
    for key, value in node.items():
        here = f"{place}.{key}".removeprefix(".")
        yield from _with_defaults(value, here)
        is_plain = not isinstance(value, dict) and not str(value).startswith(("${", "???"))
        if is_plain and key in parameters:
            yield here, value, parameters[key].default


def test_settings_repeat_the_defaults_of_constructors_unless_chosen_otherwise() -> None:
    compared, different = 0, set()
    # A study is made of choices.
    options = [path for path in (ROOT / "conf").glob("*/*.yaml") if path.parent.name != "study"]
    for path in sorted(options):
        for place, value, default in _with_defaults(OmegaConf.to_container(OmegaConf.load(path))):
            if default is inspect.Parameter.empty:
                continue
            compared += 1
            if isinstance(value, list):
                value, default = tuple(value), default and tuple(default)
            if value != default:
                different.add(f"{path.relative_to(ROOT / 'conf')} {place}")
    assert compared > 150
    assert different == CHOSEN
