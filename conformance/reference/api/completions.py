"""Legacy text completions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.reference.api.logprobs import alternatives, logprob
from conformance.reference.api.problems import (
    ApiError,
    bad_length,
    missing_parameter,
    unsupported_parameter,
    wrong_type,
)
from conformance.reference.api.validation import fields
from conformance.reference.api.validation.chat import model_of
from conformance.reference.dialects import Dialect
from conformance.reference.engine import scripted_model, tokens
from conformance.reference.server.call import Call, Json

_KNOWN: Mapping[str, fields.Checker] = {
    "best_of": fields.integer(1, 20),
    "echo": fields.boolean,
    "frequency_penalty": fields.number(-2, 2),
    "logit_bias": fields.logit_bias,
    "logprobs": fields.integer(0, 5),
    "max_tokens": fields.integer(0),
    "model": fields.string,
    "n": fields.integer(1, 128),
    "presence_penalty": fields.number(-2, 2),
    "prompt": fields.anything,
    "seed": fields.integer(),
    "stop": fields.stop,
    "stream": fields.boolean,
    "stream_options": fields.mapping,
    "suffix": fields.string,
    "temperature": fields.number(0, 2),
    "top_p": fields.number(0, 1),
    "user": fields.string,
}


@dataclass(frozen=True)
class _Text:
    """One choice: the tokens of the prompt that are echoed, those produced, and why it ended."""

    echoed: tuple[str, ...]
    produced: tuple[str, ...]
    finish: str


def _validated(call: Call, dialect: Dialect) -> tuple[Json, list[str]]:
    body = fields.check_fields(call.body, _KNOWN, strict=dialect.strict_fields)
    call.card = model_of(body)
    call.shown_model = call.shown_model or call.card.id
    if "prompt" not in body:
        raise missing_parameter("prompt")
    if body.get("suffix"):
        raise unsupported_parameter("suffix", call.card.id)
    if "logprobs" in body and not call.card.offers("logprobs"):
        raise unsupported_parameter("logprobs", call.card.id)
    if "stream_options" in body and not body.get("stream"):
        raise ApiError(
            400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
        )
    return body, _prompts(body["prompt"])


def _prompts(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list):
        raise wrong_type("prompt", "one of a string or array", given)
    if not given:
        raise bad_length("prompt", "array", 1, 0, long=False)
    if all(isinstance(each, int) for each in given):
        return [_spelled(given)]
    if all(isinstance(each, str) for each in given):
        return given
    if all(isinstance(each, list) and each and all(isinstance(token, int) for token in each) for each in given):
        return [_spelled(each) for each in given]
    raise wrong_type("prompt", "one of a string, array of strings, array of tokens or array of token arrays", given)


def _spelled(ids: list[int]) -> str:
    """Token ids as text: one letter-word per id, so that the count of tokens is the count of ids."""
    return " ".join("".join(chr(97 + int(digit)) for digit in str(each % 10**8)) for each in ids)


def _texts(call: Call, dialect: Dialect) -> tuple[Json, list[_Text]]:
    body, prompts = _validated(call, dialect)
    assert call.card is not None
    call.prompt_tokens = sum(tokens.count(each) for each in prompts)
    limits = {**body, "max_tokens": max(body.get("max_tokens", 16), 1)}
    made = []
    for prompt in prompts:
        said = scripted_model.answer(
            {**limits, "messages": [{"role": "user", "content": prompt}], "reasoning_effort": "none"}, call.card
        )
        produced = (said.content or ()) if body.get("max_tokens") != 0 else ()
        echoed = tokens.tokenize(prompt) if body.get("echo") else ()
        finish = "length" if body.get("max_tokens") == 0 else said.finish
        made += [_Text(echoed, produced, finish)] * body.get("n", 1)
    return body, made


def _logprobs(pieces: tuple[str, ...], top: int | None, offset: int, *, first: bool) -> Json | None:
    if top is None:
        return None
    offsets, at = [], offset
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    known = [logprob(piece) for piece in pieces]
    ranked: list[Any] = [dict(alternatives(piece, top)) for piece in pieces]
    if first and pieces:  # nothing comes before the first token of an echoed prompt
        known[0], ranked[0] = None, None  # type: ignore[call-overload]
    return {
        "tokens": list(pieces),
        "token_logprobs": known,
        "top_logprobs": ranked if top else None,
        "text_offset": offsets,
    }


def _usage(call: Call, texts: list[_Text]) -> Json:
    produced = sum(len(each.produced) for each in texts)
    return {
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": produced,
        "total_tokens": call.prompt_tokens + produced,
    }


def _envelope(call: Call) -> Json:
    return {"id": f"cmpl-{call.hex}", "object": "text_completion", "created": call.created, "model": call.shown_model}


def completion(call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of a text completion."""
    body, texts = _texts(call, dialect)
    choices = []
    for index, each in enumerate(texts):
        pieces = (*each.echoed, *each.produced)
        logprobs = _logprobs(pieces, body.get("logprobs"), 0, first=bool(each.echoed))
        choices.append({"text": "".join(pieces), "index": index, "logprobs": logprobs, "finish_reason": each.finish})
    return {**_envelope(call), "choices": choices, "usage": _usage(call, texts)}


def chunks(call: Call, dialect: Dialect, _store: Any) -> list[Json]:
    """The chunks of a streamed text completion."""
    body, texts = _texts(call, dialect)
    made = [
        {**_envelope(call), "choices": [choice]}
        for index, each in enumerate(texts)
        for choice in _pieces(body, index, each)
    ]
    if (body.get("stream_options") or {}).get("include_usage"):
        made = [{**each, "usage": None} for each in made]
        made.append({**_envelope(call), "choices": [], "usage": _usage(call, texts)})
    return made


def _pieces(body: Json, index: int, text: _Text) -> list[Json]:
    made, at = [], 0
    for piece in (*text.echoed, *text.produced):
        logprobs = _logprobs((piece,), body.get("logprobs"), at, first=bool(text.echoed) and at == 0)
        made.append({"text": piece, "index": index, "logprobs": logprobs, "finish_reason": None})
        at += len(piece)
    return [*made, {"text": "", "index": index, "logprobs": None, "finish_reason": text.finish}]
