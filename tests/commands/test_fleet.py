"""Many endpoints in one run, on real sockets: none holds up another, and the end is one table."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cli_runs import NOWHERE, command, invoke

from conformance.commands.fleet import Fleet
from conformance.errors import ExitCode, UserError
from conformance.inputs.endpoint import Endpoint
from conformance.recording.reader import read_recording
from conformance.reference.server.serving import ReferenceServer

MODELS = ("reference-chat", "reference-thinker")
KEY = "FLEET_KEY"
FEW = ("--select", "stream.done", "--quick")


class Slow:
    """An ASGI application whose every answer begins `seconds` later; counts how many are under way at a time."""

    def __init__(self, app: Any, seconds: float) -> None:
        self.app, self.seconds = app, seconds
        self.now = self.most = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        await self.app(scope, receive, send)
        self.now -= 1


def provider(stack: ExitStack, *faults: str, delay: float = 0.0) -> ReferenceServer:
    server = ReferenceServer(faults=faults)
    if delay:
        server.app = Slow(server.app, delay)  # type: ignore[assignment]
    return stack.enter_context(server)


def config(folder: Path, endpoints: dict[str, str], **more: Any) -> Path:
    rows = [
        {"name": name, "url": url, "api_key_env": KEY, "models": list(MODELS)} | more for name, url in endpoints.items()
    ]
    path = folder / "conformance.yaml"
    path.write_text(json.dumps({"endpoints": rows, "out": str(folder / "bundles")}))
    return path


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        monkeypatch.setenv(KEY, ReferenceServer().api_key)
        yield stack


def test_six_endpoints_of_two_models_end_in_one_comparison(stack: ExitStack, tmp_path: Path) -> None:
    urls = {f"good-{number}": provider(stack).base_url for number in range(3)}
    urls["faulty"] = provider(stack, "stream-done-missing").base_url
    urls["dead"] = NOWHERE
    urls["slow"] = provider(stack, delay=0.1).base_url
    done = invoke("run", "--config", config(tmp_path, urls), *FEW)
    assert done.exit_code == 1, done.output
    answered = [name for name in urls if name != "dead"]
    for name in answered:
        results = json.loads((tmp_path / "bundles" / name / "results.json").read_text())
        verdicts = {row["model"]: row["verdict"] for row in results["requirements"] if row["id"] == "stream.done"}
        assert verdicts == dict.fromkeys(MODELS, "fail" if name == "faulty" else "pass")
    assert "error: dead: " in done.stderr
    assert not (tmp_path / "bundles" / "dead").exists()
    compared = json.loads((tmp_path / "bundles" / "compare.json").read_text())
    assert len(compared["columns"]) == len(answered) * len(MODELS)
    assert {name for name in urls if f"\n{name}: " in f"\n{done.stderr}"} == set(urls), "progress names its endpoint"


def test_reports_come_in_the_order_of_the_config(stack: ExitStack, tmp_path: Path) -> None:
    urls = {"slow": provider(stack, delay=0.2).base_url, "quick": provider(stack).base_url}
    done = invoke("run", "--config", config(tmp_path, urls), *FEW, "--json")
    told = json.loads(done.stdout)
    assert [Path(one["bundle"]).name for one in told["runs"]] == ["slow", "quick"], told


def test_each_endpoint_keeps_its_own_concurrency(stack: ExitStack, tmp_path: Path) -> None:
    servers = {name: provider(stack, delay=0.05) for name in ("one", "two")}
    urls = {name: server.base_url for name, server in servers.items()}
    assert invoke("capture", "--config", config(tmp_path, urls, concurrency=2), "--quick").exit_code == 0
    assert [server.app.most for server in servers.values()] == [2, 2]  # type: ignore[attr-defined]


def test_one_at_a_time_captures_the_same(stack: ExitStack, tmp_path: Path) -> None:
    urls = {name: provider(stack).base_url for name in ("one", "two")}
    done = invoke("capture", "--config", config(tmp_path, urls), *FEW, "--parallel", "1")
    assert done.exit_code == 0, done.output
    assert re.findall(r"recorded: .*bundles/(\w+)/", done.stdout) == ["one", "two"]


def test_a_key_that_is_not_set_is_told_with_the_name_of_its_endpoint(stack: ExitStack, tmp_path: Path) -> None:
    path = config(tmp_path, {"one": provider(stack).base_url, "two": provider(stack).base_url})
    path.write_text(path.read_text().replace(KEY, "UNSET_KEY", 1))
    done = invoke("capture", "--config", path, *FEW)
    assert done.exit_code == 2
    assert "error: one: UNSET_KEY is not set" in done.stderr
    assert (tmp_path / "bundles" / "two" / "recording.jsonl").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_an_interruption_stops_all_and_keeps_what_was_fetched(
    number: signal.Signals, stack: ExitStack, tmp_path: Path
) -> None:
    urls = {name: provider(stack, delay=0.3).base_url for name in ("one", "two")}
    recordings = [tmp_path / "bundles" / name / "recording.jsonl" for name in urls]
    running = command("run", "--config", config(tmp_path, urls, concurrency=1), cwd=tmp_path, **{KEY: os.environ[KEY]})
    until = time.monotonic() + 20
    while not all(path.exists() and path.read_bytes().count(b"\n") > 2 for path in recordings):
        assert time.monotonic() < until
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(number)
    _, stderr = running.communicate(timeout=20)
    assert running.returncode == ExitCode.UNREACHABLE, stderr
    assert "Traceback" not in stderr
    assert "Interrupted: 0 of 2 endpoints" in stderr
    for path in recordings:
        kept = read_recording(path)
        assert kept.exchanges
        assert not kept.complete


def test_a_crash_of_one_capture_is_told_and_stops_no_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=10)

    def capture(endpoint: Endpoint, _out: Path, _stop: object) -> None:
        both.wait()
        if endpoint.name == "bad":
            raise KeyError("oops")

    places = [(Endpoint(name, "http://127.0.0.1:9"), tmp_path / name) for name in ("bad", "good")]
    bad, good = Fleet[None](places, capture, parallel=2).run()
    assert isinstance(bad, UserError)
    assert bad.exit_code is ExitCode.HARNESS
    assert good is None
    assert "bad: the harness itself failed: KeyError" in capsys.readouterr().err
