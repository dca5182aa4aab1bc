"""A second API of one operation, made of a row, its views and its schemas: planned, captured, judged and shown.

It lies here alone. Its output limit, its counts of tokens, the header of its key and the end of its stream are not
those of chat.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import hostile_servers as stub
import pytest
from hostile_servers import Asked, Hostile

from conformance.api.answer import JsonAnswer
from conformance.api.chat.stream import Ending, Framing
from conformance.api.registry import expectation_of, hold_surfaces, operations, withdraw
from conformance.api.surface import KeyHeader, StreamEnd, Surface, UsageFields
from conformance.api.usage import Usage, usage_of
from conformance.api.views import Views
from conformance.capture.to_file import capture_endpoint
from conformance.commands.judge_bundle import Judged, judge_to
from conformance.errors import UserError
from conformance.inputs.endpoint import endpoint_from_url
from conformance.inputs.options import ChoiceOptions
from conformance.model import Recording
from conformance.planning.for_endpoint import plan_for
from conformance.recording import read_recording
from conformance.recording.foreign.exchange import ForeignAnswer, Sent, foreign_exchange

KEY = "toy-0123456789abcdefghij"
LIMIT = 24


@dataclass(frozen=True)
class Greeting(JsonAnswer):
    """The answer to a request for a greeting."""

    kind = "greeting"
    schema = "greeting"

    @property
    def text(self) -> Any:
        """What is said."""
        return self.body.get("greeting")

    def _looks_empty(self) -> bool:
        return self.text is None


@dataclass(frozen=True)
class GreetingStream(Framing):
    """A greeting, piece by piece."""

    kind = "greeting_stream"

    @cached_property
    def text(self) -> str:
        """What is said."""
        return "".join(event.document.value.get("piece", "") for event, _, _ in self.data_events)


GREET = Surface(
    name="greet",
    api="toy",
    path="/greet",
    view=Greeting,
    stream_view=GreetingStream,
    request_schema="request.greet",
    body_schemas=("greeting",),
    prompt_members=("guest",),
    limit_fields=("most_words",),
    usage=UsageFields("read", "written", "sum", (("cost",),)),
    key_header=KeyHeader("x-api-key", ""),
    end=StreamEnd(type="finished"),
)

REQUEST = {
    "type": "object",
    "required": ["model", "guest"],
    "properties": {"guest": {"type": "string"}, "most_words": {"type": "integer", "minimum": 1}},
}
BODY = {
    "type": "object",
    "required": ["greeting"],
    "properties": {"greeting": {"type": "string", "x-requirement": "toy.text"}},
}
ROW = """
- id: {id}
  level: MUST
  basis: client-observed
  statement: {statement}
  source: {{title: "The toy's own documentation", url: "https://toy.example/docs"}}
"""
ROWS = {
    "toy.text": "A greeting is text.",
    "toy.guest": "A greeting names the guest.",
    "toy.ends": "A streamed greeting ends with the event finished.",
}
SCENARIOS = f"""
- name: toy.greet
  purpose: A greeting.
  request: {{path: /greet, json: {{model: $model, guest: Ann, $limit: {LIMIT}}}}}
  expects: greeting
- name: toy.flow
  purpose: A greeting, piece by piece.
  request: {{path: /greet, json: {{model: $model, guest: Ann, $limit: {LIMIT}, stream: true}}}}
  expects: greeting_stream
"""
CHECKS = """
from conformance.api.chat.stream import Ending
from conformance.checks.check import check
from conformance.checks.expectations import expect
from conformance.model import Location


@check("toy.guest")
def test_guest_is_named(greeting) -> None:
    expect("Ann" in str(greeting.text), at=Location.at("/greeting")).equals(True)


@check("toy.ends")
def test_stream_ends(greeting_stream) -> None:
    expect(greeting_stream.ending, at=Location.end()).equals(Ending.DONE)
"""


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Path]:
    """A folder of suites with the toy's rows, scenarios and checks, while its API is known."""
    area, schemas = tmp_path / "suites" / "toy", tmp_path / "schemas"
    area.mkdir(parents=True)
    schemas.mkdir()
    (schemas / "request.greet.schema.json").write_text(json.dumps(REQUEST))
    (schemas / "greeting.schema.json").write_text(json.dumps(BODY))
    (area / "requirements.yaml").write_text("".join(ROW.format(id=id_, statement=ROWS[id_]) for id_ in ROWS))
    (area / "scenarios.yaml").write_text(SCENARIOS)
    (area / "test_toy.py").write_text(CHECKS)
    with hold_surfaces(replace(GREET, schema_folder=str(schemas))):
        yield area.parent


def serve(*, broken: bool) -> stub.Script:
    """The toy's endpoint; it answers the probe too. A broken one says a number, and does not end its streams."""

    def script(connection: socket.socket, asked: Asked) -> None:
        connection.sendall(answer(asked, broken=broken) if asked.path == "/v1/greet" else stub.sane_answer(asked))

    return script


