"""Embeddings, legacy completions and responses of the reference provider."""

from __future__ import annotations

import base64
import json
import math
import struct

import pytest

from conformance.reference.dialects import DIALECTS
from conformance.reference.faults import faults_named
from conformance.reference.server.app import Provider
from conformance.reference.server.call import Call

DIALECT = DIALECTS["openai"]
PROVIDER = Provider(DIALECT, faults_named(()), delay=0.0, keys=(DIALECT.key,))


def send(path, method="POST", **body):
    headers = {"authorization": f"Bearer {DIALECT.key}", "content-type": "application/json"}
    return PROVIDER.reply_to(Call(method, f"/v1{path}", headers, {}, json.dumps(body).encode()))


def post(path, **body):
    reply = send(path, **body)
    return reply.status, json.loads(reply.body)


def embed(given, **more):
    return post("/embeddings", model="reference-embedding", input=given, **more)


def respond(given, model="reference-chat", **more):
    return post("/responses", model=model, input=given, **more)


def test_base64_holds_the_same_floats():
    plain, packed = embed("a")[1]["data"][0], embed("a", encoding_format="base64")[1]["data"][0]
    raw = base64.b64decode(packed["embedding"])
    assert list(struct.unpack(f"<{len(raw) // 4}f", raw)) == plain["embedding"]
    assert math.isclose(sum(each * each for each in plain["embedding"]), 1.0, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("given", "count"),
    [("a", 1), (["a", "b"], 2), ([1, 2], 1), ([[1], [2, 3]], 2)],
    ids=["text", "texts", "tokens", "token-arrays"],
)
def test_every_input_gets_a_vector(given, count):
    status, body = embed(given, dimensions=8)
    assert status == 200
    assert [each["index"] for each in body["data"]] == list(range(count))
    assert {len(each["embedding"]) for each in body["data"]} == {8}


@pytest.mark.parametrize(
    "change",
    [
        {"input": ""},
        {"input": []},
        {"input": None},
        {"input": {}},
        {"encoding_format": "hex"},
        {"dimensions": 0},
        {"model": "reference-chat"},
    ],
    ids=["empty", "no-inputs", "null", "object", "format", "dimensions", "chat-model"],
)
def test_wrong_embedding_requests_are_refused(change):
    status, body = post("/embeddings", **{"model": "reference-embedding", "input": "a", **change})
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("Say hi.", 2), (["a", "b"], 4), ([1, 2], 2), ([[1], [2]], 4)],
    ids=["text", "texts", "tokens", "token-arrays"],
)
def test_text_completions_answer_every_prompt(prompt, count):
    status, body = post("/completions", model="reference-chat", prompt=prompt, n=2)
    assert (status, body["object"]) == (200, "text_completion")
    assert [each["index"] for each in body["choices"]] == list(range(count))
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]


def test_echo_scores_the_prompt_too():
    choice = post("/completions", model="reference-chat", prompt="Say hi.", echo=True, logprobs=1, max_tokens=2)[1][
        "choices"
    ][0]
    assert "".join(choice["logprobs"]["tokens"]) == choice["text"]
    assert choice["text"].startswith("Say hi.")
    assert choice["logprobs"]["token_logprobs"][0] is None
    assert choice["finish_reason"] == "length"


def test_text_completions_stream():
    reply = send(
        "/completions", model="reference-chat", prompt="Say hi.", stream=True, stream_options={"include_usage": True}
    )
    assert reply.frames[-1] == b"data: [DONE]\n\n"
    chunks = [json.loads(frame[6:]) for frame in reply.frames[:-1]]
    assert {each["object"] for each in chunks} == {"text_completion"}
    assert "".join(each["choices"][0]["text"] for each in chunks[:-1]) == "Hi there! How can I help you?"
    assert chunks[-1]["usage"]["completion_tokens"] == 9


