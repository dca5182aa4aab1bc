"""Whole captures against a threaded server: the probe's decisions, every abort sentence, interruption, overhead."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from conformance.capture import CaptureResult, PlainProgress, RichProgress, Settings, capture
from conformance.config import Endpoint, Limits, Timeouts
from conformance.errors import ExitCode, UserError
from conformance.model import Exchange, Footer, Header, Outcome
from conformance.plan import UNNAMED, Plan, Planned
from conformance.profiles import PLAIN
from conformance.scenarios import Scenario

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
    template = {"json": {"model": "$model", "$limit": 16}}
    scenarios = [Scenario(f"chat.n{n}", "test", template=template) for n in range(jobs)]
    entries = tuple(Planned(scenario, model, 1, 0) for scenario in scenarios for model in named or (UNNAMED,))
    plan = Plan(endpoint, entries, profile=profile)
    return capture(plan, (writer or Memory()).open, key=key, progress=progress, settings=Settings(sleep=no_sleep))


def fails(script: Script, *named: str, path: str = "/v1", **fields: Any) -> UserError:
    with serving(script) as url, pytest.raises(UserError) as caught:
        run(f"{url}{path}", *named, **fields)
    assert KEY not in caught.value.message + caught.value.hint
    return caught.value


def test_a_capture_from_probe_to_footer() -> None:
    writer = Memory()
    with serving(normal) as url:
        result = run(f"{url}/v1", writer=writer, jobs=3)
    assert result.models == ("chat-1",)
    assert [exchange.scenario for exchange in writer.exchanges][:2] == ["probe.models", "probe.chat"]
    assert [exchange.id for exchange in writer.exchanges] == ["1", "2", "3", "4", "5"]
    assert {exchange.model for exchange in writer.exchanges[1:]} == {"chat-1"}
    assert writer.header == result.header
    assert writer.footer is not None
    assert (writer.footer.reason, writer.footer.exchanges, writer.footer.skipped) == ("complete", 5, ())


def test_the_metadata_is_asked_where_the_profile_has_a_path() -> None:
    writer = Memory()
    with serving(normal) as url:
        run(f"{url}/v1", writer=writer, profile=replace(PLAIN, paths={"metadata": "/models?metadata=true"}))
    assert "probe.metadata" in [exchange.scenario for exchange in writer.exchanges]


def test_the_first_model_that_answers_is_picked_within_three_tries() -> None:
    tried: list[str] = []

    def script(path: str, body: Any) -> Reply:
        if path == "/v1/models":
            return models("whisper-1", "a", "b", "c")
        tried.append(body["model"])
        return (200, CHAT) if body["model"] == "b" else error(400, "not for chat")

    with serving(script) as url:
        assert run(f"{url}/v1").models == ("b",)
    assert tried == ["a", "b", "b"]


THOUGHTS = [
    {"choices": [{"message": {"content": "hi", "reasoning_content": "hm"}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"content": "hi", "reasoning": "hm"}, "finish_reason": "stop"}]},
    {"choices": [{"message": {"content": ""}, "finish_reason": "length"}]},
    {"choices": [{"message": {"content": "<think>hm"}, "finish_reason": "length"}]},
    {**CHAT, "usage": {"completion_tokens_details": {"reasoning_tokens": 9}}},
]


@pytest.mark.parametrize("reply", THOUGHTS, ids=["reasoning_content", "reasoning", "empty", "tag", "usage"])
def test_a_model_that_thinks_first_gets_headroom(reply: Any) -> None:
    writer = Memory()
    with serving(lambda path, _: models("m") if path == "/v1/models" else (200, reply)) as url:
        assert run(f"{url}/v1", "m", writer=writer).thinking == ("m",)
    assert writer.header is not None
    assert writer.header.thinking == ("m",)
    assert writer.exchanges[-1].request.param("max_tokens") == 16 + 2048


def test_a_model_that_just_speaks_gets_none() -> None:
    writer = Memory()
    with serving(normal) as url:
        assert run(f"{url}/v1", "m", writer=writer).thinking == ()
    assert writer.exchanges[-1].request.param("max_tokens") == 16


def test_the_output_limits_other_name_is_learnt() -> None:
    def script(path: str, body: Any) -> Reply:
        if path == "/v1/models":
            return models("m")
        said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        return error(400, said, param="max_tokens") if "max_tokens" in body else (200, CHAT)

    writer = Memory()
    with serving(script) as url:
        run(f"{url}/v1", "m", writer=writer)
    assert [exchange.status for exchange in writer.exchanges] == [200, 400, 200, 200]
    assert writer.exchanges[-1].request.param("max_completion_tokens") == 16


def test_a_refused_key_names_the_variable_and_never_the_key() -> None:
    refused = fails(lambda *_: error(401, f"Incorrect API key provided: {KEY}."), "m")
    assert refused.message == "The endpoint refused the key in MY_KEY (401): Incorrect API key provided: ***."
    assert refused.exit_code is ExitCode.UNREACHABLE


def test_a_missing_key_is_asked_for() -> None:
    refused = fails(lambda *_: error(403, "Who are you?"), key=None)
    assert refused.message == "The endpoint asks for a key (403), and none was sent: Who are you?"
    assert "--api-key-env" in refused.hint


def test_a_key_that_may_not_list_models_may_chat() -> None:
    with serving(lambda path, _: error(403, "no") if path == "/v1/models" else (200, CHAT)) as url:
        assert run(f"{url}/v1", "m").models == ("m",)


@pytest.mark.parametrize("status", [400, 404], ids=str)
def test_an_unknown_model_lists_near_matches(status: int) -> None:
    def script(path: str, body: Any) -> Reply:
        if path == "/v1/models":
            return models("gpt-nano", "llama-70b")
        return error(status, "The model `gpt-nan` does not exist", code="model_not_found")

    unknown = fails(script, "gpt-nan")
    assert unknown.message == f"The endpoint knows no model named gpt-nan ({status})."
    assert unknown.hint == "Did you mean: gpt-nano?"
    assert unknown.exit_code is ExitCode.USAGE


def test_one_unknown_model_among_known_ones_is_named() -> None:
    def script(path: str, body: Any) -> Reply:
        if path == "/v1/models":
            return models("good")
        return (200, CHAT) if body["model"] == "good" else error(404, "model bad not found")

    assert "no model named bad" in fails(script, "good", "bad").message


@pytest.mark.parametrize("named", [(), ("m",)], ids=["unnamed", "named"])
@pytest.mark.parametrize(("status", "reply"), [(200, HTML), (404, HTML)], ids=["200", "404"])
def test_a_web_page_is_called_one(named: tuple[str, ...], status: int, reply: bytes) -> None:
    page = fails(lambda *_: (status, reply), *named, path="")
    assert "is a web page, not an API." in page.message
    assert page.hint.endswith("/v1?")


def test_404_on_everything_suggests_v1() -> None:
    nowhere = fails(lambda *_: (404, {"detail": "Not Found"}), "m", path="/api")
    assert "is answered 404." in nowhere.message
    assert nowhere.hint.endswith("/api/v1?")
    assert nowhere.exit_code is ExitCode.UNREACHABLE


def test_the_endpoints_own_hint_is_shown() -> None:
    assert (
        fails(lambda *_: (404, {}), "m", path="", hint="Did you mean https://x/v1?").hint
        == "Did you mean https://x/v1?"
    )


def test_a_redirect_is_named() -> None:
    assert "redirects to https://elsewhere.example/v1" in fails(lambda *_: (307, {}), "m").message


@pytest.mark.parametrize("named", [(), ("m",)], ids=["unnamed", "named"])
def test_5xx_on_everything_is_unreachable(named: tuple[str, ...]) -> None:
    down = fails(lambda *_: error(503, "overloaded"), *named)
    assert down.message == "The endpoint answers every request with an error of its own (503): overloaded."
    assert down.exit_code is ExitCode.UNREACHABLE


@pytest.mark.parametrize("reply", [models(), (200, [1, {"id": 7}]), (200, b"\xff")], ids=["empty", "odd", "bytes"])
def test_no_model_named_and_none_listed(reply: Reply) -> None:
    nobody = fails(lambda *_: reply)
    assert nobody.message == "No model was named, and /models lists none (answered 200)."
    assert nobody.exit_code is ExitCode.USAGE


def test_no_model_named_and_none_that_chats() -> None:
    nobody = fails(lambda path, _: models("a", "b") if path == "/v1/models" else error(400, "no chat"))
    assert nobody.message == "No model was named, and none of a, b answered a chat request."


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/v1", "127.0.0.1:1 refused the connection."),
        ("http://no-such-host.invalid/v1", "There is no host named no-such-host.invalid."),
    ],
    ids=["refused", "no-host"],
)
def test_nobody_there(url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolve)
    with pytest.raises(UserError) as caught:
        run(url)
    assert caught.value.message == message
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def _resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
    if host in {"127.0.0.1", b"127.0.0.1"}:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_tls_that_fails_says_so() -> None:
    with serving(normal) as url, pytest.raises(UserError, match=r"^TLS with 127\.0\.0\.1:\d+ failed: ") as caught:
        run(f"{url.replace('http:', 'https:')}/v1")
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_silence_says_so() -> None:
    def script(path: str, body: Any) -> Reply:
        time.sleep(1)
        return models("m")

    silent = fails(script, timeouts=Timeouts(first_byte=0.2))
    assert "did not answer in time." in silent.message
    assert "timeouts.first_byte" in silent.hint


@pytest.mark.parametrize("key", ["sk-1234\n", "“sk-12345”", "sk 12345"], ids=["newline", "quotes", "blank"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(UserError, match="The key in MY_KEY holds characters") as caught:
        run("http://127.0.0.1:1/v1", key=key)
    assert key.strip() not in str(caught.value)


def test_a_url_with_a_password_is_refused() -> None:
    with pytest.raises(UserError, match="user name or password"):
        run("http://me:secret@127.0.0.1:1/v1")


def test_the_budget_is_kept_and_what_is_left_is_named() -> None:
    writer = Memory()
    with serving(normal) as url:
        run(f"{url}/v1", "m", writer=writer, jobs=5, limits=Limits(requests=4))
    assert writer.footer is not None
    assert len(writer.exchanges) == 4
    words = "over budget: 4 of 4 requests were sent"
    assert [row.reason for row in writer.footer.skipped] == [words] * 3
    assert writer.footer.reason == words


def test_an_endpoint_that_dies_ends_the_capture() -> None:
    with serving(normal) as url:
        writer = Memory()
        plan_url = f"{url}/v1"
        opened = writer.open

        def open_then_kill(header: Header) -> Memory:
            stop.set()
            return opened(header)

        stop = threading.Event()
        endpoint = Endpoint("test", plan_url, models=("m",), concurrency=1, timeouts=Timeouts(connect=1))
        entries = tuple(Planned(Scenario(f"chat.n{n}", "t", template={"json": {}}), "m", 1, 0) for n in range(9))
        settings = Settings(sleep=no_sleep, sender=_Dying(stop))
        result = capture(Plan(endpoint, entries), open_then_kill, settings=settings)
    assert result.footer.reason == "endpoint died"
    assert len(writer.exchanges) == 2 + 5
    assert {row.reason for row in result.footer.skipped} == {"unreachable"}


class _Dying:
    """Answers until it is told to stop, and refuses from then on."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    async def send(self, request: Any) -> Exchange:
        from conformance.model import Read

        if self._stop.is_set():
            return Exchange("", request, "http://test", outcome=Outcome.REFUSED)
        body = models("m")[1] if request.path == "/models" else CHAT
        return Exchange("", request, "http://test", status=200, raw=(Read(0.1, json.dumps(body).encode()),))

    async def aclose(self) -> None:
        self._stop.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["sigint", "sigterm"])
