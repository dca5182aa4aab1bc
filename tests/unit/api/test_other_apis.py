"""The views of embeddings, text completions and responses: tolerant of anything, and telling of what contradicts."""

import base64
import json
import struct

import pytest

from conformance.api.completions import TextCompletion, TextStream
from conformance.api.embeddings import Embeddings, numbers_of
from conformance.api.probe import embedding_model
from conformance.api.registry import expectations
from conformance.api.responses.folding import Rule
from conformance.api.responses.response import ResponseObject, ResponseStream
from conformance.api.views import Views
from conformance.model import Exchange, Read, Request

PACKED = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode()
NONSENSE = [b"", b"[]", b"null", b'{"data": 7, "choices": "x", "output": {"a": 1}}', b"data: [1]\n\n", b"\xff\xfe"]


def exchange(body, path="/responses", expects="other", **asked):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(path=path, body=json.dumps(asked).encode(), expects=expects)
    return Exchange("1", request, f"https://host/v1{path}", status=200, raw=(Read(0.1, data),))


def sse(*events, done=True):
    lines = [f"event: {one.get('type', '')}\ndata: {json.dumps(one)}\n\n" for one in events]
    return ("".join(lines) + ("data: [DONE]\n\n" if done else "")).encode()


def responded(*events):
    numbered = [{**one, "sequence_number": number} for number, one in enumerate(events)]
    return ResponseStream(exchange(sse(*numbered, done=False), stream=True))


def added(index=0, **item):
    return {"type": "response.output_item.added", "output_index": index, "item": {"id": "m", "type": "message", **item}}


def text(delta, index=0, **more):
    kind = "response.output_text.delta"
    return {"type": kind, "output_index": index, "content_index": 0, "item_id": "m", "delta": delta, **more}


PART = {"type": "response.content_part.added", "output_index": 0, "content_index": 0, "item_id": "m", "part": {}}


@pytest.mark.parametrize(
    ("sent", "numbers"),
    [
        ([0.5, -1], (0.5, -1.0)),
        (PACKED, (0.5, -1.0)),
        (PACKED[:-4], None),
        ("not base64!", None),
        ([True], None),
        (["0.5"], None),
        ([10**400], None),
        (None, None),
    ],
    ids=["floats", "base64", "cut", "words", "booleans", "strings", "huge", "null"],
)
def test_numbers_of_a_vector(sent, numbers):
    assert numbers_of(sent) == numbers


@pytest.mark.parametrize(
    ("given", "count"),
    [("a", 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1], [2]], 2)],
    ids=["text", "texts", "tokens", "arrays"],
)
def test_inputs_and_prompts_are_counted(given, count):
    assert Embeddings(exchange({}, input=given)).inputs == count
    assert TextCompletion(exchange({}, prompt=given)).prompts == count


@pytest.mark.parametrize("body", NONSENSE, ids=range(len(NONSENSE)))
@pytest.mark.parametrize("expects", expectations())
def test_no_view_raises_on_nonsense(body, expects):
    view = Views().primary(exchange(body, expects=expects, stream=True))
    assert all(name for name, _, _ in view.documents())
    for name in ("vectors", "choices", "usage", "items", "parts", "text", "folded", "terminal", "whole"):
        getattr(view, name, None)
    assert view.kind


def test_a_text_stream_is_folded_by_index():
    made = [
        {"choices": [{"index": 1, "text": "b", "finish_reason": None}]},
        {"choices": [{"index": 0, "text": "a", "finish_reason": "stop"}]},
        {"choices": [{"index": 0, "text": "c", "finish_reason": None}]},
        {"choices": [], "usage": {"total_tokens": 3}},
    ]
    stream = TextStream(exchange(sse(*made), path="/completions", stream=True))
    assert [choice.text for choice in stream.choices] == ["ac", "b"]
    assert [choice.finish_reason for choice in stream.choices] == ["stop", None]
    assert len(stream.choices[0].after_finish) == 1
    assert stream.usage == {"total_tokens": 3}
    assert stream.whole


