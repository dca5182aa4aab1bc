"""Faults of tools in streams: each re-enacts what servers in the field do."""

from __future__ import annotations

import json

from conformance.reference.faults import Call, Json, Seam, edits, fault, rows


@rows.chunks_fault("stream-stop-token-leaks", "The token that ends the model's turn is streamed as text.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    at = chunks.index(edits.finish_chunks(chunks)[0])
    return [*chunks[:at], edits.with_delta(chunks[0], {"content": "<|im_end|>"}), *chunks[at:]]


def _later(fragment: Json) -> bool:
    return "id" not in fragment


rows.call_chunks_row(
    "tool-delta-type-missing",
    "The first fragment of a call has no type.",
    edits.each_fragment(lambda each: each.pop("type", None)),
    "tool-delta-type-missing",
)
rows.call_chunks_row(
    "tool-delta-index-missing",
    "Fragments of calls have no index.",
    edits.each_fragment(lambda each: each.pop("index", None)),
)
rows.call_chunks_row(
    "tool-delta-index-from-one",
    "Indexes of calls start at 1.",
    edits.each_fragment(lambda each: each.update(index=each["index"] + 1)),
)
rows.call_chunks_row(
    "tool-delta-id-missing", "No fragment of a call has an id.", edits.each_fragment(lambda each: each.pop("id", None))
)
rows.call_chunks_row(
    "tool-delta-function-missing",
    "Later fragments have no function object.",
    edits.each_fragment(
        lambda each: each.pop("function") if _later(each) and not each["function"]["arguments"].strip('{}"') else None
    ),
)
rows.call_chunks_row(
    "tool-delta-arguments-object",
    "Fragments carry arguments as an object.",
    edits.each_fragment(lambda each: each["function"].update(arguments={}) if _later(each) else None),
)
rows.call_chunks_row(
    "lmstudio-later-deltas-name-empty-string",
    'Later fragments carry name "".',
    edits.each_fragment(lambda each: each["function"].setdefault("name", "")),
    "lmstudio-later-deltas-name-empty-string",
)
rows.call_chunks_row(
    "finish-reason-stop-with-tool-calls",
    "A streamed tool call finishes with stop.",
    edits.stream_finish_reason("stop", "tool_calls"),
)
rows.call_chunks_row(
    "tool-truncated-reported-as-tool_calls",
    "Arguments cut by the limit are reported as a finished call.",
    edits.stream_finish_reason("tool_calls", "length"),
    "tool-truncated-reported-as-tool_calls",
)


def _plain(chunks: list[Json]) -> list[Json]:
    return [each for each in chunks if not edits.call_fragments(each)]


def _headed(chunks: list[Json], _call: Call) -> list[Json]:
    heads: dict[int, Json] = {}
    for part in (part for each in chunks for part in edits.call_fragments(each)):
        head = heads.setdefault(part["index"], {**part, "function": dict(part["function"])})
        part |= {"id": head["id"], "type": head["type"]}
        part["function"]["name"] = head["function"]["name"]
    return chunks


rows.call_chunks_row("tool-delta-id-on-every-fragment", "Every fragment repeats id, type and name.", _headed)


@rows.call_chunks_bug(
    "tool-final-chunk-loses-id-name", "A call arrives whole on the finish chunk, without id, type and name."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    calls = [
        {"index": each["index"], "function": {"arguments": each["function"]["arguments"]}}
        for each in edits.streamed_calls(chunks)
    ]
    kept = _plain(chunks)
    for each in edits.finish_chunks(kept) if calls else []:
        each["choices"][0]["delta"] = {"tool_calls": calls}
    return kept


@rows.call_chunks_bug("tool-id-empty-string", 'A nameless call with id "" is appended to the answer.')
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return edits.insert_before_finish(
        chunks,
        {
            "tool_calls": [
                {
                    "index": len(edits.streamed_calls(chunks)),
                    "id": "",
                    "type": "function",
                    "function": {"arguments": ""},
                }
            ]
        },
    )


@rows.call_chunks_bug("tool-second-call-leaks-as-text", "Of two calls the second arrives as text with markup.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    extra = [each for each in edits.streamed_calls(chunks) if each["index"] > 0]
    kept = [each for each in chunks if not any(part["index"] > 0 for part in edits.call_fragments(each))]
    return edits.insert_before_finish(
        kept, *({"content": f"<tool_call>{json.dumps(each['function'])}</tool_call>"} for each in extra)
    )


@rows.call_chunks_bug(
    "tool-closing-tag-after-call-in-content", "A closing tag of the model's markup follows the call as text."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    return (
        edits.insert_before_finish(chunks, {"content": ">"}, {"content": "\n</tool_call>"})
        if edits.streamed_calls(chunks)
        else chunks
    )


@rows.call_chunks_bug("tool-arguments-full-repeat-at-end", "After the fragments, one more repeats the whole arguments.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    again = [
        {"tool_calls": [{"index": each["index"], "function": {"arguments": each["function"]["arguments"]}}]}
        for each in edits.streamed_calls(chunks)
    ]
    return edits.insert_before_finish(chunks, *again)


@rows.call_chunks_bug("gateway-error-on-empty-arg-delta", "The stream fails right after the name of the function.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    at = next((at for at, each in enumerate(chunks) if edits.call_fragments(each)), None)
    failure = {"error": {"message": "Invalid function argument delta", "code": "500"}}
    return chunks if at is None else [*chunks[: at + 1], failure]


@rows.call_chunks_bug(
    "fake-stream-drops-tool-calls", "A streamed tool call arrives as an empty answer that finishes with stop."
)
@rows.call_chunks_bug(
    "stream-drops-tool-calls-entirely", "A streamed tool call arrives as an empty answer that finishes with stop."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    kept = _plain(chunks)
    for choice in edits.choices(kept):
        choice["finish_reason"] = "stop" if choice["finish_reason"] else None
    return kept


@rows.call_chunks_bug("content-and-tool_calls-in-one-delta", "One delta carries text and a tool call.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    first = next((part for part in edits.choices(chunks) if part["delta"].get("tool_calls")), None)
    if first:
        first["delta"]["content"] = "I will look that up."
    return chunks


@rows.call_chunks_bug(
    "content-repeated-with-final-tool-delta", "The last fragment of a call repeats the text that was already streamed."
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    parts = [part for part in edits.choices(chunks) if part["delta"].get("tool_calls")]
    if parts:
        parts[-1]["delta"]["content"] = "I will look that up."
        return [chunks[0], edits.with_delta(chunks[0], {"content": "I will look that up."}), *chunks[1:]]
    return chunks


@rows.call_chunks_bug(
    "stop-string-loses-buffered-content", "With tools in the request, the text before a stop string is lost."
)
def _(chunks: list[Json], call: Call) -> list[Json]:
    texts = [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]
    held = {id(each) for each in texts[-2:]} if call.sent.get("stop") else set()
    return [each for each in chunks if id(each) not in held]


@rows.call_chunks_bug("tool-json-in-content-beside-or-instead", "The JSON of the call is streamed as text as well.")
def _(chunks: list[Json], _call: Call) -> list[Json]:
    texts = [
        {"content": json.dumps({"name": each["function"]["name"], "arguments": each["function"]["arguments"]})}
        for each in edits.streamed_calls(chunks)
    ]
    return [chunks[0], *(edits.with_delta(chunks[0], delta) for delta in texts), *chunks[1:]]


@rows.call_chunks_bug(
    "legacy-function_call-instead-of-tool_calls", "A tool call arrives in the legacy member function_call."
)
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
