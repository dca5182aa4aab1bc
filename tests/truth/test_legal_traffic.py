"""Answers that real traffic holds, and that break nothing, or less than they seemed to."""

from __future__ import annotations

import json

import pytest
from exchanges import ask, chunk, completion, exchange, finding, sse, typed, verdict

from conformance.model import Advertised, CapabilityResult, Observed

SPOKEN = {"id": "audio_1", "data": "UklGRg==", "expires_at": 1700003600, "transcript": "Hello."}
PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]


@pytest.mark.parametrize("member", [{"audio": SPOKEN}, {"images": PICTURE}, {}], ids=["speech", "pictures", "nothing"])
def test_what_is_said_in_another_form_than_text(member):
    said, once = ("pass", "pass") if member else ("fail", "inconclusive")  # one silence may be the model's own
    asked = ask(modalities=["text", "audio"])
    whole = completion(None, **member)
    deltas = [chunk({"role": "assistant"}), *([chunk(member)] if member else []), chunk({}, "stop")]
    assert verdict("chat.content.text", exchange(asked, whole)) == once
    assert verdict("chat.content_filter", exchange(asked, completion(None, finish="content_filter", **member))) == said
    assert verdict("stream.text", exchange({**asked, "stream": True}, sse(*deltas), "stream")) == once


