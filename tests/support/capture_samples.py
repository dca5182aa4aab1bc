"""A scripted server and a recording in memory, for the tests of whole captures."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from conformance.capture import CaptureResult, Settings, capture
from conformance.catalogue.context import UNNAMED
from conformance.catalogue.profiles import PLAIN
from conformance.catalogue.scenario import Scenario
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, Timeouts
from conformance.model import Exchange, Footer, Header
from conformance.planning.plan import Plan, Planned

KEY = "sk-secret-0123456789"
Reply = tuple[int, Any]
Script = Callable[[str, Any], Reply]

CHAT = {"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}
HTML = b"<!DOCTYPE html><title>Welcome</title>"


def models(*names: str) -> Reply:
    return 200, {"object": "list", "data": [{"id": name} for name in names]}


def error(status: int, message: str, **fields: Any) -> Reply:
    return status, {"error": {"message": message, **fields}}


def normal(path: str, body: Any) -> Reply:
    return models("text-embedding-3", "chat-1") if path == "/v1/models" else (200, CHAT)


@contextmanager
def serving(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, reply = script(self.path, json.loads(self.rfile.read(length)) if length else None)
            data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "https://elsewhere.example/v1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Memory:
    """A writer that keeps what it is given."""

    header: Header | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    footer: Footer | None = None
    closed: bool = False
    path: str = "out/recording.jsonl"

    def open(self, header: Header) -> Memory:
        self.header = header
        return self

    def append(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def finish(self, footer: Footer) -> None:
        self.footer = footer

    def close(self) -> None:
        self.closed = True


async def no_sleep(seconds: float) -> None:
    """Wait for nothing."""


def run(
    url: str,
    *named: str,
    writer: Memory | None = None,
    jobs: int = 1,
    key: str | None = KEY,
    profile: Any = PLAIN,
    progress: Any = None,
    **fields: Any,
) -> CaptureResult:
    fields.setdefault("timeouts", Timeouts(connect=1, first_byte=3, idle=1, total=4))
    endpoint = Endpoint("test", url, api_key_env="MY_KEY" if key else None, models=named, **fields)
    messages = [{"role": "user", "content": "Say hi."}]
    template = {"json": {"model": "$model", "messages": messages, "$limit": 16}}
    scenarios = [Scenario(f"chat.n{n}", "test", template=template) for n in range(jobs)]
    entries = tuple(Planned(scenario, model, 1, 0) for scenario in scenarios for model in named or (UNNAMED,))
    plan = Plan(endpoint, entries, profile=profile)
    return capture(plan, (writer or Memory()).open, key=key, progress=progress, settings=Settings(sleep=no_sleep))


def fails(script: Script, *named: str, path: str = "/v1", **fields: Any) -> UserError:
    with serving(script) as url, pytest.raises(UserError) as caught:
        run(f"{url}{path}", *named, **fields)
    assert KEY not in caught.value.message + caught.value.hint
    return caught.value
