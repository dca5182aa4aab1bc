"""Faults in streamed tool calls."""

from __future__ import annotations

import json
from collections.abc import Callable

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, fault
from conformance.reference.server.call import Call, Ending, Json, Reply


def _row(name: str, summary: str, apply: Apply, *field_bugs: str) -> None:
    fault(
        name,
        summary,
        Seam.CHUNKS,
        stream=True,
        when=edits.has_tools,
        surface="chat.stream.tools",
        field_bugs=field_bugs,
    )(apply)


def _named(name: str, summary: str) -> Callable[[Apply], Apply]:
    """A fault that has the name of its field bug."""

    def register(apply: Apply) -> Apply:
        _row(name, summary, apply, name)
        return apply

    return register


def _later(fragment: Json) -> bool:
    return "id" not in fragment


_row(
    "tool-delta-type-missing",
    "The first fragment of a call has no type.",
    edits.each_fragment(lambda each: each.pop("type", None)),
    "tool-delta-type-missing",
)
_row(
    "tool-delta-index-missing",
    "Fragments of calls have no index.",
    edits.each_fragment(lambda each: each.pop("index", None)),
)
_row(
    "tool-delta-index-from-one",
    "Indexes of calls start at 1.",
    edits.each_fragment(lambda each: each.update(index=each["index"] + 1)),
)
_row(
    "tool-delta-id-missing", "No fragment of a call has an id.", edits.each_fragment(lambda each: each.pop("id", None))
)
_row(
    "tool-delta-function-missing",
    "Later fragments have no function object.",
    edits.each_fragment(
        lambda each: each.pop("function") if _later(each) and not each["function"]["arguments"].strip('{}"') else None
    ),
)
_row(
    "tool-delta-arguments-object",
    "Fragments carry arguments as an object.",
    edits.each_fragment(lambda each: each["function"].update(arguments={}) if _later(each) else None),
)
_row(
    "lmstudio-later-deltas-name-empty-string",
    'Later fragments carry name "".',
    edits.each_fragment(lambda each: each["function"].setdefault("name", "")),
    "lmstudio-later-deltas-name-empty-string",
)
_row(
    "finish-reason-stop-with-tool-calls",
    "A streamed tool call finishes with stop.",
    edits.stream_finish_reason("stop", "tool_calls"),
)
_row(
    "finish-reason-end_turn-leaks",
    "A tool call finishes with end_turn.",
    edits.stream_finish_reason("end_turn", "tool_calls"),
    "finish-reason-end_turn-leaks",
)
_row(
    "tool-truncated-reported-as-tool_calls",
    "Arguments cut by the limit are reported as a finished call.",
    edits.stream_finish_reason("tool_calls", "length"),
    "tool-truncated-reported-as-tool_calls",
)


def _fragments(chunk: Json) -> list[Json]:
    return [part for choice in chunk["choices"] for part in choice["delta"].get("tool_calls") or ()]


def _calls(chunks: list[Json]) -> list[Json]:
    """The whole calls of a stream."""
    made: dict[int, Json] = {}
    for each in chunks:
        for part in _fragments(each):
            call = made.setdefault(part["index"], {**part, "function": {**part["function"], "arguments": ""}})
            call["function"]["arguments"] += part["function"]["arguments"]
    return list(made.values())


def _plain(chunks: list[Json]) -> list[Json]:
    return [each for each in chunks if not _fragments(each)]


def _before_finish(chunks: list[Json], *deltas: Json) -> list[Json]:
    last = edits.finishing(chunks)
    at = chunks.index(last[0]) if last else len(chunks)
    return [*chunks[:at], *(edits.with_delta(chunks[0], delta) for delta in deltas), *chunks[at:]]


def _headed(chunks: list[Json], _call: Call) -> list[Json]:
    heads: dict[int, Json] = {}
    for part in (part for each in chunks for part in _fragments(each)):
        head = heads.setdefault(part["index"], {**part, "function": dict(part["function"])})
        part |= {"id": head["id"], "type": head["type"]}
        part["function"]["name"] = head["function"]["name"]
    return chunks


_row("tool-delta-id-on-every-fragment", "Every fragment repeats id, type and name.", _headed)


@_named("tool-final-chunk-loses-id-name", "A call arrives whole on the finish chunk, without id, type and name.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    calls = [
        {"index": each["index"], "function": {"arguments": each["function"]["arguments"]}} for each in _calls(chunks)
    ]
    kept = _plain(chunks)
    for each in edits.finishing(kept) if calls else []:
        each["choices"][0]["delta"] = {"tool_calls": calls}
    return kept


@_named("tool-id-empty-string", 'A nameless call with id "" is appended to the answer.')
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return _before_finish(
        chunks,
        {"tool_calls": [{"index": len(_calls(chunks)), "id": "", "type": "function", "function": {"arguments": ""}}]},
    )


