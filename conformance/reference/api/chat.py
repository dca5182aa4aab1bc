"""Chat completions: the answer as one body, or as a list of chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.reference.api.logprobs import entries
from conformance.reference.api.validation.chat import validate_chat
from conformance.reference.dialects import Dialect
from conformance.reference.engine import scripted_model, tokens
from conformance.reference.engine.scripted_model import ScriptedAnswer
from conformance.reference.server.call import Call, Json

FINGERPRINT = "fp_5f0ac3e1d2"


def answers(call: Call, dialect: Dialect) -> list[ScriptedAnswer]:
    """Validates the request and lets the model answer it, once per choice."""
    call.body, call.card = validate_chat(call.body, strict=dialect.strict_fields)
    call.shown_model = call.shown_model or call.card.id
    call.prompt_tokens = scripted_model.prompt_tokens(call.body)
    return [scripted_model.answer(call.body, call.card) for _ in range(call.body.get("n", 1))]


def completion(call: Call, dialect: Dialect) -> Json:
    """The body of a chat completion."""
    said = answers(call, dialect)
    body = {
        "id": f"chatcmpl-{call.hex[: dialect.id_digits]}",
        "object": "chat.completion",
        "created": call.created,
        "model": call.shown_model,
        "choices": [_choice(call, dialect, index, each) for index, each in enumerate(said)],
        "usage": usage(call, said, dialect),
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    return _without(body, dialect.omit_completion)


def _choice(call: Call, dialect: Dialect, index: int, said: ScriptedAnswer) -> Json:
    message: Json = {"role": "assistant", "content": said.text}
    message |= _thinking(dialect, "".join(said.reasoning))
    if said.calls:
        message["tool_calls"] = [
            {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
            for each in said.calls
        ]
    message |= {"refusal": None, "annotations": []}
    choice = {
        "index": index,
        "message": _without(message, dialect.omit_message),
        "logprobs": _logprobs(call, list(said.content or ())),
        "finish_reason": said.finish,
    }
    return _without(choice, dialect.omit_choice)


def _thinking(dialect: Dialect, text: str) -> Json:
    if not text:
        return {}
    return {"reasoning_content": text, "reasoning": text} if dialect.reasoning_alias else {"reasoning_content": text}


def _logprobs(call: Call, pieces: list[str]) -> Json | None:
    if not call.body.get("logprobs"):
        return None
    return {"content": entries(pieces, call.body.get("top_logprobs", 0)), "refusal": None}


def usage(call: Call, said: list[ScriptedAnswer], dialect: Dialect) -> Json:
    """The usage object of all choices together."""
    produced = sum(each.completion_tokens for each in said)
    counted = {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": produced,
        "total_tokens": call.prompt_tokens + produced,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(len(each.reasoning) for each in said),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        **dialect.extra_usage,
    }
    return _without(counted, dialect.omit_usage)


def chunks(call: Call, dialect: Dialect) -> list[Json]:
    """The chunks of a streamed chat completion, without `[DONE]`."""
    said = answers(call, dialect)
    asked = bool((call.body.get("stream_options") or {}).get("include_usage"))
    made = [
        _chunk(call, dialect, [choice])
        for choice in _woven([_choice_chunks(call, dialect, at, each) for at, each in enumerate(said)])
    ]
    if dialect.usage == "finish":
        made[-1]["usage"] = usage(call, said, dialect)
    elif asked:
        for each in made if dialect.usage_null else ():
            each["usage"] = None
        head = {} if dialect.usage == "bare" else _chunk(call, dialect, [])
        made.append({**head, "usage": usage(call, said, dialect)})
    for each in made:
        if "choices" in each:
            each["choices"] = [_without(choice, dialect.omit_chunk_choice) for choice in each["choices"]]
    return [_without(each, dialect.omit_chunk) for each in made]


def _chunk(call: Call, dialect: Dialect, choices: list[Json]) -> Json:
    return {
        "id": f"chatcmpl-{call.hex[: dialect.id_digits]}",
        "object": "chat.completion.chunk",
        "created": call.created,
        "model": call.shown_model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
        "choices": choices,
    }


def _woven(columns: list[list[Json]]) -> Iterator[Json]:
    for row in range(max(len(column) for column in columns)):
        yield from (column[row] for column in columns if row < len(column))


def _choice_chunks(call: Call, dialect: Dialect, index: int, said: ScriptedAnswer) -> list[Json]:
    made = [
        _delta_choice(index, delta, _logprobs(call, pieces) if pieces else None)
        for delta, pieces in _deltas(dialect, said)
    ]
    if dialect.finish_chunk:
        made.append({**_delta_choice(index, {}, None), "finish_reason": said.finish})
    return made


def _delta_choice(index: int, delta: Json, logprobs: Json | None) -> Json:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}


def _deltas(dialect: Dialect, said: ScriptedAnswer) -> Iterator[tuple[Json, list[str]]]:
    """Every delta with the tokens that its logprobs are about."""
    if dialect.first_delta is not None:
        first = dict(dialect.first_delta)
        if said.calls and "content" in first:
            first["content"] = None
        yield first, []
    for piece in said.reasoning:
        yield _thinking(dialect, piece), []
    for piece in said.content or ():
        yield {"content": piece}, [piece]
    for position, tool in enumerate(said.calls):
        head = {"index": position, "id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": ""}}
        yield {"tool_calls": [head]}, []
        for piece in tokens.tokenize(tool.arguments):
            yield {"tool_calls": [{"index": position, "function": {"arguments": piece}}]}, []


def _without(members: dict[str, Any], omitted: frozenset[str]) -> Json:
    return {name: value for name, value in members.items() if name not in omitted}