def test_an_interruption_records_what_was_in_flight_and_writes_no_footer(number: signal.Signals) -> None:
    writer, calls = Memory(), []

    def script(path: str, body: Any) -> Reply:
        calls.append(path)
        if len(calls) > 3:
            threading.Timer(0.1, os.kill, (os.getpid(), number)).start() if len(calls) == 5 else None
            time.sleep(1)
        return normal(path, body)

    with serving(script) as url, pytest.raises(UserError) as caught:
        run(f"{url}/v1", "m", writer=writer, jobs=20, concurrency=2)
    assert "conformance judge out/recording.jsonl --partial" in caught.value.hint
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert writer.closed
    assert writer.footer is None
    assert [exchange.outcome for exchange in writer.exchanges].count(Outcome.INTERRUPTED) == 2


def test_an_interruption_during_the_probe_says_that_nothing_was_recorded() -> None:
    def script(path: str, body: Any) -> Reply:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        return normal(path, body)

    assert fails(script).message == "Interrupted before anything was recorded."


def test_a_recording_that_cannot_be_written_ends_the_capture() -> None:
    class Full(Memory):
        def append(self, exchange: Exchange) -> None:
            if len(self.exchanges) >= 3:
                raise UserError("The disk is full.")
            super().append(exchange)

    with serving(normal) as url, pytest.raises(UserError, match="disk is full"):
        run(f"{url}/v1", "m", writer=Full(), jobs=20)


def test_plain_progress_is_sparse() -> None:
    stream = io.StringIO()
    with serving(normal) as url:
        run(f"{url}/v1", "m", jobs=18, progress=PlainProgress(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "probe: 1 to do"
    assert lines[-1].startswith("20 exchanges recorded, ")
    assert lines[-1].endswith(" tokens spent")
    assert len(lines) == 5


def test_the_bar_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(normal) as url:
        run(f"{url}/v1", "m", jobs=3, progress=RichProgress())
    assert capfd.readouterr().out == ""
