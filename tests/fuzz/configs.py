"""Saved configurations: `python run.py --config-path=FOLDER --config-name=config`."""

from collections.abc import Sequence

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from epsilon_research.launch.cli import parse
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.foreign import check_origin
from epsilon_research.launch.job import check_settings
from epsilon_research.launch.trust import check_targets
from tests.fuzz.target import Target, check_sentence, in_file

_SAVED = b"""# Run again
name: toy
seed: 0
batch_size: 16
search_space: {space: {_target_: epsilon_research.spaces.toy.Toy, num_classes: 10}, first: 5}
store: none
weights: [1.0e-07, 1]
report: null
"""


def _config(data: bytes) -> None:
    """Up to where the settings are known and resolved; nothing is built."""
    path = in_file(data, "config/config.yaml")
    try:
        flags = [f"--config-path={path.parent}", "--config-name=config"]
        check_origin(parse(flags))
        with initialize_config_dir(str(path.parent), version_base="1.3"):
            config = compose("config")
        check_settings(config)
        OmegaConf.resolve(config)
        check_targets(OmegaConf.to_container(config))
    except USER_ERRORS as error:
        # Some of Hydra's errors say nothing themselves, and its own words have several lines.
        words = user_message(error) or str(error.__cause__)
        check_sentence(" ".join(words.split())[:500])


def _tenfold(level: int) -> bytes:
    names = b", ".join([b"*a%d" % level] * 10)
    return b"a%d: &a%d [%s]" % (level + 1, level + 1, names)


def _seeds() -> Sequence[bytes]:
    return [
        _SAVED,
        b"defaults: [_self_, {metric: epsilon}]\nname: ${seed}\nseed: ${name}\n",
        b"name: ${oc.env:HOME}\nseed: ???\n",
        b"\n".join([b"a0: &a0 [0]", *(_tenfold(level) for level in range(12))]),
        b"a: &a [*a]\n",
        b"a: " + b"[" * 300 + b"]" * 300,
        b"a: &a [1, 2]\nname: *a\nseed: {<<: {b: 1}}\n",
    ]


TARGETS = (Target(name="saved_config", run=_config, seeds=_seeds, max_bytes=1 << 12),)
