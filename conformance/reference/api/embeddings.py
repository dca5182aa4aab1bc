"""Embeddings: a unit vector made from the text, the same for the same text."""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from collections.abc import Mapping
from typing import Any

from conformance.reference.api.problems import ApiError, bad_length, missing_parameter, wrong_type
from conformance.reference.api.validation import fields
from conformance.reference.api.validation.chat import model_of
from conformance.reference.dialects import Dialect
from conformance.reference.engine import tokens
from conformance.reference.server.call import Call, Json

DIMENSIONS = 256
_MOST_INPUTS = 2048
_KNOWN: Mapping[str, fields.Checker] = {
    "dimensions": fields.integer(1, DIMENSIONS),
    "encoding_format": fields.one_of("float", "base64"),
    "input": fields.anything,
    "model": fields.string,
    "user": fields.string,
}


def embeddings(call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of an embeddings answer."""
    body = fields.check_fields(call.body, _KNOWN, strict=dialect.strict_fields)
    call.card = model_of(body, "embedding")
    call.shown_model = call.shown_model or call.card.id
    if "input" not in body:
        raise missing_parameter("input")
    inputs = _inputs(body["input"])
    call.prompt_tokens = sum(len(each) if isinstance(each, list) else tokens.count(each) for each in inputs)
    size, packed = body.get("dimensions", DIMENSIONS), body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": _shown(each, size, packed=packed)}
        for at, each in enumerate(inputs)
    ]
    counted = {"prompt_tokens": call.prompt_tokens, "total_tokens": call.prompt_tokens}
    return {"object": "list", "data": data, "model": call.shown_model, "usage": counted}


def _inputs(given: Any) -> list[Any]:
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list):
        raise wrong_type("input", "one of a string or array", given)
    if not given:
        raise bad_length("input", "array", 1, 0, long=False)
    if _token_list(given):
        return [given]
    if len(given) > _MOST_INPUTS:
        raise bad_length("input", "array", _MOST_INPUTS, len(given), long=True)
    for at, each in enumerate(given):
        if not (isinstance(each, str) or (isinstance(each, list) and each and _token_list(each))):
            raise wrong_type(f"input[{at}]", "one of a string or array of integers", each)
        if each == "":
            raise ApiError(400, "'$.input' is invalid: the input must not be an empty string.", "input")
    return given


def _token_list(given: list[Any]) -> bool:
    return all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in given)


def _shown(text: Any, size: int, *, packed: bool) -> list[float] | str:
    values = vector(str(text), size)
    return base64.b64encode(struct.pack(f"<{size}f", *values)).decode() if packed else values


def vector(text: str, size: int = DIMENSIONS) -> list[float]:
    """The unit vector of a text, in values that survive float32."""
    seed = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    raw = b"".join(hashlib.sha256(seed + bytes([block])).digest() for block in range(size // 16 + 1))
    numbers = [value / 32768 for value in struct.unpack(f"<{size}h", raw[: 2 * size])]
    norm = math.sqrt(sum(each * each for each in numbers)) or 1.0
    return list(struct.unpack(f"<{size}f", struct.pack(f"<{size}f", *(each / norm for each in numbers))))