def test_the_final_response_is_the_value_of_a_stream():
    final = {"status": "completed", "output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}]}
    stream = responded({"type": "response.created", "response": {}}, {"type": "response.completed", "response": final})
    assert (stream.text, stream.finished, stream.whole) == ("hi", True, True)
    assert ResponseObject(exchange(final)).text == "hi"


@pytest.mark.parametrize(
    ("events", "rule", "words"),
    [
        ((text("a"),), Rule.ITEM, "did not open"),
        ((added(), added()), Rule.ITEM, "opened twice"),
        ((added(id="other"), PART), Rule.ITEM, 'was opened as "other"'),
        ((added(), text("a")), Rule.PART, "did not open"),
        ((added(), {**PART, "output_index": []}), Rule.ITEM, "did not open"),
    ],
    ids=["no-item", "twice", "other-id", "no-part", "unhashable"],
)
def test_contradictions_of_events(events, rule, words):
    assert words in responded(*events).folded.of(rule)[0].text


def call(step, index=0, **item):
    made = {"id": "f", "type": "function_call", "call_id": "c", "name": "look", **item}
    return {"type": f"response.output_item.{step}", "output_index": index, "item": made}


@pytest.mark.parametrize("name", ["call_id", "name"])
def test_a_call_that_changes_is_noted(name):
    folded = responded(call("added"), call("done", **{name: "other"})).folded
    assert next(one.text for one in folded.of(Rule.CALL)).startswith(f"the {name} of a call changes from")
    assert not folded.of(Rule.ITEM)
    assert not responded(call("added"), call("done")).folded.of(Rule.CALL)


def test_arguments_are_what_the_deltas_say():
    where = {"output_index": 0, "item_id": "f"}
    done = {"type": "response.function_call_arguments.done", "arguments": "{}", **where}
    delta = {"type": "response.function_call_arguments.delta", "delta": "{}", **where}
    whole, bare = (responded(call("added"), *events).folded.items[0] for events in ((delta, done), (done,)))
    assert (whole.arguments, bare.arguments) == ("{}", None)
    assert whole.ended == bare.ended == {("response.function_call_arguments.done", 0)}


def test_closing_events_are_kept_by_part():
    kinds = ("response.output_text.done", "response.content_part.done")
    where = {"output_index": 0, "content_index": 0, "item_id": "m"}
    stream = responded(added(), PART, text("a"), *({"type": kind, "text": "a", **where} for kind in kinds))
    assert stream.folded.items[0].ended == {(kind, 0) for kind in kinds}


def test_items_that_are_done_are_documents():
    stream = responded(call("added"), call("done", status="stop"))
    assert [(schema, str(place)) for schema, _, place in stream.documents()][-1] == (
        "response_function_call",
        "event 2 /item",
    )


def test_the_id_of_text_is_that_of_the_first_chunk():
    made = [{"id": one, "choices": [{"index": 0, "text": "a"}]} for one in ("x", "y")]
    assert TextStream(exchange(sse(*made), path="/completions", stream=True)).id == "x"
    assert TextCompletion(exchange(made[1], path="/completions")).id == "y"


def test_deltas_that_do_not_add_up():
    done = {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "item_id": "m", "text": "ab"}
    stream = responded(added(), PART, text("a"), done)
    assert 'add up to "a"' in stream.folded.of(Rule.TEXT)[0].text


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (["gpt", "text-embedding-3-small"], "text-embedding-3-small"),
        (["BAAI/bge-m3"], "BAAI/bge-m3"),
        (["gpt-4o"], ""),
    ],
    ids=["openai", "bge", "none"],
)
def test_an_embedding_model_is_known_by_its_name(ids, found):
    listing = exchange({"object": "list", "data": [{"id": id_} for id_ in ids]}, path="/models")
    assert embedding_model(listing) == found
