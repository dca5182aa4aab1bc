"""A dialect is data: every field of it shows on the wire."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.reference.dialects import DIALECTS
from conformance.reference.faults import faults_named
from conformance.reference.server.app import Provider
from conformance.reference.server.call import Call

OPENAI = DIALECTS["openai"]
HELLO = {"model": "reference-thinker", "messages": [{"role": "user", "content": "Say hi."}]}


def answer(body, path="/chat/completions", **changes):
    dialect = replace(OPENAI, **changes)
    provider = Provider(dialect, faults_named(()), delay=0.0, keys=(dialect.key,))
    headers = {"authorization": f"Bearer {dialect.key}", "content-type": "application/json"}
    return provider.reply_to(
        Call("GET" if body is None else "POST", f"/v1{path}", headers, {}, json.dumps(body).encode())
    )


def chunks(**changes):
    frames = answer({**HELLO, "stream": True}, **changes).frames
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames if b"[DONE]" not in frame]


def completion(**changes):
    return json.loads(answer(HELLO, **changes).body)


def test_usage_may_sit_on_the_finish_chunk():
    last = chunks(usage="finish")[-1]
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] > 0


def test_chunks_may_lack_members():
    made = chunks(omit_chunk=frozenset({"created", "model"}), omit_chunk_choice=frozenset({"logprobs"}))
    assert all("created" not in each and "model" not in each and "logprobs" not in each["choices"][0] for each in made)


def test_the_opening_and_the_finish_may_be_missing():
    made = chunks(first_delta=None, finish_chunk=False)
    assert "reasoning_content" in made[0]["choices"][0]["delta"]
    assert {each["choices"][0]["finish_reason"] for each in made} == {None}


def test_done_may_be_missing_and_events_run_together():
    frames = answer({**HELLO, "stream": True}, done=False, separator="\n").frames
    assert not any(b"[DONE]" in frame or frame.endswith(b"\n\n") for frame in frames)


def test_completions_may_lack_members():
    made = completion(
        omit_completion=frozenset({"service_tier"}),
        omit_choice=frozenset({"logprobs"}),
        omit_message=frozenset({"refusal"}),
        reasoning_alias=True,
    )
    assert "service_tier" not in made
    assert "logprobs" not in made["choices"][0]
    message = made["choices"][0]["message"]
    assert "refusal" not in message
    assert message["reasoning"] == message["reasoning_content"]


def test_errors_may_be_worded_otherwise():
    reply = answer(
        {**HELLO, "model": "nope"},
        error_members=("message", "type"),
        error_types={400: "bad"},
        unknown_model_status=400,
    )
    assert reply.status == 400
    assert list(json.loads(reply.body)["error"]) == ["message", "type"]
    assert json.loads(reply.body)["error"]["type"] == "bad"


def test_unknown_fields_may_be_taken():
    assert answer({**HELLO, "x": 1}, strict_fields=False).status == 200


def test_headers_may_name_the_model():
    reply = answer(HELLO, headers={"x-served-model": "{model}"}, rate_limit_headers=False)
    assert reply.header("x-served-model") == "reference-thinker"
    assert reply.header("x-ratelimit-limit-requests") is None


@pytest.mark.parametrize("path", ["/balance", "/model-metadata"])
def test_further_paths_exist_where_documented(path):
    reply = answer(None, path, paths=(*OPENAI.paths, path), balance={"balance": "12.50"})
    assert reply.status == 200
