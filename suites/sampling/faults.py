"""Faults of sampling: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import Call, Json, Seam, edits, fault, rows

rows.request_row(
    "logit_bias-object-form-unsupported",
    "logit_bias is refused as a map.",
    edits.refuse(400, "logit_bias must be an array.", "logit_bias"),
    "logit_bias-object-form-unsupported",
    when=edits.asks("logit_bias"),
)
rows.request_row(
    "prompt_cache_key-rejected",
    "prompt_cache_key is refused.",
    edits.refuse(400, "Unrecognized request argument supplied: prompt_cache_key"),
    "prompt_cache_key-rejected",
    when=edits.asks("prompt_cache_key"),
)
rows.request_row(
    "nulls-rejected",
    "Optional parameters that are null are refused.",
    edits.refuse(422, "Input should be a valid value, not null."),
    when=lambda call: any(value is None for value in call.sent.values()),
)
rows.request_row(
    "metadata-500",
    "user, metadata or store end in a server error.",
    edits.refuse(500, "Internal server error"),
    when=edits.asks("user", "metadata", "store"),
)
rows.request_row(
    "lone-surrogate-400-on-strict-parser",
    "An unpaired surrogate escape is refused.",
    edits.refuse(400, "not valid JSON: no low surrogate in string"),
    "lone-surrogate-400-on-strict-parser",
    when=lambda call: b'\\ud83d"' in call.raw.lower() or b"\\ud83d " in call.raw.lower(),
)

rows.request_row(
    "text-format-refused",
    "A response_format of the type text is refused.",
    edits.refuse(400, "response_format must be json_object.", "response_format"),
    surface="structured",
    when=lambda call: call.sent.get("response_format") == {"type": "text"},
)


def _refused(*names: str) -> None:
    """Each parameter is refused as if nobody had ever heard of it."""
    for name in names:
        apply = edits.refuse(400, f"Unrecognized request argument supplied: {name}")
        rows.plain_request_row(f"{name}-refused", f"{name} is refused as unknown.", apply, edits.asks(name))


_refused("temperature", "top_p", "n", "max_completion_tokens", "user")
rows.plain_request_row(
    "temperature-and-top_p-together-refused",
    "temperature and top_p are refused together.",
    edits.refuse(400, "`temperature` and `top_p` cannot both be specified for this model."),
    lambda call: {"temperature", "top_p"} <= {name for name, value in call.sent.items() if value is not None},
)
rows.plain_request_row(
    "huge-limit-500",
    "A limit above what the model can do ends in a server error.",
    edits.refuse(500, "max_new_tokens exceeds the size of the cache"),
    lambda call: isinstance(call.sent.get("max_tokens"), int) and call.sent["max_tokens"] > 1_000_000,
)


@fault(
    "stop-hit-reported-as-length",
    "An answer that a stop string ends is reported as cut.",
    Seam.CHUNKS,
    stream=True,
    when=edits.asks("stop"),
)
def _(chunks: list[Json], call: Call) -> list[Json]:
    return edits.stream_finish_reason("length", "stop")(chunks, call)  # type: ignore[no-any-return]


@fault(
    "stop-loses-what-begins-like-it",
    "Text that begins like a stop string is held back and never sent.",
    Seam.CHUNKS,
    stream=True,
    when=edits.asks("stop"),
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    texts = [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]
    return [each for each in chunks if each not in texts[-1:]]
