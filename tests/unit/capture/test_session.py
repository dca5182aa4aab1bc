"""Whole captures against a threaded server: the probe's decisions, every abort sentence, interruption, overhead."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from capture_samples import CHAT, Memory, Reply, error, fails, models, no_sleep, normal, run, serving

from conformance.capture import PlainProgress, RichProgress, Settings, capture
from conformance.catalogue.profiles import PLAIN
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.suites import Suites
from conformance.errors import ExitCode, UserError
from conformance.inputs.endpoint import Endpoint, Limits, Timeouts
from conformance.model import Exchange, Header, Outcome
from conformance.planning.plan import Plan, Planned


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


def test_a_request_of_the_probe_that_breaks_its_schema_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.capture.probe._TINY", "sixteen")
    asked: list[str] = []

    def script(path: str, body: Any) -> Reply:
        asked.append(path)
        return normal(path, body)

    with serving(script) as url, pytest.raises(UserError, match=r"The probe is broken: .*/max_tokens") as raised:
        run(f"{url}/v1")
    assert (raised.value.exit_code, asked) == (ExitCode.HARNESS, ["/v1/models"])


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
        template = {"json": {"model": "$model", "messages": [{"role": "user", "content": "Say hi."}]}}
        entries = tuple(Planned(Scenario(f"chat.n{n}", "t", template=template), "m", 1, 0) for n in range(9))
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


@pytest.mark.parametrize("key", [None, "sk-test-0123456789abcdef"])
def test_keys_are_tried_where_one_is_configured(key: str | None) -> None:
    names = ("auth.no_key", "auth.scheme", "auth.wrong_key", "header.preflight", "responses.wrong_key")
    scenarios = Suites().scenarios
    writer = Memory()
    with serving(normal) as url:
        endpoint = Endpoint("test", f"{url}/v1", api_key_env="MY_KEY" if key else None, models=("chat-1",))
        entries = tuple(Planned(scenarios[name], "chat-1", 1, 0) for name in names)
        capture(Plan(endpoint, entries, profile=PLAIN), writer.open, key=key, settings=Settings(sleep=no_sleep))
    assert writer.footer is not None
    skipped = {row.scenario for row in writer.footer.skipped}
    assert skipped == (set() if key else {name for name in names if "auth" in name or "wrong_key" in name})
