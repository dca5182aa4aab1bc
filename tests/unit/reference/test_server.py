"""The reference server over real sockets: wire shape, keys, endings, start and stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import httpx2
import pytest
from places import ROOT

from conformance.errors import UserError
from conformance.reference.server.serving import ReferenceServer

HELLO = {"model": "reference-chat", "messages": [{"role": "user", "content": "Say hi."}], "max_tokens": 16}
CHUNK_KEYS = ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices"]


def client_of(server, **headers):
    sent = {"authorization": f"Bearer {server.api_key}", "accept-encoding": "identity", **headers}
    return httpx2.Client(base_url=server.base_url, headers=sent, timeout=10)


@pytest.fixture(scope="module")
def server():
    with ReferenceServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with client_of(server) as made:
        yield made


def chat(client, text="Say hi.", **more):
    return client.post(
        "/chat/completions", json={"model": "reference-chat", "messages": [{"role": "user", "content": text}], **more}
    )


def events(answer):
    assert answer.text.endswith("data: [DONE]\n\n")
    return [json.loads(block.removeprefix("data: ")) for block in answer.text.split("\n\n")[:-2]]


def test_a_completion_has_the_shape_of_openai(client):
    answer = chat(client)
    body = answer.json()
    assert list(body) == ["id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"]
    assert body["id"].startswith("chatcmpl-")
    assert abs(body["created"] - time.time()) < 60
    assert list(body["choices"][0]) == ["index", "message", "logprobs", "finish_reason"]
    assert body["choices"][0]["message"] == {
        "role": "assistant",
        "content": "Hi there! How can I help you?",
        "refusal": None,
        "annotations": [],
    }
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]


def test_an_answer_has_the_headers_of_openai(client):
    answer = chat(client)
    assert answer.headers["content-type"] == "application/json"
    for name in ("date", "x-request-id", "openai-processing-ms", "openai-version", "x-ratelimit-remaining-requests"):
        assert answer.headers[name]


def test_a_stream_has_the_shape_of_openai(client):
    answer = chat(client, stream=True)
    chunks = events(answer)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in answer.headers
    assert all(list(each) == CHUNK_KEYS for each in chunks)
    assert len({(each["id"], each["created"], each["model"]) for each in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert chunks[-1]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in chunks) == "Hi there! How can I help you?"


def test_usage_comes_last_when_asked(client):
    chunks = events(chat(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == chat(client).json()["usage"]
    assert [each["usage"] for each in chunks[:-1]] == [None] * (len(chunks) - 1)


def test_a_stream_is_delivered_piece_by_piece(client):
    body = {**HELLO, "stream": True}
    with client.stream("POST", "/chat/completions", json=body) as answer:
        reads = list(answer.iter_raw())
    assert len(reads) > 3


def test_two_choices_are_woven_together(client):
    chunks = events(chat(client, n=2, stream=True))
    indexes = [each["choices"][0]["index"] for each in chunks]
    assert indexes[:4] == [0, 1, 0, 1]
    assert [each["choices"][0]["finish_reason"] for each in chunks[-2:]] == ["stop", "stop"]


def test_multi_byte_text_survives(client):
    chunks = events(chat(client, "Repeat exactly: é漢😀 ok", stream=True))
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in chunks) == "é漢😀 ok"


def test_equal_requests_get_equal_answers(client):
    first, second = chat(client, "Write a story.").json(), chat(client, "Write a story.").json()
    assert first["id"] != second["id"]
    assert first["choices"] == second["choices"]
    assert first["usage"] == second["usage"]


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "You didn't provide an API key"),
        ("Bearer wrong", "Incorrect API key"),
        ("Basic abc", "You didn't provide an API key"),
    ],
    ids=["none", "wrong", "scheme"],
)
def test_the_key_is_demanded(server, key, says):
    answer = httpx2.post(f"{server.base_url}/chat/completions", json={}, headers={"authorization": key} if key else {})
    assert answer.status_code == 401
    assert says in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.headers["www-authenticate"]


def test_the_scheme_may_be_written_small(server):
    with client_of(server, authorization=f"bearer {server.api_key}") as client:
        assert client.get("/models").status_code == 200


@pytest.mark.parametrize(
    ("path", "query", "fields"),
    [("/models", "", 4), ("/models", "?metadata=true", 12)],
    ids=["plain", "metadata"],
)
def test_models_are_listed(client, path, query, fields):
    body = client.get(path + query).json()
    assert body["object"] == "list"
    assert [each["id"] for each in body["data"]][:2] == ["reference-chat", "reference-thinker"]
    assert {len(each) for each in body["data"]} == {fields}


def test_a_single_model_equals_its_entry(client):
    assert client.get("/models/reference-chat").json() == client.get("/models").json()["data"][0]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/models/nope", 404, "model_not_found"),
        ("GET", "/nowhere", 404, "unknown_url"),
        ("GET", "/model-metadata", 404, "unknown_url"),
        ("GET", "/balance", 404, "unknown_url"),
        ("GET", "/chat/completions", 405, "method_not_supported"),
        ("DELETE", "/models", 405, "method_not_supported"),
    ],
)
def test_wrong_paths_and_methods_are_refused(client, method, path, status, code):
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert ("allow" in answer.headers) is (status == 405)


def test_head_and_options_are_answered(client):
    head = client.head("/models")
    assert (head.status_code, head.content) == (200, b"")
    assert client.options("/chat/completions").headers["access-control-allow-origin"] == "*"


def test_a_megabyte_is_taken(client):
    answer = chat(client, "word " * 200_000, max_tokens=1)
    assert answer.status_code == 200
    assert answer.json()["usage"]["prompt_tokens"] > 200_000


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("stream-cut-short", httpx2.RemoteProtocolError),
        ("stream-reset", (httpx2.RemoteProtocolError, httpx2.ReadError)),
        ("stream-stall-open-socket", httpx2.ReadTimeout),
    ],
)
def test_streams_end_badly_on_the_wire(fault, problem):
    with ReferenceServer(faults=[fault]) as server, client_of(server) as client:
        with pytest.raises(problem):
            client.post("/chat/completions", json={**HELLO, "stream": True}, timeout=0.5)
        assert client.get("/models").status_code == 200


def test_no_answer_at_all():
    with (
        ReferenceServer(faults=["nonstream-no-answer"]) as server,
        client_of(server) as client,
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        client.post("/chat/completions", json=HELLO)


def test_a_taken_port_is_said_plainly(server):
    port = int(server.base_url.split(":")[2].split("/")[0])
    with pytest.raises(UserError, match="Cannot listen"), ReferenceServer(port=port):
        pass


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_serving_announces_itself_and_ends_cleanly(how):
    code = (
        "from conformance.reference.server.serving import serve_forever\n"
        "serve_forever('openai', (), announce=lambda url: print(url, flush=True))\n"
        "print('ended', flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx2.get(f"{url}/models").status_code == 401
        process.send_signal(how)
        out, err = process.communicate(timeout=10)
    assert (out.strip(), err, process.returncode) == ("ended", "", 0)


def test_a_body_is_compressed_for_who_takes_it(server, client):
    with client_of(server, **{"accept-encoding": "gzip"}) as taking:
        answers = [taking.post("/chat/completions", json=HELLO), taking.post("/chat/completions", json={})]
    assert [one.headers["content-encoding"] for one in answers] == ["gzip", "gzip"]
    assert [one.status_code for one in answers] == [200, 400]
    assert "content-encoding" not in client.post("/chat/completions", json=HELLO).headers
