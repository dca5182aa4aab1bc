"""Headless Chromium for tests of the pages, spoken to over a pair of pipes (DevTools protocol): no driver, no port."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

FOUND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)
PATIENCE = 20.0
"""Seconds that one answer may take."""


class BrowserError(AssertionError):
    """The browser refused, or said nothing for too long."""


class Browser:
    """One browser, one tab; `opened` loads a page in it and forgets what the last one logged."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="conformance-browser-")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # The browser reads from descriptor 3 and writes to 4; a shell puts our pipes there.
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        command = ["bash", "-c", shell, "-", str(FOUND), *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, pass_fds=(theirs_in, theirs_out), **quiet)
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        self.events: list[tuple[str, dict[str, Any]]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.send("Page.setLifecycleEventsEnabled", enabled=True)

    def close(self) -> None:
        """End the browser and forget its profile."""
        try:
            self.send("Browser.close")
            self._process.wait(10)
        except (BrowserError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        while True:
            answer = self._next()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        """The next message; events are kept as they pass."""
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._in, 1 << 20) if ready else b""
            if not data:
                raise BrowserError("the browser says nothing")
            self._rest += data
        first, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(first)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    def opened(self, page: Path, fragment: str = "", **emulated: str) -> Browser:
        """Load a page and wait until it has loaded; `prefers_color_scheme` and `media` may be emulated."""
        self.emulate(**emulated)
        self._load("about:blank")  # so that a fragment alone is a new load, too
        self.events.clear()
        self._load(page.as_uri() + fragment)
        return self

    def _load(self, url: str) -> None:
        loader = self.send("Page.navigate", url=url)["loaderId"]
        while not any(
            name == "Page.lifecycleEvent" and event["loaderId"] == loader and event["name"] == "load"
            for name, event in self.events
        ):
            self._next()

    def emulate(self, media: str = "", scheme: str = "light") -> None:
        """Show the page as that medium (`print`) and colour scheme would."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        given = {"expression": script, "returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = self.send("Runtime.evaluate", **given)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"].get("exception", answer["exceptionDetails"])))
        return answer["result"].get("value")

    def waits(self, script: str) -> bool:
        """Whether an expression comes true before patience ends."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.run(script):
                return True
        return False

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key: `Tab`, `Enter`, or a space."""
        codes = {"Tab": 9, "Enter": 13, " ": 32}
        given = {
            "key": key,
            "code": key.strip() or "Space",
            "windowsVirtualKeyCode": codes[key],
            "modifiers": 8 * shift,
        }
        text = {"Enter": {"text": "\r"}, " ": {"text": " "}}.get(key, {})
        self.send("Input.dispatchKeyEvent", type="keyDown", **given, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **given)

    def click(self, selector: str) -> None:
        """Click the middle of the first element that fits, as a pointer would."""
        where = "(e => { e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); "
        where += f"return [r.x + r.width / 2, r.y + r.height / 2]; }})(document.querySelector({json.dumps(selector)}))"
        x, y = self.run(where)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def pdf(self) -> bytes:
        """The page as printed."""
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"])

    @property
    def complaints(self) -> list[str]:
        """What the page logged: errors, refused resources, uncaught exceptions."""
        self.run("0")
        logged = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}
        return [json.dumps(params)[:500] for name, params in self.events if name in logged]

    @property
    def requests(self) -> list[str]:
        """The addresses that the page asked for, itself included."""
        self.run("0")
        return [params["request"]["url"] for name, params in self.events if name == "Network.requestWillBeSent"]
