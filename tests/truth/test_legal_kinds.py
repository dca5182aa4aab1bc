"""One deviation of two kinds is told by two rows: what breaks clients, and what merely differs."""

from __future__ import annotations

import pytest
from exchanges import ask, chunk, completion, exchange, sse, verdict

from conformance.model import Redaction

TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
FIRST = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ""}}
FRAGMENTS = ("tools.delta.null", "tools.delta.null.id", "tools.delta.blank", "tools.delta.type")
LATER = {
    "bare": ({}, ("pass", "pass", "pass", "pass")),
    "type-null": ({"type": None}, ("fail", "pass", "pass", "pass")),
    "type-blank": ({"type": ""}, ("pass", "pass", "pass", "fail")),
    "id-null": ({"id": None}, ("pass", "fail", "pass", "pass")),
    "id-blank": ({"id": ""}, ("pass", "pass", "fail", "pass")),
}


@pytest.mark.parametrize("case", LATER)
def test_what_later_fragments_carry_besides_arguments(case):
    more, said = LATER[case]
    parts = [FIRST, {"index": 0, "function": {"arguments": "{}"}, **more}]
    chunks = [chunk({"role": "assistant"}), *(chunk({"tool_calls": [part]}) for part in parts), chunk({}, "tool_calls")]
    answer = exchange(ask(tools=TOOLS, stream=True), sse(*chunks), "stream")
    assert tuple(verdict(row, answer) for row in FRAGMENTS) == said


USAGE = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
HELLO = [chunk({"role": "assistant", "content": "Hi"}), chunk({}, "stop")]
UNASKED = {
    "none": (HELLO, ("pass", "pass")),
    "alone": ([*HELLO, {**HELLO[0], "choices": [], "usage": USAGE}], ("fail", "pass")),
    "beside-the-finish": ([HELLO[0], {**HELLO[1], "usage": USAGE}], ("pass", "fail")),
}


@pytest.mark.parametrize("case", UNASKED)
def test_usage_that_nobody_asked_for(case):
    chunks, said = UNASKED[case]
    answer = exchange(ask(stream=True), sse(*chunks), "stream")
    assert tuple(verdict(f"stream.usage.{row}", answer) for row in ("unasked", "unasked.beside")) == said


@pytest.mark.parametrize(("options", "said"), [({}, "fail"), ({"continuous_usage_stats": True}, "not_applicable")])
def test_running_counts_that_were_asked_for(options, said):
    body = ask(stream=True, stream_options={"include_usage": True, **options})
    chunks = [{**one, "usage": USAGE} for one in HELLO]
    assert verdict("stream.usage.once", exchange(body, sse(*chunks), "stream")) == said


ERROR = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}
WRONG = {"invalid": "messages is missing"}
ROWS = ("messages.missing", "error.calm", "stream.refused")
REFUSALS = {
    "refused": (400, ERROR, ("pass", "pass", "pass")),
    "answered": (200, completion("Hi."), ("fail", "pass", "not_run")),
    "crash": (500, ERROR, ("not_run", "fail", "not_run")),
    "busy": (503, ERROR, ("inconclusive", "inconclusive", "inconclusive")),
    "error-in-a-success": (200, ERROR, ("not_run", "pass", "fail")),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_becomes_of_a_request_that_is_not_valid(case):
    status, body, said = REFUSALS[case]
    at = {"request": WRONG, "scenario": "error.missing_messages", "status": status}
    answer = exchange({"model": "m", "stream": True}, body, "error", **at)
    assert tuple(verdict(row, answer) for row in ROWS) == said


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, "pass"), (400, "pass"), (422, "pass"), (404, "fail"), (500, "not_run")],
)
def test_an_empty_array_of_tools(status, said):
    at = {"request": {"invalid": "the array of tools is empty"}, "scenario": "tools.empty", "status": status}
    answer = exchange(ask(tools=[]), completion("Hi.") if status == 200 else ERROR, "error", **at)
    assert verdict("tools.empty", answer) == said
    assert verdict("error.calm", answer) == "not_applicable"


def test_a_finish_reason_left_out_before_the_end_of_a_text():
    begun = {"id": "cmpl-1", "object": "text_completion", "created": 1700000000, "model": "m"}
    pieces = [{"index": 0, "text": "Hi", "logprobs": None}, {"index": 0, "text": "", "finish_reason": "stop"}]
    asked = {"model": "m", "prompt": "Say hi.", "stream": True}
    at = {"expects": "text_stream", "path": "/completions"}
    for more, said in (({}, "fail"), ({"finish_reason": None}, "pass")):
        chunks = [{**begun, "choices": [{**pieces[0], **more}]}, {**begun, "choices": [pieces[1]]}]
        answer = exchange(asked, sse(*chunks), **at)
        assert verdict("completions.stream.finish_reason.key", answer) == said
        assert verdict("completions.stream.finish", answer) == "pass"


@pytest.mark.parametrize(("where", "said"), [("response set-cookie", "pass"), ("response x-echo", "fail")])
def test_a_cookie_that_was_masked_is_no_key(where, said):
    answer = exchange(ask(), completion("Hi."), redactions=(Redaction(where, 0, 8),))
    assert verdict("auth.no_key_echo", answer) == said
