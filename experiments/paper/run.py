"""Runs one study of the paper as a process of its own, and judges what came of it."""

import hashlib
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from epsilon_research.reporting.study import Study
from epsilon_research.studies.gather import RECORD
from epsilon_research.tracking import write_json
from experiments.paper.plan import Files, Plan
from experiments.provenance import ROOT

logger = logging.getLogger(__name__)

PROGRAM = (sys.executable, str(ROOT / "run.py"))

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TAIL_BYTES = 65_536


class State(StrEnum):
    """The fate of a study."""

    DONE = "done"
    KEPT = "kept"
    FAILED = "failed"
    LEFT_OUT = "left out"
    INTERRUPTED = "interrupted"
    WAITING = "not run yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A study with its fate: the command as a user would type it, and what it left in its folder.

    Wall time and end (in ISO format) are those of the run whose results these are, also if it is an
    earlier one that is kept. A failed study has a reason; a failed sweep may have a record of the
    jobs that did not fail.
    """

    plan: Plan
    command: tuple[str, ...]
    folder: Path
    state: State
    seconds: float = 0.0
    finished: str | None = None
    reason: str | None = None
    study: Study | None = None

    def judged(self) -> "Outcome":
        """Return the outcome with the record of its process: failed without, or with a reason."""
        study, reason = None, self.reason
        try:
            study = Study.read(self.folder / RECORD)
        except FileNotFoundError:
            reason = reason or f"{RECORD} must be left by a study, got none: see its log"
        except ValueError as error:
            reason = reason or str(error)
        state = State.FAILED if reason else self.state
        return replace(self, state=state, reason=reason, study=study)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Runs studies, each in a folder of its name below `output`, with log and record beside it.

    If `keep`, one that ended before with the same command, files and configuration is kept;
    otherwise it runs again, which the score store makes short. `extra` are further settings for all
    studies, and `program` is started in place of `python run.py`.
    """

    output: Path
    files: Files
    conf: Path
    extra: tuple[str, ...] = ()
    keep: bool = False
    program: tuple[str, ...] = PROGRAM

    def waiting(self, plan: Plan) -> Outcome:
        """Return a study before its turn, or one that is left out."""
        return Outcome(
            plan=plan,
            command=plan.command(self.extra),
            folder=self.output / plan.name,
            state=State.LEFT_OUT if plan.missing else State.WAITING,
        )

    def run(self, plan: Plan) -> Outcome:
        """Run a study, unless it is left out or kept. A study that fails raises nothing.

        Raises:
            KeyboardInterrupt: By Ctrl-C, after the study's process has ended cleanly.
            FileExistsError: Its folder was not made by this command, and would be emptied.
        """
        waiting = self.waiting(plan)
        if plan.missing:
            return waiting
        kept = self.kept(plan) if self.keep else None
        if kept is not None:
            return kept
        record, identity = self._record_path(plan), self._identity(plan)
        log = self.output / f"{plan.name}.log"
        _empty(waiting.folder, record)
        write_json({**identity, "state": State.WAITING}, record)
        words = (*self.program, *waiting.command[2:], plan.folder_setting(waiting.folder))
        start = time.monotonic()
        status = _run_process(words, log=log)
        ended = {
            "seconds": time.monotonic() - start,
            "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        reason = None if status == 0 else last_sentence(log, status=status)
        outcome = replace(waiting, state=State.DONE, reason=reason, **ended).judged()
        write_json({**identity, "state": outcome.state, **ended}, record)
        return outcome

    def kept(self, plan: Plan) -> Outcome | None:
        """Return what an earlier run left that was made of the same; None if there is nothing."""
        before = self.before(plan)
        if plan.missing or before.get("state") != State.DONE:
            return None
        if any(before.get(key) != value for key, value in self._identity(plan).items()):
            return None
        ended = {"seconds": before["seconds"], "finished": before["finished"]}
        judged = replace(self.waiting(plan), state=State.KEPT, **ended).judged()
        return judged if judged.state == State.KEPT else None

    def before(self, plan: Plan) -> dict[str, Any]:
        """Return the record of an earlier run, however it ended; empty if there is none."""
        path = self._record_path(plan)
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError) as error:
            logger.warning("%s cannot be read: %s", path, error)
            return {}

    def _record_path(self, plan: Plan) -> Path:
        return self.output / f"{plan.name}.json"

    def _identity(self, plan: Plan) -> dict[str, Any]:
        """Everything that a kept result must have been made with: of the studies only its own."""
        studies, digest = self.conf / "study", hashlib.sha256()
        paths = [path for path in sorted(self.conf.rglob("*.yaml")) if path.parent != studies]
        for path in [*paths, studies / f"{plan.name}.yaml"]:
            name, content = str(path.relative_to(self.conf)), path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return {
            "command": list(plan.command(self.extra)),
            "files": self.files.stamps(plan.kinds),
            "configuration": digest.hexdigest(),
        }


def _empty(folder: Path, record: Path) -> None:
    """Remove what an earlier run left, which would be taken for this one's."""
    if folder.exists() and any(folder.iterdir()):
        if not record.is_file():
            raise FileExistsError(
                f"{folder} must be empty or made by this command, got a folder without "
                f"{record.name} beside it: move it away, or choose another --output"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _run_process(words: tuple[str, ...], *, log: Path) -> int:
    """The exit status of a process whose output goes to `log`.

    It is in a group of its own, so that Ctrl-C reaches it once, from here: it then ends
    cleanly. A second Ctrl-C ends it at once.
    """
    with log.open("wb") as handle:
        process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=handle, stderr=subprocess.STDOUT,
            process_group=0, env={**os.environ, "COLUMNS": "120"},
        )  # fmt: skip
        try:
            return process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def last_sentence(log: Path, *, status: int) -> str:
    """Return why a process failed: the last error that it logged, or else its last line."""
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - _TAIL_BYTES))
        text = _ESCAPES.sub("", handle.read().decode("utf-8", errors="replace"))
    lines = [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    for pattern in (r"error: (.+)", r"(job \d+ failed: .+)"):
        found = [match[1] for line in lines if (match := re.match(pattern, line))]
        if found:
            return found[-1]
    ended = f"it ended with status {status}"
    return f"{ended}: {lines[-1]}" if lines else f"{ended} and printed nothing"
