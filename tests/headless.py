"""A page in a headless Chromium, which is driven by its DevTools protocol over two pipes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for path in map(shutil.which, _NAMES) if path is not None), None)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: apt install chromium")


class Page:
    """A tab.

    Attributes:
        requests: Addresses that it asked for, in turn.
        complaints: Errors of its scripts and of its security policy.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = os.fdopen(commands, "wb"), os.fdopen(answers, "rb")
        self._unread = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a command; what happens meanwhile is noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        self._commands.write(json.dumps(message).encode() + b"\0")
        self._commands.flush()
        while (found := self._next()).get("id") != self._number:
            self._note(found)
        assert "error" not in found, found
        return found["result"]

    def open(self, path: Path) -> None:
        """Open a file, and wait until it is loaded."""
        self.ask("Page.navigate", url=path.as_uri())
        while (found := self._next()).get("method") != "Page.loadEventFired":
            self._note(found)

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript, a promise's when it is there."""
        found = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression: str) -> Any:
        """The value of an expression as soon as it is true, which it must be within a minute."""
        return self.value(
            f"""new Promise((done, fail) => {{
                let left = 3000;
                const look = () => {{
                    const found = {expression};
                    if (found) done(found);
                    else if (left-- > 0) setTimeout(look, 20);
                    else fail(new Error("it never became true"));
                }};
                look();
            }})"""
        )

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move, press, release or wheel the mouse at a place of the window."""
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def close(self) -> None:
        """End the conversation."""
        self._commands.close()
        self._answers.close()

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            found = os.read(self._answers.fileno(), 1 << 16)
            assert found, "the browser has ended"
            self._unread += found
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def _note(self, found: dict[str, Any]) -> None:
        about = found.get("params", {})
        if found.get("method") == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        if found.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(about["exceptionDetails"]["text"])
        if found.get("method") == "Log.entryAdded":
            self.complaints.append(about["entry"]["text"])


@contextmanager
def browser(profile: Path, *, width: int = 1200, height: int = 900) -> Iterator[Page]:
    """A tab of a fresh browser that ends with the block."""
    assert CHROMIUM is not None
    (to_read, commands), (answers, to_write) = os.pipe(), os.pipe()
    # The browser reads commands from descriptor 3 and answers on 4, whatever they were here.
    shell = f'exec "$@" 3<&{to_read} 4>&{to_write}'
    words = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
        f"--user-data-dir={profile}", f"--window-size={width},{height}",
    ]  # fmt: skip
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", *words],
        pass_fds=(to_read, to_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(to_write)
    try:
        page = Page(commands, answers)
        try:
            yield page
        finally:
            page.close()
    finally:
        process.kill()
        process.wait()
