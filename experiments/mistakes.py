"""What to tell a user who made a mistake: Hydra's and OmegaConf's words in one sentence of ours.

Beside run.py the only module that knows Hydra.
"""

import difflib
import re
from functools import cache, singledispatch
from pathlib import Path

import yaml
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
)
from omegaconf import OmegaConf
from omegaconf.errors import (
    InterpolationKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

CONF = Path(__file__).resolve().parents[1] / "conf"

MISTAKES = (
    HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, KeyError, OSError,
    MemoryError,
)  # fmt: skip
"""What a user's mistake raises; anything else is a bug and shows its traceback."""


@singledispatch
def sentence(error: BaseException) -> str:
    """What to tell a user who made a mistake; one case below for each kind that needs words.

    Here and not in run.py, whose `main` a launcher such as submitit sends to other machines with
    all that stands there: a `singledispatch` cannot be pickled.
    """
    return str(error) or type(error).__name__


@sentence.register
def _(error: InstantiationException) -> str:
    if error.__cause__ is None:
        return str(error)
    setting = _as_typed(str(error).rpartition("full_key: ")[2])
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", str(error.__cause__))
    if unexpected:
        return unknown_setting(f"{setting}.{unexpected[1]}".removeprefix("."))
    cause = sentence(error.__cause__)
    # Most sentences name the setting themselves.
    first = cause.split(" ", 1)[0].split(".", 1)[0]
    named = first in setting.split(".") or first in known_settings()
    return cause if named or not setting else f"{setting}: {cause}"


def _as_typed(path: str) -> str:
    """`pipeline.metric.epsilon.engine` as `engine`: what the pipeline refers to is a group."""
    parts = path.removeprefix("pipeline").removeprefix(".").split(".")
    starts = [place for place, part in enumerate(parts) if part and (CONF / part).is_dir()]
    return ".".join(parts[starts[-1] if starts else 0 :])


@sentence.register
def _(error: MissingMandatoryValue) -> str:
    setting = _as_typed(str(error.full_key))
    return f"{setting} must be given, got nothing: pass {setting}=..."


@sentence.register
def _(error: InterpolationKeyError) -> str:
    missing = re.search(r"Interpolation key '([\w.]+)'", str(error))
    if missing is None:
        return str(error)
    return (
        f"{missing[1]} must be given, since others refer to it, got nothing: pass {missing[1]}=..."
    )


@sentence.register
def _(error: MissingConfigException) -> str:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    options = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    if not group or not options:
        return str(error)
    return f"{group} must be one of {', '.join(options)}, got {option}: choose one of them"


@sentence.register
def _(error: ConfigCompositionException) -> str:
    # Hydra advises to add the key with a plus, which would be refused for good reason.
    unknown = re.match(r"Could not override '([\w.]+)'", str(error))
    return unknown_setting(unknown[1]) if unknown else str(error)


@sentence.register
def _(error: yaml.YAMLError) -> str:
    words = " ".join(str(error).split())
    return f"a configuration must be a YAML file without repeated keys, got another: {words}"


@sentence.register
def _(error: MemoryError) -> str:
    told = str(error)
    if " must " in told:
        return told
    return (
        f"memory must be enough for the run, got {told or type(error).__name__!r}: pass fewer "
        "executor.processes, a smaller batch_size or fewer architectures"
    )


@sentence.register
def _(error: KeyError) -> str:
    return str(error.args[0]) if error.args else "KeyError"


@sentence.register
def _(error: OSError) -> str:
    if error.strerror is None or " must " in error.strerror:
        return str(error) if error.strerror is None else f"{error.filename}: {error.strerror}"
    where = "the run folder" if error.filename is None else error.filename
    return (
        f"{where} must be readable or writable, got {error.strerror!r}: check permissions and "
        "free space, or choose another folder with hydra.run.dir=PATH"
    )


@cache
def known_settings() -> frozenset[str]:
    """Groups and plain values of the main configuration."""
    base = OmegaConf.load(CONF / "config.yaml")
    groups = {str(next(iter(entry))) for entry in base.defaults if not isinstance(entry, str)}
    return frozenset(groups | {str(key) for key in base} - {"defaults", "hydra"})


def unknown_setting(key: str) -> str:
    """What to tell a user about a setting that does not exist, at least not in this choice."""
    group, _, name = key.partition(".")
    homes = {
        f"{group}.{setting}": path.stem
        for path in sorted((CONF / group).glob("*.yaml"))
        for setting in OmegaConf.load(path)
    }
    known = homes if name else known_settings()
    if key in homes:
        advice = f"{group}={homes[key]} has it"
    else:
        close = difflib.get_close_matches(key, known, n=1)
        advice = f"did you mean {close[0]}?" if close else "see python run.py --help"
    return f"settings must be among those that the chosen options have, got {key}: {advice}"
