"""Faults in tool calls that no report names, of the kinds that reports name: doubled, late, interleaved, accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import ApiError, Apply, Call, Json, Seam, edits, fault


def _streamed(name: str, summary: str) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.CHUNKS, stream=True, when=edits.has_tools, surface="chat.stream.tools")


def _whole(name: str, summary: str, apply: Apply) -> None:
    fault(name, summary, Seam.BODY, stream=False, when=edits.has_tools, surface="chat.tools")(apply)


def _request(name: str, summary: str) -> Callable[[Apply], Apply]:
    return fault(name, summary, Seam.REQUEST, surface="chat.tools")


def _parts(chunks: list[Json]) -> list[Json]:
    return [part for choice in edits.choices(chunks) for part in choice["delta"].get("tool_calls") or ()]


_whole("tool-name-missing", "Calls have no name.", edits.each_call(lambda call: call["function"].pop("name")))
_whole(
    "tool-function-null", "The function of a call is null.", edits.each_call(lambda call: call.update(function=None))
)
_whole(
    "tool-arguments-encoded-twice",
    "Arguments are JSON text inside JSON text.",
    edits.each_call(lambda call: call["function"].update(arguments=json.dumps(call["function"]["arguments"]))),
)
_whole(
    "tool-call-doubled",
    "Every call comes twice, under two ids.",
    edits.each_message(
        lambda message: (
            message.update(
                tool_calls=[
                    {**call, "id": call["id"] + suffix} for call in message["tool_calls"] for suffix in ("", "-again")
                ]
            )
            if message.get("tool_calls")
            else None
        )
    ),
)
_whole(
    "finish-reason-tool_calls-without-call",
    "Text finishes with tool_calls as soon as there are tools.",
    edits.finish_reason("tool_calls", "stop"),
)


@_streamed("tool-delta-id-changes", "Every fragment has an id of its own.")
def _(chunks: list[Json], call: Call) -> list[Json]:
    for number, part in enumerate(_parts(chunks)):
        part["id"] = f"call_{call.hex[:20]}{number:04d}"
    return chunks


@_streamed("tool-delta-name-late", "The name comes with the second fragment.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    waiting = ""
    for part in _parts(chunks):
        name, waiting = waiting, part["function"].pop("name", "")
        if name:
            part["function"]["name"] = name
    return chunks


@_streamed("tool-delta-arguments-cumulative", "Every fragment carries all arguments so far.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    so_far: dict[int, str] = {}
    for part in _parts(chunks):
        so_far[part["index"]] = so_far.get(part["index"], "") + part["function"]["arguments"]
        part["function"]["arguments"] = so_far[part["index"]]
    return chunks


@_streamed("tool-delta-same-index", "All calls of an answer have the index 0.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for part in _parts(chunks):
        part["index"] = 0
    return chunks


@_streamed("tool-delta-interleaved", "The fragments of two calls come by turns.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    def rank(item: tuple[int, Json]) -> tuple[int, int]:
        parts = _parts([item[1]])
        if not parts:
            return (-1 if item[0] == 0 else len(chunks), item[0])
        index = parts[0]["index"]
        before = [each for each in chunks[: item[0]] if (found := _parts([each])) and found[0]["index"] == index]
        return (len(before), index)

    return [each for _, each in sorted(enumerate(chunks), key=rank)]


def _functions(body: Json) -> list[Json]:
    return [tool["function"] for tool in edits.objects(body.get("tools")) if isinstance(tool.get("function"), dict)]


@_request("tools-unnamed-accepted", "A function without a name is accepted.")
def _(body: Json, _call: Call) -> Json:
    for function in _functions(body):
        function.setdefault("name", "unnamed")
    return body


@_request("tools-unnamed-crash", "A function without a name ends in a KeyError.")
def _(body: Json, _call: Call) -> Json:
    if any("name" not in function for function in _functions(body)):
        raise ApiError(500, "KeyError: 'name'", type="server_error")
    return body


@_request("tools-empty-crash", "An empty array of tools ends in an IndexError.")
def _(body: Json, _call: Call) -> Json:
    if body.get("tools") == []:
        raise ApiError(500, "IndexError: list index out of range", type="server_error")
    return body


@_request("tool_choice-unknown-accepted", "A tool_choice that names no function is overlooked.")
def _(body: Json, _call: Call) -> Json:
    choice: Any = body.get("tool_choice")
    names = [function.get("name") for function in _functions(body)]
    if isinstance(choice, dict) and choice.get("function", {}).get("name") not in names:
        return {**body, "tool_choice": "auto"}
    return body


def _tool_turn(message: Json) -> bool:
    return message.get("role") == "tool" or bool(message.get("tool_calls"))


@_request("tool-results-dropped", "Calls and their results in the history are overlooked.")
def _(body: Json, _call: Call) -> Json:
    messages = edits.objects(body.get("messages"))
    return {**body, "messages": [each for each in messages if not _tool_turn(each)]} if messages else body
