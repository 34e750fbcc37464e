"""A user's mistake as one sentence: what must hold, what was given, what to do."""

import re
from functools import singledispatch

import yaml
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf.errors import (
    InterpolationKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from epsilon_research.catalogue import CONF, default_options
from epsilon_research.launch.options import known_settings, suggestion, unknown_setting

USER_ERRORS = (
    HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError, KeyError, OSError,
    MemoryError,
)  # fmt: skip
"""Exceptions of a user's mistake; anything else is a bug and shows its traceback."""


@singledispatch
def user_message(error: BaseException) -> str:
    """Return the sentence about a user's mistake; Hydra's own words are replaced by ours."""
    # A KeyError would put its sentence in quotes.
    text = error.args[0] if isinstance(error, KeyError) and error.args else error
    return str(text) or type(error).__name__


@user_message.register
def _(error: InstantiationException) -> str:
    if error.__cause__ is None:
        return str(error)
    setting = _as_typed(str(error).partition("full_key: ")[2])
    cause = user_message(error.__cause__)
    # Most sentences name the setting themselves.
    first = cause.split(" ", 1)[0].split(".", 1)[0]
    if not setting or first in setting.split(".") or first in known_settings():
        return cause
    own = re.match(r"\w+ must ", cause)  # an object knows its field, not where it stands
    return f"{setting}.{cause}" if own else f"{setting}: {cause}"


def _as_typed(path: str) -> str:
    """`pipeline.metric.epsilon.engine` as `engine`: what the pipeline refers to is a group."""
    parts = path.removeprefix("pipeline").removeprefix(".").split(".")
    starts = [place for place, part in enumerate(parts) if part and (CONF / part).is_dir()]
    return ".".join(parts[starts[-1] if starts else 0 :])


@user_message.register
def _(error: MissingMandatoryValue) -> str:
    setting = _as_typed(str(error.full_key))
    return f"{setting} must be given, got nothing: pass {setting}=..."


@user_message.register
def _(error: OmegaConfBaseException) -> str:
    reason = str(error).partition("\n")[0]
    setting = _as_typed(str(error.full_key)) if error.full_key else "a setting"
    return f"{setting} must be a value that can be resolved, got another ({reason}): correct it"


@user_message.register
def _(error: InterpolationKeyError) -> str:
    missing = re.search(r"Interpolation key '([\w.]+)'", str(error))
    if missing is None:
        return str(error)
    name = missing[1]
    return f"{name} must be given, since others refer to it, got nothing: pass {name}=..."


@user_message.register
def _(error: MissingConfigException) -> str:
    group, _, option = str(error.missing_cfg_file).rpartition("/")
    options = sorted(error.options or (path.stem for path in (CONF / group).glob("*.yaml")))
    if group and options:
        known, advice = ", ".join(options), suggestion(option, options)
        return f"{group} must be one of {known}, got {option}: {advice}"
    reason = str(error).partition("\n")[0]
    return (
        f"--config-path and --config-name must lead to a YAML file, got none ({reason}): take "
        "the config.yaml of a run folder"
    )


@user_message.register
def _(error: ConfigCompositionException) -> str:
    # Hydra advises to add the key with a plus, which would be refused for good reason.
    unknown = re.match(r"Could not (?:override|delete from config\.) '([^']+)'", str(error))
    if unknown:
        return unknown_setting(unknown[1])
    several = re.match(r"Ambiguous value for argument '((.*?)=(.*))'\n", str(error))
    if several is None:
        reason = " ".join(str(error).split())
        return (
            f"a configuration must be one that Hydra can compose, got another ({reason}): correct "
            "it"
        )
    # Two things may be meant by `metric=a,b`.
    typed, setting, value = several.groups()
    single = isinstance(default_options().get(setting), str)
    kind = "one of its options" if single else "one value or a list in brackets"
    together = "" if single else f"'{setting}=[{value}]' for a list, or "
    return (
        f"{setting} must be {kind}, got {value}: type {together}-m '{typed}' for a sweep, one run "
        "with each"
    )


@user_message.register
def _(error: OverrideParseException) -> str:
    setting, equals, value = error.override.partition("=")
    if not equals:
        advice = "write setting=value, see --help"
    elif any(character in value for character in "[]{}()'\""):
        advice = "close its brackets and quotes"
    else:
        advice = f"quote its value, \"{setting}='{value}'\""
    return f"settings must be in Hydra's grammar, got {error.override}: {advice}"


@user_message.register
def _(error: yaml.YAMLError) -> str:
    words = " ".join(str(error).split())
    return f"a configuration must be a YAML file without repeated keys, got another: {words}"


@user_message.register
def _(error: MemoryError) -> str:
    reason = str(error)
    if " must " in reason:
        return reason
    return (
        f"memory must be enough for the run, got {reason or type(error).__name__!r}: pass fewer "
        "executor.processes, a smaller batch_size or fewer architectures"
    )


@user_message.register
def _(error: OSError) -> str:
    if error.strerror is None or " must " in error.strerror:
        return str(error) if error.strerror is None else f"{error.filename}: {error.strerror}"
    where = "the run folder" if error.filename is None else error.filename
    return (
        f"{where} must be readable or writable, got {error.strerror!r}: check permissions and "
        "free space, or choose another folder with hydra.run.dir=PATH"
    )
