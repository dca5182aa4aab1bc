"""Faults in the form of tool calls and in what a request with tools may hold: blank members, odd ids, lost pieces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import ApiError, Apply, Call, Json, Seam, edits, fault, rows


def _streamed(name: str, summary: str) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.CHUNKS, stream=True, when=edits.has_tools, surface="chat.stream.tools")


def _whole(name: str, summary: str, apply: Apply) -> None:
    fault(name, summary, Seam.BODY, stream=False, when=edits.has_tools, surface="chat.tools")(apply)


def _parts(chunks: list[Json]) -> list[Json]:
    return [part for choice in edits.choices(chunks) for part in choice["delta"].get("tool_calls") or ()]


def _later(part: Json, **members: Any) -> None:
    """Gives members to a later fragment."""
    if "id" not in part:
        part |= members


_streamed("tool-delta-later-type-null", "Later fragments carry type null.")(
    edits.each_fragment(lambda part: _later(part, type=None))
)
_streamed("tool-delta-later-type-empty", 'Later fragments carry type "".')(
    edits.each_fragment(lambda part: _later(part, type=""))
)
_streamed("tool-delta-later-null", "Later fragments carry id null and name null.")(
    edits.each_fragment(lambda part: _later(part, id=None, function={"name": None, **part["function"]}))
)


@_streamed("first-text-lost-with-tools", "With tools in the request the first piece of a streamed text is lost.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    texts = [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]
    return [each for each in chunks if not texts or each is not texts[0]]


@_streamed("tool-delta-empty-object-first", "The first fragment of a call has the arguments {}, and the others follow.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for part in _parts(chunks):
        if "id" in part:
            part["function"]["arguments"] = "{}"
    return chunks


@_streamed("tool-second-call-dropped-in-stream", "Of two calls a stream brings the first only.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [each for each in chunks if not any(part["index"] for part in _parts([each]))]


_whole(
    "tool-id-long",
    "The id of a call holds the model's signature, hundreds of characters.",
    edits.each_call(lambda call: call.update(id=f"{call['id']}__thought__{'A' * 400}")),
)
_whole(
    "tool-id-colon",
    "The id of a call is made of its function and a number, with a point and a colon.",
    edits.each_call(lambda call: call.update(id=f"functions.{call['function']['name']}:{call['id'][5:]}")),
)


def _as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict | bool) else value


def _typeless(call: Json) -> None:
    value = json.loads(call["function"]["arguments"])
    call["function"]["arguments"] = json.dumps({name: _as_text(inner) for name, inner in value.items()})


_whole(
    "tool-arguments-all-as-text", "Arrays, objects and booleans in arguments are JSON text.", edits.each_call(_typeless)
)


@fault("tool-parameters-required", "A function without parameters is refused.", Seam.REQUEST, surface="chat.tools")
def _(body: Json, _call: Call) -> Json:
    functions = [tool.get("function") for tool in edits.objects(body.get("tools"))]
    if any(isinstance(one, dict) and one.get("name") and "parameters" not in one for one in functions):
        raise ApiError(422, "tools.0.function.parameters: Field required", "tools")
    return body


_answered: dict[str, list[Json]] = {}
"""What was answered last, by the first message of its conversation."""


@fault(
    "tool-answer-replayed",
    "The answer to a tool's result is the cached answer before it.",
    Seam.BODY,
    stream=False,
    when=edits.has_tools,
    surface="chat.tools",
)
def _(body: Json, call: Call) -> Json:
    messages = edits.objects(call.sent.get("messages"))
    key = json.dumps(messages[0]) if messages else ""
    if messages and messages[-1].get("role") == "tool":
        body["choices"] = _answered.get(key, body["choices"])
    else:
        _answered[key] = body["choices"]
    return body


rows.request_row(
    "tool-choice-required-refused",
    "tool_choice required is refused by the schema of the request.",
    edits.refuse(422, "tool_choice: Input should be 'auto', 'none' or an object", "tool_choice"),
    surface="chat.tools",
    when=lambda call: call.sent.get("tool_choice") == "required",
)
