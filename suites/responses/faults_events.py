"""Faults of streamed responses: of the first event, of indexes, of closing events, of calls and items."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import Apply, Call, Json, Seam, edits, fault

Chunks = list[Json]
_BEGINNING = ("response.created", "response.in_progress")


def _dropping(*types: str) -> Apply:
    return lambda chunks, _call: [each for each in chunks if each["type"] not in types]


def _on(*types: str, **members: Any) -> Apply:
    """Sets members of the response or the item of events of some types."""

    def edit(each: Json) -> None:
        if each["type"] in types:
            holder = "response" if "response" in each else "item"
            each[holder] = {**each[holder], **members}

    return edits.each_chunk(edit)


def _shifted(name: str) -> Apply:
    return edits.each_chunk(lambda each: each.update({name: each[name] + 1}) if name in each else None)


def _only_an_id(each: Json) -> None:
    if each["type"] in _BEGINNING:
        each["response"] = {name: each["response"][name] for name in ("id", "object", "status")}


def _done_at_once(each: Json) -> None:
    if each["type"] == "response.output_item.added" and "status" in each["item"]:
        each["item"] = {**each["item"], "status": "completed"}


def _calls(edit: edits.Edit, *types: str) -> Apply:
    """Edits copies of the calls in events of some types."""

    def bend(item: Json) -> Json:
        if item["type"] != "function_call":
            return item
        edit(item := dict(item))
        return item

    def apply(each: Json) -> None:
        if each["type"] in types and "item" in each:
            each["item"] = bend(each["item"])
        elif each["type"] in types:
            each["response"] = {**each["response"], "output": [bend(item) for item in each["response"]["output"]]}

    return edits.each_chunk(apply)


def _said_stop(each: Json) -> None:
    holders = [each["item"]] if "item" in each else (each.get("response") or {}).get("output", ())
    for item in holders:
        if item.get("status") == "completed":
            item["status"] = "stop"


def _renamed(chunks: list[Json], _call: Call) -> list[Json]:
    last = chunks[-1]
    response = {**last["response"], "model": f"{last['response']['model']}-2025-01-31"}
    return [*chunks[:-1], {**last, "response": response}]


def _drifting(chunks: Chunks, _call: Call) -> Chunks:
    last = chunks[-1]
    return [*chunks[:-1], {**last, "response": {**last["response"], "created_at": last["response"]["created_at"] + 3}}]


_ADDED, _DONE, _LAST = "response.output_item.added", "response.output_item.done", "response.completed"
_FAULTS: tuple[tuple[str, str, Apply], ...] = (
    (
        "responses-text-done-missing",
        "The text of a stream is not closed.",
        _dropping("response.output_text.done"),
    ),
    (
        "responses-part-done-missing",
        "Parts of streamed messages are not closed.",
        _dropping("response.content_part.done"),
    ),
    (
        "responses-arguments-deltas-missing",
        "The arguments of a streamed call come whole, without a delta.",
        _dropping("response.function_call_arguments.delta"),
    ),
    (
        "responses-arguments-done-missing",
        "The arguments of a streamed call are not closed.",
        _dropping("response.function_call_arguments.done"),
    ),
    ("responses-in-progress-missing", "No event says that a response is in progress.", _dropping(_BEGINNING[1])),
    ("responses-created-completed", "Responses are completed when they begin.", _on(*_BEGINNING, status="completed")),
    ("responses-created-bare", "The first events hold little more than an id.", edits.each_chunk(_only_an_id)),
    ("responses-item-opened-completed", "Items are completed when they are opened.", edits.each_chunk(_done_at_once)),
    ("responses-output-index-from-one", "output_index counts from 1.", _shifted("output_index")),
    (
        "responses-output-index-missing",
        "Events name their item by item_id alone, without output_index.",
        edits.each_chunk(lambda each: each.pop("output_index", None)),
    ),
    ("responses-content-index-from-one", "content_index counts from 1.", _shifted("content_index")),
    (
        "responses-call-id-regenerated",
        "A streamed call gets another call_id in the final response.",
        _calls(lambda item: item.update(call_id=item["call_id"] + "x"), _LAST),
    ),
    (
        "responses-call-id-changes-when-closed",
        "A streamed call gets another call_id when it is closed.",
        _calls(lambda item: item.update(call_id=item["call_id"] + "x"), _DONE),
    ),
    (
        "responses-call-opened-nameless",
        "A streamed call is opened without its name.",
        _calls(lambda item: item.pop("name"), _ADDED),
    ),
    (
        "responses-call-without-id",
        "Function calls have neither id nor status.",
        _calls(lambda item: (item.pop("id"), item.pop("status")), _ADDED, _DONE, _LAST),
    ),
    ("responses-item-status-stop", "The status of finished items is a finish_reason.", edits.each_chunk(_said_stop)),
    ("responses-created-at-drifts", "The last event names another created_at.", _drifting),
    ("responses-model-changes", "The last event names another model.", _renamed),
)
for _name, _summary, _apply in _FAULTS:
    fault(_name, _summary, Seam.CHUNKS, on=("responses",), stream=True, surface="responses")(_apply)


@fault(
    "responses-tools-in-chat-shape",
    "The tools of a response are repeated in the shape of chat.",
    Seam.CHUNKS,
    on=("responses",),
    stream=True,
    surface="responses",
)
def _(chunks: Chunks, _call: Call) -> Chunks:
    for each in chunks:
        if "response" in each:
            tools = [{"type": "function", "function": tool} for tool in each["response"]["tools"]]
            each["response"] = {**each["response"], "tools": tools}
    return chunks