DOCUMENT = '{"city": "Paris"}'
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
BY_SCHEMA = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": SCHEMA}}
FLAT = {"text": {"format": {"type": "json_schema", "name": "place", "strict": True, "schema": SCHEMA}}}
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
WORKS = {"json_schema": CapabilityResult("host", "m", "json_schema", Advertised.YES, Observed.WORKS)}
TEXTS = {
    "once": (DOCUMENT, "pass", "pass"),
    "twice": (f"{DOCUMENT}\n{DOCUMENT}", "pass", "fail"),
    "two-documents": (f'{DOCUMENT}\n{{"city": "Rome"}}', "fail", "not_applicable"),
    "prose-after": (f"{DOCUMENT}\nThat is it.", "fail", "not_applicable"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_document_that_comes_twice_beside_tools(case):
    text, whole, once = TEXTS[case]
    sent = exchange(ask(response_format=BY_SCHEMA, tools=TOOLS), completion(text))
    assert verdict("structured.json", sent, offers=WORKS) == whole
    assert verdict("structured.once", sent, offers=WORKS) == once
    asked = {"model": "m", "input": "Where?", "tools": [{"type": "function", "name": "look_up"}], **FLAT}
    part = {"type": "output_text", "text": text, "annotations": []}
    reply = {"object": "response", "status": "completed", "output": [{"type": "message", "content": [part]}]}
    said = verdict("responses.format", exchange(asked, reply, "response", path="/responses"))
    assert (said == "fail") == (whole == "fail")


def test_a_document_that_comes_twice_without_tools():
    sent = exchange(ask(response_format=BY_SCHEMA), completion(f"{DOCUMENT}\n{DOCUMENT}"))
    assert verdict("structured.json", sent, offers=WORKS) == verdict("structured.once", sent, offers=WORKS) == "fail"


ENTRY = {"id": "m", "object": "model", "created": 1, "owned_by": "us", "capabilities": {"type": "chat"}}
LIMITS = {
    "nested": ({"capabilities": {"limits": {"max_context_window_tokens": 264000}}}, "pass"),
    "beside-meta": ({"meta": {"context_length": 8192}}, "pass"),
    "none": ({}, "fail"),
    "null": ({"context_length": None}, "fail"),
    "output-alone": ({"capabilities": {"limits": {"max_output_tokens": 4096}}}, "fail"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_the_window_is_looked_for_wherever_it_stands(case):
    more, said = LIMITS[case]
    listing = {"object": "list", "data": [{**ENTRY, **more}]}
    get = {"path": "/models", "request": {"method": "GET"}}
    assert verdict("metadata.context", exchange({}, listing, "models", **get)) == said


def test_sizes_within_other_members_are_judged():
    get = {"path": "/models", "request": {"method": "GET"}}
    for size, output, said in ((8192, 4096, "pass"), (8192, 9000, "fail")):
        limits = {"limits": {"max_context_window_tokens": size, "max_output_tokens": output}}
        listing = {"object": "list", "data": [{**ENTRY, "capabilities": limits}]}
        assert verdict("metadata.output", exchange({}, listing, "models", **get)) == said
    listing = {"object": "list", "data": [{**ENTRY, "capabilities": {"limits": {"max_context_window_tokens": "8k"}}}]}
    assert verdict("metadata.sizes", exchange({}, listing, "models", **get)) == "fail"


ALIASES = [  # asked for, answered, the entries of the list if there is one
    ("gpt-4o", "gpt-4o-2024-08-06", None),
    ("gpt-4", "gpt-4-0613", None),
    ("gpt-5.6", "gpt-5.6-sol", None),
    ("gpt-4-vision-preview", "gpt-4-1106-vision-preview", None),
    ("openai/gpt-5-mini", "gpt-5-mini-2025-08-07", None),
    ("anthropic/claude-sonnet-4.5", "anthropic/claude-4.5-sonnet-20250929", None),
    ("meta-llama/Llama-3.1-8B-Instruct", "llama3.1-8b", None),
    ("mistral-large-latest", "mistral-large-2411", None),
    ("our-deployment", "gpt-4.1-mini-2025-04-14", None),
    ("auto", "zeta-9b", None),
    ("m-1", "m-1-2025-01-31", [{"id": "m-1"}]),
    ("m-1", "M-1", [{"id": "m-1"}]),
    ("m-1", "zeta-9b", [{"id": "m-1"}, {"id": "zeta-9b"}]),
    ("m-1", "zeta-9b", [{"id": "m-1", "root": "zeta-9b"}]),
    ("m-1", "zeta-9b-0125", [{"id": "m-1", "canonical_slug": "them/zeta-9b"}]),
    ("gpt-4o", "gpt-4o-mini", [{"id": "zeta-9b"}]),
]
OTHERS = [
    ("alpha-12b", "zeta-9b", None),
    ("alpha-12b", "zeta-9b", [{"id": "alpha-12b"}]),
    ("Qwen2.5-VL-7B-Instruct", "Qwen2.5-VL-72B-Instruct", None),
    ("m-1", "hosted_vllm/m-1", None),
    ("acme/m1", "acme/m1@rev2", [{"id": "acme/m1"}]),
    ("gpt-4o", "gpt-4o-mini", [{"id": "gpt-4o"}]),
    ("gpt-4o-2024-08-06", "gpt-4o-2024-05-13", [{"id": "gpt-4o-2024-08-06"}]),
]


def _named(asked: str, served: str, entries: list[dict] | None) -> str:
    get = {"path": "/models", "request": {"method": "GET"}, "id": "2"}
    lists = [exchange({}, {"object": "list", "data": entries}, "models", **get)] if entries else []
    answer = {**completion("Hi."), "model": served}
    return verdict("chat.model.prefix", *lists, exchange(ask(model=asked), answer))


@pytest.mark.parametrize(("asked", "served", "entries"), ALIASES)
def test_another_name_of_the_model_that_was_asked_for(asked, served, entries):
    assert _named(asked, served, entries) == "pass"


@pytest.mark.parametrize(("asked", "served", "entries"), OTHERS)
def test_another_model_than_the_one_asked_for(asked, served, entries):
    assert _named(asked, served, entries) == "fail"


def test_a_fallback_that_the_request_names_may_answer():
    answer = {**completion("Hi."), "model": "zeta-9b"}
    for more, said in (({"models": ["zeta-9b"]}, "pass"), ({"models": ["beta-3b"]}, "fail"), ({}, "fail")):
        assert verdict("chat.model.prefix", exchange(ask(model="alpha-12b", **more), answer)) == said


USAGE = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
COUNTED = {**chunk({}), "choices": [], "usage": USAGE}
MODERATED = {**chunk({}), "choices": [], "usage": None, "moderation": {"input": {"type": "moderation_results"}}}
FILTERED = {**chunk({}), "choices": [], "usage": None, "prompt_filter_results": []}
USAGE_ROWS = ("stream.usage.last", "stream.choices.empty", "stream.usage.own_chunk")


@pytest.mark.parametrize(
    ("asked", "last", "said"),
    [
        ({"moderation": {"model": "omni-moderation-latest"}}, MODERATED, ("pass", "pass", "pass")),
        ({"moderation": {"model": "omni-moderation-latest"}}, FILTERED, ("fail", "fail", "not_run")),
        ({}, MODERATED, ("fail", "fail", "not_run")),
    ],
    ids=["asked", "another-chunk", "unasked"],
)
def test_moderation_that_was_asked_for_follows_the_usage(asked, last, said):
    body = ask(stream=True, stream_options={"include_usage": True}, **asked)
    hello = [chunk({"role": "assistant", "content": "Hi"}), chunk({}, "stop")]
    answer = exchange(body, sse(*hello, COUNTED, last), "stream")
    assert tuple(verdict(row, answer) for row in USAGE_ROWS) == said


def test_usage_that_never_comes_before_the_moderation_is_missed_once():
    body = ask(stream=True, stream_options={"include_usage": True}, moderation={"model": "omni-moderation-latest"})
    hello = [chunk({"role": "assistant", "content": "Hi"}), chunk({}, "stop")]
    assert verdict("stream.usage.asked", exchange(body, sse(*hello, MODERATED), "stream")) == "fail"


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
PAINTED = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "iVBORw0KGgo="}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": []}
CALLED = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look_up", "arguments": "{}"}
PAINTS = [{"type": "image_generation"}]
FUNCTION = [{"type": "function", "name": "look_up"}]
SPACE = [{"type": "namespace", "name": "mcp", "tools": [{"type": "function", "name": "look_up"}]}]
DEMANDS = {
    "forced": ({"type": "image_generation"}, PAINTS, [THOUGHT, PAINTED, MESSAGE], "pass"),
    "required": ("required", [*PAINTS, *FUNCTION], [PAINTED, MESSAGE], "pass"),
    "namespace": ("required", SPACE, [CALLED], "pass"),
    "function": ("required", FUNCTION, [CALLED], "pass"),
    "allowed": ({"type": "allowed_tools", "mode": "auto", "tools": FUNCTION}, FUNCTION, [MESSAGE], "not_run"),
    "built-in-not-called": ({"type": "image_generation"}, PAINTS, [MESSAGE], "fail"),
    "nothing-called": ("required", [*PAINTS, *FUNCTION], [MESSAGE], "fail"),
    "another-function": ("required", FUNCTION, [{**CALLED, "name": "other"}], "fail"),
}


@pytest.mark.parametrize("case", DEMANDS)
def test_a_built_in_tool_is_a_tool(case):
    choice, tools, output, said = DEMANDS[case]
    asked = {"model": "m", "input": "Paint a dog.", "tools": tools, "tool_choice": choice}
    reply = {"object": "response", "status": "completed", "output": output}
    assert verdict("responses.tools", exchange(asked, reply, "response", path="/responses")) == said


def _unnumbered(date: str, number_of: dict[int, object]) -> object:
    begun = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}
    ended = {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": []}}
    events = [begun, ended]
    for at, number in number_of.items():
        events[at] = {**events[at], "sequence_number": number}
    raw = b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)
    headers = (("content-type", "text/event-stream"), *([("date", date)] if date else []))
    asked = {"model": "m", "input": "Say hi.", "stream": True}
    return exchange(asked, raw, "response_stream", path="/responses", response_headers=headers)


MARCH_2025, TODAY = "Mon, 24 Mar 2025 10:00:00 GMT", "Thu, 26 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("date", "numbers", "said"),
    [
        (MARCH_2025, {}, "not_applicable"),
        (MARCH_2025, {0: 0}, "fail"),
        (TODAY, {}, "fail"),
        ("", {}, "fail"),
        ("yesterday", {}, "fail"),
        (TODAY, {0: 0, 1: 1}, "pass"),
        (TODAY, {0: 0, 1: "1"}, "fail"),
    ],
    ids=["older", "older-and-halved", "today", "no-date", "no-time", "numbered", "a-text"],
)
def test_events_older_than_their_numbers(date, numbers, said):
    assert verdict("responses.stream.sequence_number", _unnumbered(date, numbers)) == said


def test_events_without_numbers_are_one_finding():
    (found,) = finding("responses.stream.sequence_number", _unnumbered(TODAY, {}))
    assert "it is missing, in 2 of 2 events" in found.actual


def _called(*indexes: int) -> object:
    parts = [
        chunk({"tool_calls": [{"index": at, "id": f"call_{at}", "type": "function", "function": {"name": "look_up"}}]})
        for at in indexes
    ]
    return exchange(ask(tools=TOOLS, stream=True), sse(*parts, chunk({}, "tool_calls")), "stream")


def test_a_first_call_that_is_not_counted_from_zero_is_named():
    (found,) = finding("tools.delta.contiguous", _called(1, 2))
    assert found.actual == "the first call has index 1, not 0"
    (found,) = finding("tools.delta.contiguous", _called(0, 2))
    assert found.actual == "a call of index 2 after those of 0"
    assert verdict("tools.delta.contiguous", _called(0, 1)) == "pass"


def test_a_score_a_hair_above_zero_is_rounding():
    logprobs = {"tokens": ["Hi"], "token_logprobs": [3e-5], "top_logprobs": None, "text_offset": [0]}
    body = {"id": "a", "choices": [{"index": 0, "text": "Hi", "logprobs": logprobs}]}
    asked = {"model": "m", "prompt": "Say hi.", "logprobs": 1}
    at = {"expects": "text_completion", "path": "/completions"}
    assert verdict("completions.logprobs.negative", exchange(asked, body, **at)) == "pass"
    logprobs["token_logprobs"] = [0.1]
    assert verdict("completions.logprobs.negative", exchange(asked, body, **at)) == "fail"


def test_typed_events_are_numbered():
    events = typed({"type": "response.created", "response": {"id": "resp_1"}})
    asked = {"model": "m", "input": "Say hi.", "stream": True}
    sent = exchange(asked, events, "response_stream", path="/responses")
    assert verdict("responses.stream.sequence_number", sent) == "pass"


@pytest.mark.parametrize(("score", "said"), [(3.0517578125e-05, "pass"), (0.01, "fail")])
def test_a_logprob_a_hair_above_zero_is_rounding(score, said):
    answer = completion("Hi")
    entry = {"token": "Hi", "logprob": score, "bytes": [72, 105], "top_logprobs": []}
    answer["choices"][0]["logprobs"] = {"content": [entry], "refusal": None}
    assert verdict("logprobs.negative", exchange(ask(logprobs=True), answer)) == said
