"""The typed events of a streamed response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.reference.api.responses import response
from conformance.reference.dialects import Dialect
from conformance.reference.engine import tokens
from conformance.reference.server.call import Call, Json
from conformance.reference.server.sending import encode_json


def events(call: Call, dialect: Dialect, store: Any) -> list[Json]:
    """Every event of the stream, numbered."""
    done = response(call, dialect, store)
    begun = {
        **done,
        "status": "in_progress",
        "completed_at": None,
        "incomplete_details": None,
        "output": [],
        "usage": None,
    }
    made = [{"type": f"response.{name}", "response": begun} for name in ("created", "in_progress")]
    for index, item in enumerate(done["output"]):
        made += _item_events(index, item)
    made.append({"type": f"response.{done['status']}", "response": done})
    return [{**each, "sequence_number": number} for number, each in enumerate(made)]


def _item_events(index: int, item: Json) -> Iterator[Json]:
    opened = {**item, "status": "in_progress"} if "status" in item else item
    if item["type"] == "message":
        opened = {**opened, "content": []}
    if item["type"] == "function_call":
        opened = {**opened, "arguments": ""}
    yield {"type": "response.output_item.added", "item": opened, "output_index": index}
    if item["type"] == "message":
        yield from _text_events(index, item)
    if item["type"] == "function_call":
        yield from _argument_events(index, item)
    yield {"type": "response.output_item.done", "item": item, "output_index": index}


def _text_events(index: int, item: Json) -> Iterator[Json]:
    part = item["content"][0]
    where = {"content_index": 0, "item_id": item["id"], "output_index": index}
    yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
    for piece in tokens.tokenize(part["text"]):
        yield {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **where, "logprobs": [], "text": part["text"]}
    yield {"type": "response.content_part.done", **where, "part": part}


def _argument_events(index: int, item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"], "output_index": index}
    for piece in tokens.tokenize(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **where, "delta": piece}
    yield {
        "type": "response.function_call_arguments.done",
        **where,
        "arguments": item["arguments"],
        "name": item["name"],
    }


def frames(made: list[Any], dialect: Dialect) -> list[bytes]:
    """One named event per chunk; the last one ends the stream, there is no `[DONE]`."""
    end = dialect.separator.encode()
    return [f"event: {each['type']}\n".encode() + b"data: " + encode_json(each) + end for each in made]
