"""No request, however odd, crashes the reference provider: it answers, or refuses with a 4xx."""

from __future__ import annotations

import json

import pytest

from conformance.reference.api.validation import chat
from conformance.reference.dialects import DIALECTS
from conformance.reference.faults import FAULTS, faults_named
from conformance.reference.server.app import Provider
from conformance.reference.server.call import Call

DIALECT = DIALECTS["openai"]
PROVIDER = Provider(DIALECT, faults_named(()), delay=0.0, keys=(DIALECT.key,))
ODD = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    "x",
    [],
    [None],
    [1],
    ["x"],
    [[]],
    [{}],
    {},
    {"x": 1},
    {"type": "function"},
    {"type": []},
    [{"type": {}}],
]
ODD += [
    {"type": "json_schema", "json_schema": {"name": "s", "schema": odd}}
    for odd in ({}, True, {"type": "array"}, {"$ref": "#"}, {"anyOf": []})
]
HELLO = {"model": "reference-chat", "messages": [{"role": "user", "content": "Say hi."}]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def status(path, raw, provider=PROVIDER):
    headers = {"authorization": f"Bearer {DIALECT.key}", "content-type": "application/json"}
    return provider.reply_to(
        Call("POST", f"/v1{path}", headers, {}, raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    ).status


@pytest.mark.parametrize("name", sorted(chat._KNOWN))
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_odd_chat_parameters(name, stream):
    for odd in ODD:
        for base in (HELLO, {**HELLO, "tools": [TOOL]}):
            assert status("/chat/completions", {**base, "stream": stream, name: odd}) in (200, 400, 404), odd


@pytest.mark.parametrize(
    "role", ["system", "user", "assistant", "tool", "function", "developer", None, [], {}], ids=str
)
def test_odd_messages(role):
    for odd in ODD:
        for member in ("content", "tool_calls", "tool_call_id", "name", "refusal", "function_call"):
            message = {"role": role, "content": "x", member: odd}
            assert status("/chat/completions", {**HELLO, "messages": [message]}) in (200, 400), odd
            part = {"type": "image_url", "image_url": odd} if member == "name" else odd
            assert status("/chat/completions", {**HELLO, "messages": [{"role": role, "content": [part]}]}) in (
                200,
                400,
            ), odd


@pytest.mark.parametrize(
    ("path", "base", "names"),
    [
        (
            "/completions",
            {"model": "reference-chat", "prompt": "x"},
            ["prompt", "echo", "logprobs", "stop", "n", "stream_options", "max_tokens"],
        ),
        (
            "/embeddings",
            {"model": "reference-embedding", "input": "x"},
            ["input", "dimensions", "encoding_format", "model"],
        ),
        (
            "/responses",
            {"model": "reference-chat", "input": "x"},
            [
                "input",
                "tools",
                "tool_choice",
                "text",
                "reasoning",
                "previous_response_id",
                "max_output_tokens",
                "instructions",
            ],
        ),
    ],
    ids=["completions", "embeddings", "responses"],
)
def test_odd_parameters_elsewhere(path, base, names):
    for name in names:
        for odd in [
            *ODD,
            {"format": {}},
            {"format": []},
            {"effort": 1},
            [{"type": "message"}],
            [{"type": "message", "role": "user", "content": [{}]}],
        ]:
            for stream in (False, True):
                assert status(path, {**base, "stream": stream, name: odd}) in (200, 400, 404), (name, odd)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"a":NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"model":"\\ud83d","messages":[]}',
    ],
    ids=["empty", "null", "array", "string", "open", "nan", "bytes", "deep", "surrogate"],
)
def test_odd_bodies(raw):
    assert status("/chat/completions", raw) in (400, 404)


def test_a_lone_surrogate_is_answered():
    assert (
        status(
            "/chat/completions",
            b'{"model":"reference-chat","messages":[{"role":"user","content":"Say exactly: a\\ud83d"}]}',
        )
        == 200
    )


BODIES = [
    {},
    *({**HELLO, "messages": odd} for odd in ("x", [], [1], [{"role": "user", "content": [1]}])),
    *({**HELLO, name: odd} for name in ("tools", "response_format", "stop") for odd in ("x", [1], [], {"type": []})),
    {**HELLO, "tools": [TOOL], "tool_choice": "required", "stop": ["x"], "logprobs": True},
    {**HELLO, "model": "reference-thinker", "max_tokens": 1},
]


@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_crashes_on_odd_requests(name):
    provider = Provider(DIALECT, faults_named([name]), delay=0.0, keys=(DIALECT.key,))
    for body in BODIES:
        for stream in (False, True):
            assert status("/chat/completions", {**body, "stream": stream}, provider) >= 200
