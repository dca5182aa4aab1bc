"""What a finding says: the server's own words, the exchange that it is about, one finding for one kind of place."""

from __future__ import annotations

import json
from functools import cache

from exchanges import ask, chunk, completion, exchange, sse

from conformance.catalogue.suites import Suites
from conformance.judging.slots import Material, SlotName
from conformance.model import Cause, CheckResult, Exchange, Finding, Header, Recording, Unjudged, Verdict

ASSISTANT = {"role": "assistant"}
BUSY = {"object": "error", "message": "worker busy", "type": "busy", "code": 50001}


@cache
def suites() -> Suites:
    made = Suites()
    made.load_checks()
    return made


def judged(requirement: str, *exchanges: Exchange) -> CheckResult:
    """What is said of a requirement over these exchanges, as of our own recording of one model."""
    recording = Recording(Header("host", "https://host.example/v1", profile="openai", models=("m",)), exchanges)
    material = Material([recording], suites())
    return material.judge(suites().catalogue.requirements[requirement], SlotName("host", "m"))


def only(requirement: str, *exchanges: Exchange) -> Finding:
    """The one finding of a requirement that fails."""
    result = judged(requirement, *exchanges)
    assert result.verdict is Verdict.FAIL
    (finding,) = result.findings
    return finding


def test_a_refusal_is_told_in_the_servers_own_words() -> None:
    refused = exchange(ask(), BUSY, status=400, scenario="chat.basic")
    assert only("chat.answered", refused).actual == "HTTP 400: worker busy"
    page = exchange(ask(), b"<html><head><title>502 Bad Gateway</title></head></html>", status=502)
    assert only("chat.answered", page).actual == "HTTP 502: 502 Bad Gateway"
    assert only("chat.answered", exchange(ask(), b"", status=500)).actual == "HTTP 500 and no body"


def test_a_refused_result_is_told_of_its_own_exchange() -> None:
    at = {"path": "/responses", "expects": "response", "scenario": "responses.conversation"}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c", "output": "1"}
    answer = {"id": "r", "object": "response", "status": "completed", "output": [call]}
    steps = [
        exchange({"model": "m", "input": "Hi"}, answer, id="1", step=0, **at),
        exchange({"model": "m", "input": [call, result]}, {"detail": "no outputs"}, id="2", step=1, status=400, **at),
        exchange({"model": "m", "input": "On.", "previous_response_id": "r"}, answer, id="3", step=2, **at),
    ]
    finding = only("responses.roundtrip", *steps)
    assert (finding.exchange, finding.actual) == ("2", "HTTP 400: no outputs")


EMPTY = {"object": "", "id": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{}]}


def filtered() -> Exchange:
    """A stream whose first event holds a filter's results and nothing of a chunk."""
    told = [chunk({**ASSISTANT, "content": "Hi"}), chunk({"content": " there."}), chunk({}, "stop")]
    return exchange(ask(stream=True), sse(EMPTY, *told), "stream", scenario="stream.basic")


def test_one_wrong_chunk_is_one_finding_and_the_others_hang_on_it() -> None:
    finding = only("stream.alien", filtered())
    assert finding.at == "event 1"
    assert finding.actual == 'no chunk: object "", id "", created 0, model "", choices []'
    for name in ("chunk.object", "chunk.id", "chunk.created", "chunk.model", "choices.empty"):
        hangs = judged(f"stream.{name}", filtered())
        assert (hangs.verdict, hangs.unjudged) == (Verdict.NOT_RUN, Unjudged(Cause.BLOCKED, "stream.alien", "1"))


def test_what_every_chunk_lacks_is_told_of_each_member() -> None:
    bare = [{"choices": chunk({"content": text})["choices"]} for text in ("a", "b", "c")]
    told = exchange(ask(stream=True), sse(*bare), "stream", scenario="stream.basic")
    assert judged("stream.alien", told).verdict is Verdict.PASS
    for name in ("object", "id", "created", "model"):
        assert judged(f"stream.chunk.{name}", told).verdict is Verdict.FAIL


def test_twenty_events_without_a_member_are_one_finding() -> None:
    delta = {"type": "response.output_text.delta", "item_id": "i", "content_index": 0}
    events = [{**delta, "delta": "x" * at, "sequence_number": at} for at in range(20)]
    body = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events)
    asked = {"model": "m", "input": "Hi", "stream": True}
    finding = only("responses.stream.event", exchange(asked, body, "response_stream", path="/responses"))
    assert finding.expected == "a member `output_index` in response.output_text.delta"
    assert finding.where == "event 1 /output_index and at least 19 more events"
    unnumbered = [{name: value for name, value in one.items() if name != "sequence_number"} for one in events]
    body = b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in unnumbered)
    told = only("responses.stream.sequence_number", exchange(asked, body, "response_stream", path="/responses"))
    assert told.actual == "it is missing, in 20 of 20 events"


def test_indexes_of_calls_are_told_in_words() -> None:
    part = {"index": 1, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    tools = [{"type": "function", "function": {"name": "f"}}]
    stream = sse(chunk({**ASSISTANT, "tool_calls": [part]}), chunk({}, "tool_calls"))
    asked = exchange(ask(stream=True, tools=tools), stream, "stream")
    assert only("tools.delta.contiguous", asked).actual == "the first call has index 1, not 0"


def test_choices_that_did_not_come_are_counted_in_words() -> None:
    finding = only("chat.n", exchange(ask(n=2), completion("Hi"), scenario="chat.n"))
    assert (finding.expected, finding.actual) == (
        "2 choices, as asked for, with indexes from 0",
        "1 choice came",
    )