@_named("tool-second-call-leaks-as-text", "Of two calls the second arrives as text with markup.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    extra = [each for each in _calls(chunks) if each["index"] > 0]
    kept = [each for each in chunks if not any(part["index"] > 0 for part in _fragments(each))]
    return _before_finish(
        kept, *({"content": f"<tool_call>{json.dumps(each['function'])}</tool_call>"} for each in extra)
    )


@_named("tool-closing-tag-after-call-in-content", "A closing tag of the model's markup follows the call as text.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return _before_finish(chunks, {"content": ">"}, {"content": "\n</tool_call>"}) if _calls(chunks) else chunks


@_named("tool-arguments-full-repeat-at-end", "After the fragments, one more repeats the whole arguments.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    again = [
        {"tool_calls": [{"index": each["index"], "function": {"arguments": each["function"]["arguments"]}}]}
        for each in _calls(chunks)
    ]
    return _before_finish(chunks, *again)


@_named("gateway-error-on-empty-arg-delta", "The stream fails right after the name of the function.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    at = next((at for at, each in enumerate(chunks) if _fragments(each)), None)
    failure = {"error": {"message": "Invalid function argument delta", "code": "500"}}
    return chunks if at is None else [*chunks[: at + 1], failure]


@_named("fake-stream-drops-tool-calls", "A streamed tool call arrives as an empty answer that finishes with stop.")
@_named("stream-drops-tool-calls-entirely", "A streamed tool call arrives as an empty answer that finishes with stop.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    kept = _plain(chunks)
    for choice in edits.choices(kept):
        choice["finish_reason"] = "stop" if choice["finish_reason"] else None
    return kept


@_named("fake-stream-single-chunk-all-tools", "The whole answer arrives in one chunk, finish reason included.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    delta: Json = {"role": "assistant", "content": edits.streamed_text(chunks) or None}
    if _calls(chunks):
        delta["tool_calls"] = _calls(chunks)
    last = edits.finishing(chunks)[0]
    only = {**last, "choices": [{**last["choices"][0], "delta": delta}]}
    return [only, *(each for each in chunks if not each["choices"])]


@_named(
    "tools-disable-incremental-streaming",
    "With tools in the request, arguments and text arrive in one delta at the end.",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    whole: Json = {"tool_calls": _calls(chunks)} if _calls(chunks) else {"content": edits.streamed_text(chunks)}
    return _before_finish(
        [chunks[0], *edits.finishing(chunks), *(each for each in chunks if not each["choices"])], whole
    )


@_named("content-and-tool_calls-in-one-delta", "One delta carries text and a tool call.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    first = next((part for part in edits.choices(chunks) if part["delta"].get("tool_calls")), None)
    if first:
        first["delta"]["content"] = "I will look that up."
    return chunks


@_named(
    "content-repeated-with-final-tool-delta", "The last fragment of a call repeats the text that was already streamed."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    parts = [part for part in edits.choices(chunks) if part["delta"].get("tool_calls")]
    if parts:
        parts[-1]["delta"]["content"] = "I will look that up."
        return [chunks[0], edits.with_delta(chunks[0], {"content": "I will look that up."}), *chunks[1:]]
    return chunks


@_named("content-dropped-when-tools-present", "With tools in the request, text never arrives.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return [each for each in chunks if not any(choice["delta"].get("content") for choice in each["choices"])]


@_named("stop-string-loses-buffered-content", "With tools in the request, the text before a stop string is lost.")
def _(chunks: list[Json], call: Call) -> list[Json]:
    texts = [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]
    held = {id(each) for each in texts[-2:]} if call.sent.get("stop") else set()
    return [each for each in chunks if id(each) not in held]


@_named("tool-json-in-content-beside-or-instead", "The JSON of the call is streamed as text as well.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    texts = [
        {"content": json.dumps({"name": each["function"]["name"], "arguments": each["function"]["arguments"]})}
        for each in _calls(chunks)
    ]
    return [chunks[0], *(edits.with_delta(chunks[0], delta) for delta in texts), *chunks[1:]]


@_named("legacy-function_call-instead-of-tool_calls", "A tool call arrives in the legacy member function_call.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        parts = choice["delta"].pop("tool_calls", None)
        if parts:
            choice["delta"]["function_call"] = parts[0]["function"]
        if choice["finish_reason"] == "tool_calls":
            choice["finish_reason"] = "function_call"
    return chunks


@fault("legacy-function_call-instead-of-tool_calls", "", Seam.BODY, stream=False, when=edits.has_tools)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        calls = choice["message"].pop("tool_calls", None)
        if calls:
            choice["message"]["function_call"], choice["finish_reason"] = calls[0]["function"], "function_call"
    return body


@fault(
    "llamacpp-abort-invalid-diff-midstream",
    "The connection breaks in the middle of a tool call.",
    Seam.REPLY,
    stream=True,
    when=lambda call: edits.accepted(call) and edits.has_tools(call),
    surface="chat.stream.tools",
    field_bugs=("llamacpp-abort-invalid-diff-midstream",),
)
def _(reply: Reply, _call: Call) -> Reply:
    reply.frames, reply.ending = (reply.frames or [])[:4], Ending.ABORT
    return reply
