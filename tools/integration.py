"""Run the harness against a live gateway that nobody here wrote: LiteLLM's proxy, in an environment of its own.

Installs the proxy (kept in .work/litellm between runs), starts it on a free loopback port with a scripted answer, waits
until it is ready, runs `conformance run` on it, stops it, and keeps the report and the proxy's log in reports/litellm.
Ends with 0 when the harness could judge (findings are expected), and when the registry cannot be reached; else with 1.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".work" / "litellm"
PINS = ROOT / "constraints" / "litellm.txt"
REPORT = ROOT / "reports" / "litellm"
KEY_VARIABLE = "CONFORMANCE_LITELLM_KEY"
MODEL = "gpt-4o-mini"
BOUND = 470.0  # seconds for everything
JUDGED = (0, 1)  # exit codes of a harness that did its work
UNREACHABLE = (
    "NewConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "SSLError", "Temporary failure",
    "Could not find a version", "No matching distribution",
)  # fmt: skip
CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params:
      model: openai/{model}
      api_key: not-a-real-key
      mock_response: "1, 2, 3"
"""


class Skip(Exception):
    """The gateway cannot be had here; says why."""


class Failed(Exception):
    """Something that should work did not; says what."""


class Clock:
    """What is left of the time for everything."""

    def __init__(self, bound: float) -> None:
        self.ends = time.monotonic() + bound

    def left(self, at_most: float = BOUND) -> float:
        """Seconds left, at most so many; at least one, so that a timeout names its step."""
        return max(1.0, min(at_most, self.ends - time.monotonic()))


def say(text: str) -> None:
    """One line of progress."""
    print(f"integration: {text}", flush=True)


def scripts() -> Path:
    """The folder of the proxy's own commands."""
    return WORK / "env" / "bin"


def install(clock: Clock) -> None:
    """Make the proxy's environment, unless the one that is there was made from the same pins."""
    digest = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = WORK / "stamp"
    if stamp.is_file() and stamp.read_text() == digest:
        say("LiteLLM's environment is there")
        return
    say("installing LiteLLM's proxy (about a minute)")
    shutil.rmtree(WORK, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(WORK / "env")], check=True, timeout=clock.left())
    pip = [str(scripts() / "python"), "-m", "pip", "install", "-qq", "-r", str(PINS)]
    try:
        done = subprocess.run(pip, capture_output=True, text=True, timeout=clock.left(300), check=False)
    except subprocess.TimeoutExpired:
        raise Skip("installing LiteLLM took more than five minutes; the registry is too slow from here") from None
    if done.returncode:
        if any(word in done.stderr for word in UNREACHABLE):
            raise Skip("the package registry cannot be reached, so LiteLLM cannot be installed")
        raise Failed("pip could not install LiteLLM: " + re.sub(r"\S*//\S+", "<address>", done.stderr)[-800:])
    stamp.write_text(digest)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def proxy(port: int, key: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The running proxy, in a process group of its own; stopped, whatever happens."""
    config = WORK / "config.yaml"
    config.write_text(CONFIG.format(model=MODEL))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
        "LITELLM_MASTER_KEY": key,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DISABLE_ADMIN_UI": "True",
        "NO_COLOR": "1",
    }
    command = [str(scripts() / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=WORK, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and the children of its group: politely, then not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
        return


def wait_until_ready(process: subprocess.Popen[bytes], port: int, clock: Clock) -> None:
    """Return once the proxy says that it is alive."""
    ends = time.monotonic() + clock.left(120)
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise Failed(f"the proxy ended by itself with exit code {process.returncode}")
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2).close()
            return
        time.sleep(0.5)
    raise Failed("the proxy was not ready in time")


def has_profile(name: str) -> bool:
    """Whether the harness knows a profile."""
    command = [sys.executable, "-m", "conformance", "list", "profiles"]
    listing = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    return re.search(rf"^\W*{re.escape(name)}\b", listing, re.MULTILINE) is not None


def harness(port: int, key: str, clock: Clock) -> int:
    """Run the harness on the proxy; its exit code."""
    command = [sys.executable, "-m", "conformance", "run", f"http://127.0.0.1:{port}/v1"]
    command += ["--model", MODEL, "--api-key-env", KEY_VARIABLE, "--out", str(REPORT)]
    command += ["--profile", "litellm"] if has_profile("litellm") else []
    shutil.rmtree(REPORT, ignore_errors=True)
    try:
        return subprocess.run(
            command, cwd=ROOT, env=os.environ | {KEY_VARIABLE: key}, timeout=clock.left(300), check=False
        ).returncode
    except subprocess.TimeoutExpired:
        raise Failed("the harness did not end in time") from None


def keep_log(log: Path, key: str) -> Path:
    """Put the proxy's log beside the report, without the key."""
    REPORT.mkdir(parents=True, exist_ok=True)
    kept = REPORT / "proxy.log"
    kept.write_bytes(log.read_bytes().replace(key.encode(), b"*" * len(key)))
    log.unlink()
    return kept


def integrate() -> None:
    """The whole of it, or an exception that says why not."""
    clock = Clock(BOUND)
    install(clock)
    key, port, log = f"sk-{secrets.token_hex(16)}", free_port(), WORK / "proxy.log"
    try:
        with proxy(port, key, log) as process:
            wait_until_ready(process, port, clock)
            say("LiteLLM's proxy is ready")
            code = harness(port, key, clock)
    finally:
        if log.exists():
            say(f"the proxy's log: {keep_log(log, key).relative_to(ROOT)}")
    if code not in JUDGED or not (REPORT / "results.json").is_file():
        raise Failed(f"the harness judged nothing; its exit code was {code}")
    if key.encode() in b"".join(path.read_bytes() for path in REPORT.rglob("*") if path.is_file()):
        raise Failed("the key is somewhere in the report")
    say(f"done; the harness ended with exit code {code}, the report: {(REPORT / 'index.html').relative_to(ROOT)}")


def main() -> int:
    """Exit code: 0 when done or skipped, 1 when failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("integration: ended from outside"))  # stops the proxy
    try:
        integrate()
    except Skip as reason:
        say(f"SKIPPED: {reason}")
    except Failed as reason:
        say(f"FAILED: {reason}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