def answer(asked: Asked, *, broken: bool) -> bytes:
    """What the toy says."""
    if asked.headers.get("x-api-key") != KEY or "authorization" in asked.headers:
        return stub.error(401, "no key")
    cost = {"read": 3, "written": 4, "sum": 7}
    if not asked.stream:
        return stub.answer(200, json.dumps({"greeting": 5 if broken else "Hello Ann", "cost": cost}).encode())
    events = [("piece", {"piece": "Hello "}), ("piece", {"piece": "Ann"}), ("tally", {"cost": cost})]
    events += [] if broken else [("finished", {})]
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return stub.answer(200, body.encode(), kind=stub.SSE)


def captured(suite: Path, *, broken: bool = False) -> Recording:
    """The toy, asked over a socket."""
    with Hostile(serve(broken=broken)) as server:
        endpoint = endpoint_from_url(server.url, models=("m",), api_key_env="TOY_KEY")
        path = suite.parent / "recording.jsonl"
        capture_endpoint(endpoint, path, choice_of(suite), environ={"TOY_KEY": KEY})
    return read_recording(path)


def choice_of(suite: Path) -> ChoiceOptions:
    """The toy's requirements alone."""
    return ChoiceOptions(select="area:toy", suites=(suite,))


def toys(recording: Recording) -> dict[str, Any]:
    """The exchanges of the toy's scenarios."""
    return {one.scenario: one for one in recording.exchanges if one.scenario.startswith("toy.")}


def judged(suite: Path, recording: Recording) -> Judged:
    """The bundle of a recording."""
    return judge_to([Path(recording.path)], suite.parent / "out", choice_of(suite))


def test_it_is_planned_and_priced_by_its_own_limit(suite: Path) -> None:
    plan = plan_for(endpoint_from_url("http://127.0.0.1:9/v1", models=("m",)), choice_of(suite))
    priced = {entry.scenario.name: entry.maximum.tokens for entry in plan.entries}
    assert priced.keys() == {"toy.greet", "toy.flow"}
    assert all(LIMIT < tokens - 2048 < LIMIT + 4 for tokens in priced.values())  # a thought of 2048 may come on top


def test_its_requests_are_checked_before_they_leave(suite: Path) -> None:
    scenarios = suite / "toy" / "scenarios.yaml"
    scenarios.write_text(SCENARIOS.replace("guest: Ann", "guest: 5"))
    with pytest.raises(UserError, match=r"breaks .*request\.greet\.schema\.json at /guest"):
        plan_for(endpoint_from_url("http://127.0.0.1:9/v1", models=("m",)), choice_of(suite))


def test_its_key_goes_in_its_own_header_and_is_masked(suite: Path) -> None:
    recording = captured(suite)
    found = toys(recording)
    assert [exchange.status for exchange in found.values()] == [200, 200]
    for exchange in found.values():
        sent = {name.lower(): value for name, value in exchange.sent_headers}
        assert sent["x-api-key"] == "*" * len(KEY)
        assert "authorization" not in sent
    assert KEY not in Path(recording.path).read_text()
    assert json.loads(found["toy.greet"].request.body)["most_words"] == LIMIT


def test_its_counts_and_the_end_of_its_stream_are_read(suite: Path) -> None:
    found = toys(captured(suite))
    assert [usage_of(exchange) for exchange in found.values()] == [Usage(3, 4, 7)] * 2
    stream = Views().primary(found["toy.flow"])
    assert isinstance(stream, GreetingStream)
    assert (stream.text, stream.ending) == ("Hello Ann", Ending.DONE)


@pytest.mark.parametrize(("broken", "verdict"), [(False, "pass"), (True, "fail")], ids=["healthy", "broken"])
def test_it_is_judged_and_shown(suite: Path, *, broken: bool, verdict: str) -> None:
    done = judged(suite, captured(suite, broken=broken))
    rows = {row.requirement.id: row.result for row in done.results.requirements}
    assert {id_: row.verdict.value for id_, row in rows.items()} == dict.fromkeys(ROWS, verdict)
    assert done.exit_code == int(broken)
    page = (done.out / "index.html").read_text()
    assert all(id_ in page and statement in page for id_, statement in ROWS.items())
    assert "greet" in page
    if broken:
        assert "x-api-key: $" in page
        assert "Authorization: Bearer $" not in page


def test_what_it_is_called_must_not_be_taken(suite: Path) -> None:
    with pytest.raises(ValueError, match="greet"), hold_surfaces(GREET):
        pass


def test_traffic_of_it_is_known_in_foreign_recordings(suite: Path) -> None:
    sent = Sent("POST", "https://h.example/v9/greet?x=1", (), b'{"model": "m", "guest": "Ann", "stream": true}')
    exchange = foreign_exchange(1, sent, ForeignAnswer(200, "OK", (), b""), frozenset())
    assert (exchange.request.expects, exchange.request.path) == ("greeting_stream", "/greet?x=1")
    assert endpoint_from_url("https://h/v9/greet", operations=operations()).base_url == "https://h/v9"


def test_it_is_unknown_again_afterwards(suite: Path) -> None:
    withdraw("greet")
    with pytest.raises(ValueError, match="greeting"):
        expectation_of("greeting")
