"""Every fault bends what it says it bends, and leaves the rest alone."""

from __future__ import annotations

import gzip
import json
import re

import pins
import pytest

from conformance.errors import UserError
from conformance.reference.dialects import DIALECTS
from conformance.reference.engine import tool_calls
from conformance.reference.faults import FAULTS, Seam, faults_named
from conformance.reference.server.app import Provider, create_app
from conformance.reference.server.call import Call

KEY = DIALECTS["openai"].key
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
NOOP = {
    "type": "function",
    "function": {"name": "noop", "strict": None, "parameters": {"type": "object", "properties": {}}},
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "s", "schema": {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}},
}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def user(text, **more):
    return {"model": "reference-chat", "messages": [{"role": "user", "content": text}], **more}


def said(*messages, **more):
    return {"model": "reference-chat", "messages": list(messages), **more}


def assistant(**more):
    return {"role": "assistant", **more}


ASKED = {"role": "user", "content": "What is the weather in Paris and Tokyo?"}
CALLED = assistant(
    content=None,
    tool_calls=[{"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
)
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "21 C"}
FOLLOW = {"role": "user", "content": "Go on."}
CHAT = "/v1/chat/completions"

PROBES = {
    "stream-pictures": (CHAT, user("Repeat exactly: naïve 😀", stream=True)),
    "stream-usage-declined": (
        CHAT,
        user("Say hi.", stream=True, stream_options={"include_usage": False}),
    ),
    "options-unstreamed": (CHAT, user("Say hi.", stream_options={"include_usage": True})),
    "stream-accepted": (CHAT, user("Say hi.", stream=True), {"accept": "text/event-stream"}),
    "text": (CHAT, user("Repeat exactly: é one two 3")),
    "text-stream": (CHAT, user("Repeat exactly: é one two 3", stream=True)),
    "usage-stream": (CHAT, user("Count from 1 to 5.", stream=True, stream_options={"include_usage": True})),
    "thinker": (CHAT, {**user("Say hi."), "model": "reference-thinker"}),
    "thinker-stream": (CHAT, {**user("Say hi.", stream=True), "model": "reference-thinker"}),
    "effort": (CHAT, {**user("Say hi.", reasoning_effort="low"), "model": "reference-thinker"}),
    "n-stream": (CHAT, user("Say hi.", n=2, stream=True)),
    "n": (CHAT, user("Say hi.", n=2)),
    "cut": (CHAT, user("Count from 1 to 50.", max_tokens=5)),
    "cut-modern": (CHAT, user("Count from 1 to 50.", max_completion_tokens=5)),
    "cut-stream": (CHAT, user("Count from 1 to 50.", max_tokens=5, stream=True)),
    "stop": (CHAT, user("Count from 1 to 9.", stop=["5"])),
    "stop-tools-stream": (CHAT, user("Count from 1 to 9.", stop="5", tools=[WEATHER], stream=True)),
    "tools": (CHAT, said(ASKED, tools=[WEATHER])),
    "tools-stream": (CHAT, said(ASKED, tools=[WEATHER], stream=True)),
    "tools-cut-stream": (CHAT, said(ASKED, tools=[WEATHER], stream=True, max_tokens=6)),
    "tools-none": (CHAT, said(ASKED, tools=[WEATHER], tool_choice="none", parallel_tool_calls=False)),
    "tools-one": (CHAT, said(ASKED, tools=[WEATHER], parallel_tool_calls=False)),
    "tools-named": (
        CHAT,
        user("Say hi.", tools=[WEATHER, NOOP], tool_choice={"type": "function", "function": {"name": "noop"}}),
    ),
    "tools-named-stream": (
        CHAT,
        user("Say hi.", tools=[NOOP], tool_choice={"type": "function", "function": {"name": "noop"}}, stream=True),
    ),
    "tools-empty": (CHAT, user("Say hi.", tools=[])),
    "roundtrip": (CHAT, said(ASKED, CALLED, RESULT, tools=[WEATHER])),
    "history": (
        CHAT,
        said(
            {"role": "system", "content": "Be SHORT."},
            ASKED,
            assistant(content=[{"type": "text", "text": "hm"}]),
            FOLLOW,
        ),
    ),
    "two-users": (CHAT, said(ASKED, FOLLOW)),
    "developer": (CHAT, said({"role": "developer", "content": "Be SHORT."}, FOLLOW)),
    "empty-assistant": (CHAT, said(ASKED, assistant(content=""), FOLLOW)),
    "keyless-assistant": (CHAT, said(ASKED, {**{k: v for k, v in CALLED.items() if k != "content"}}, RESULT)),
    "logprobs": (CHAT, user("Say hi.", logprobs=True, top_logprobs=2)),
    "logprobs-stream": (CHAT, user("Say hi.", logprobs=True, stream=True)),
    "schema": (CHAT, user("Say hi.", response_format=SCHEMA)),
    "misplaced-schema": (CHAT, user("Say hi.", response_format={"type": "json_schema", "schema": {}})),
    "text-format": (CHAT, user("Say hi.", response_format={"type": "text"})),
    "json": (CHAT, user("Say hi in JSON.", response_format={"type": "json_object"})),
    "picture": (CHAT, said({"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]})),
    "options": (
        CHAT,
        user("Say hi.", seed=1, frequency_penalty=0, user="u", prompt_cache_key="k", logit_bias={"1": 1}, stop=None),
    ),
    "assistant-parts": (CHAT, said(ASKED, assistant(content=[{"type": "text", "text": "A word."}]), FOLLOW)),
    "surrogate": (CHAT, '{"model":"reference-chat","messages":[{"role":"user","content":"\\ud83d"}]}'),
    "long": (CHAT, user("Repeat exactly: " + "word " * 30_000)),
    "unknown-field": (CHAT, user("Say hi.", x_unknown=1)),
    "bad-value": (CHAT, user("Say hi.", temperature=9)),
    "bad-stream": (CHAT, user("Say hi.", temperature=9, stream=True)),
    "bad-type": (CHAT, user("Say hi.", max_tokens="many")),
    "no-messages": (CHAT, {"model": "reference-chat"}),
    "overflow": (CHAT, {**user("word " * 9_000), "model": "reference-text"}),
    "unknown-model": (CHAT, {**user("Say hi."), "model": "nope"}),
    "bad-json": (CHAT, '{"model": '),
    "gzip": (CHAT, gzip.compress(json.dumps(user("Say hi.")).encode(), mtime=0), {"content-encoding": "gzip"}),
    "no-key": (CHAT, user("Say hi."), {"authorization": ""}),
    "no-key-bad-body": (CHAT, {}, {"authorization": ""}),
    "wrong-key": (CHAT, user("Say hi."), {"authorization": "Bearer sk-wrong-0123456789"}),
    "lower-case-bearer": (CHAT, user("Say hi."), {"authorization": f"bearer {KEY}"}),
    "basic": (CHAT, user("Say hi."), {"authorization": "Basic YTpi"}),
    "charset": (CHAT, user("Say hi."), {"content-type": "application/json; charset=utf-8"}),
    "plain-text": (CHAT, user("Say hi."), {"content-type": "text/plain"}),
    "sdk": (CHAT, user("Say hi."), {"x-stainless-lang": "python"}),
    "indented": (CHAT, json.dumps(user("Say hi."), indent=4)),
    "models-of-a-page": ("/v1/models", None, {"origin": "https://app.example"}),
    "models": ("/v1/models", None),
    "models-no-key": ("/v1/models", None, {"authorization": ""}),
    "metadata": ("/v1/models?metadata=true", None),
    "model": ("/v1/models/reference-chat", None),
    "no-such-model": ("/v1/models/nope", None),
    "head": ("/v1/models", None, {}, "HEAD"),
    "preflight": (CHAT, None, {}, "OPTIONS"),
    "wrong-method": ("/v1/models", None, {}, "DELETE"),
    "unknown-path": ("/v1/nowhere", None),
    "completions": ("/v1/completions", {"model": "reference-chat", "prompt": ["Say hi."], "logprobs": 1, "echo": True}),
    "completions-stream": (
        "/v1/completions",
        {"model": "reference-chat", "prompt": "Say hi.", "stream": True, "stream_options": {"include_usage": True}},
    ),
    "embeddings": (
        "/v1/embeddings",
        {"model": "reference-embedding", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 8},
    ),
    "embeddings-float": ("/v1/embeddings", {"model": "reference-embedding", "input": ["a", "b"]}),
    "embeddings-tokens": ("/v1/embeddings", {"model": "reference-embedding", "input": [1, 2]}),
    "responses": (
        "/v1/responses",
        {"model": "reference-chat", "input": "Count from 1 to 50.", "max_output_tokens": 16, "text": {}},
    ),
    "responses-previous": (
        "/v1/responses",
        {"model": "reference-chat", "input": "Hi", "previous_response_id": "resp_x"},
    ),
    "responses-stream": ("/v1/responses", {"model": "reference-chat", "input": "Say hi.", "stream": True}),
}


def call_of(path, body, headers=(), method=None):
    path, _, query = path.partition("?")
    raw = (
        b""
        if body is None
        else body
        if isinstance(body, bytes)
        else (body if isinstance(body, str) else json.dumps(body)).encode()
    )
    sent = {"authorization": f"Bearer {KEY}", "content-type": "application/json", **dict(headers)}
    return Call(
        method=method or ("GET" if body is None else "POST"),
        path=path,
        headers=sent,
        query=dict(pair.split("=") for pair in query.split("&") if pair),
        raw=raw,
        hex="0" * 28,
        created=1_700_000_000,
    )


def reply(faults, probe):
    provider = Provider(DIALECTS["openai"], faults_named(faults), delay=0.0, keys=(KEY,))
    call = call_of(*PROBES[probe])
    made = provider.faults.bend(Seam.REPLY, provider.reply_to(call), call)
    return made.status, sorted(made.headers), made.body, made.frames, made.ending


@pytest.fixture(autouse=True)
def steady_ids(monkeypatch):
    monkeypatch.setattr(tool_calls.secrets, "token_hex", lambda size: "ab" * size)


@pytest.fixture(scope="module")
def clean():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool_calls.secrets, "token_hex", lambda size: "ab" * size)
        return {probe: reply((), probe) for probe in PROBES}


def test_the_server_itself_is_steady(clean):
    assert {probe: reply((), probe) for probe in PROBES} == clean


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_changes_the_wire(name, clean):
    shown = any(reply((name,), probe) != before for probe, before in clean.items())
    assert shown or pins.load()[name].get("fails"), "no probe here shows it, and no campaign of test_truth_faults does"


@pytest.mark.parametrize(
    "name", [name for name, each in FAULTS.items() if all(bend.surfaces == ("chat",) for bend in each.bends)]
)
def test_a_chat_fault_leaves_other_endpoints_alone(name, clean):
    for probe in ("models", "metadata", "embeddings", "completions", "responses", "unknown-path", "head"):
        assert reply((name,), probe) == clean[probe]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_described(name):
    fault = FAULTS[name]
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", name)
    assert fault.summary.endswith(".")
    assert fault.surface


def test_faults_compose(clean):
    status, _, body, _, _ = reply(("object-missing", "usage-total-not-sum"), "text")
    assert status == 200
    made = json.loads(body)
    assert "object" not in made
    assert made["usage"]["total_tokens"] == made["usage"]["prompt_tokens"] + made["usage"]["completion_tokens"] + 286


@pytest.mark.parametrize(
    ("dialect", "faults", "near"),
    [("opnai", (), "openai"), ("openai", ("stream-done-mising",), "stream-done-missing")],
    ids=["dialect", "fault"],
)
def test_unknown_names_get_a_suggestion(dialect, faults, near):
    with pytest.raises(UserError) as caught:
        create_app(dialect, faults)
    assert near in caught.value.hint