def test_a_response_is_complete():
    status, body = respond("Say hi.")
    assert (status, body["object"], body["status"], body["error"], body["incomplete_details"]) == (
        200,
        "response",
        "completed",
        None,
        None,
    )
    assert body["output"][0]["content"][0]["text"] == "Hi there! How can I help you?"
    usage = body["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_a_cut_response_says_why():
    body = respond("Count from 1 to 100.", max_output_tokens=16)[1]
    assert (body["status"], body["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})


def test_a_response_goes_on_from_another_and_can_be_forgotten():
    first = respond("My word is plum.")[1]
    assert "plum" in json.dumps(respond("Which word?", previous_response_id=first["id"])[1]["output"])
    assert json.loads(send(f"/responses/{first['id']}", "GET").body) == first
    assert json.loads(send(f"/responses/{first['id']}", "DELETE").body)["deleted"] is True
    assert send(f"/responses/{first['id']}", "GET").status == 404


def test_store_false_is_obeyed():
    made = respond("Say hi.", store=False)[1]
    assert send(f"/responses/{made['id']}", "GET").status == 404


def test_a_function_is_called_and_its_output_taken():
    tools = [
        {
            "type": "function",
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        }
    ]
    item = respond("What is the weather in Oslo?", tools=tools)[1]["output"][0]
    assert (item["type"], json.loads(item["arguments"])) == ("function_call", {"city": "Oslo"})
    given = [
        {"role": "user", "content": "Weather?"},
        item,
        {"type": "function_call_output", "call_id": item["call_id"], "output": "4 C"},
    ]
    assert "4 C" in json.dumps(respond(given, tools=tools)[1]["output"])


WEATHER = {"type": "function", "name": "get_weather", "parameters": {"properties": {"city": {"type": "string"}}}}
HOSTED = [
    {"type": "web_search", "external_web_access": True},
    {"type": "image_generation"},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {
        "type": "custom",
        "name": "apply_patch",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: /./"},
    },
]
AGENT = {
    "instructions": "You are a coding agent.",
    "client_metadata": {"installation": "0000"},
    "include": ["reasoning.encrypted_content"],
    "store": False,
    "prompt_cache_key": "0000",
}


def test_what_a_coding_agent_sends_is_taken():
    space = {"type": "namespace", "name": "mcp__weather", "description": "Weather.", "tools": [WEATHER]}
    items = [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": part} for part in "ab"]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "What is the weather in Oslo?"}],
        },
    ]
    status, body = respond(items, tools=[*HOSTED, space], tool_choice="auto", **AGENT)
    assert status == 200, body
    (item,) = body["output"]
    assert (item["type"], item["name"], item["namespace"]) == ("function_call", "get_weather", "mcp__weather")
    assert body["tools"] == [*HOSTED, space]


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "web_search"}])
def test_tools_of_the_server_are_never_called(choice):
    status, body = respond("What is the weather in Oslo?", tools=HOSTED, tool_choice=choice)
    assert (status, [item["type"] for item in body["output"]]) == (200, ["message"])


def test_allowed_tools_are_the_only_ones_called():
    other = {**WEATHER, "name": "get_time"}
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "get_time"}]}
    _, body = respond("What is the weather in Oslo?", tools=[WEATHER, other], tool_choice=choice)
    assert [item["name"] for item in body["output"]] == ["get_time"]


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([{"type": "teleport"}], "tools[0].type"),
        ([{"type": "namespace", "name": "x", "tools": [{}]}], "tools[0].tools[0].type"),
    ],
    ids=["unknown", "in-a-namespace"],
)
def test_a_wrong_tool_is_named(tools, param):
    status, body = respond("Hi", tools=tools)
    assert (status, body["error"]["param"]) == (400, param)


def test_dictated_words_come_as_text_beside_tools():
    agent = {**WEATHER, "name": "fox", "description": "Says hello to a fox."}
    _, body = respond("Say exactly: hello fox", tools=[agent])
    assert [item["type"] for item in body["output"]] == ["message"]
    assert body["output"][0]["content"][0]["text"] == "hello fox"
    _, body = respond("Say exactly: hello fox", tools=[agent], tool_choice="required")
    assert body["output"][0]["name"] == "fox"


@pytest.mark.parametrize("model", ["reference-chat", "reference-thinker"])
def test_response_events_are_typed_and_numbered(model):
    frames = send("/responses", model=model, input="Say hi.", stream=True).frames
    events = [json.loads(frame.split(b"data: ", 1)[1]) for frame in frames]
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    assert all(
        frame.startswith(f"event: {each['type']}\n".encode()) for frame, each in zip(frames, events, strict=True)
    )
    assert (
        "".join(each["delta"] for each in events if each["type"] == "response.output_text.delta")
        == "Hi there! How can I help you?"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"input": None},
        {"model": "nope"},
        {"previous_response_id": "resp_x"},
        {"temperature": 3},
        {"text": {"format": {"type": "xml"}}},
        {"foo": 1},
    ],
    ids=["input", "model", "previous", "temperature", "format", "unknown"],
)
def test_wrong_response_requests_are_refused(change):
    status, body = post("/responses", **{"model": "reference-chat", "input": "Hi", **change})
    assert status in (400, 404)
    assert body["error"]["message"]
