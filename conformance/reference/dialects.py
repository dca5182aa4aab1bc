"""How an endpoint words what the engine says: envelopes, usage placement, omitted members, extra paths. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from conformance.errors import UserError
from conformance.reference.api.problems import ApiError

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dialect:
    """One provider's way of speaking."""

    name: str
    title: str
    key: str = "sk-reference-0123456789abcdef"
    paths: tuple[str, ...] = ("/chat/completions", "/completions", "/embeddings", "/responses", "/models")
    strict_fields: bool = True  # unknown request fields are refused
    error_members: tuple[str, ...] = ("message", "type", "param", "code")
    error_types: Mapping[int, str] = field(default_factory=dict)  # status -> type, over OpenAI's
    unknown_model_status: int = 404
    usage: str = "asked"  # asked: own chunk with include_usage; bare: the same, and nothing but usage in it;
    # finish: on the finish chunk of every stream
    usage_null: bool = True  # with include_usage the other chunks say usage: null
    omit_usage: frozenset[str] = _NOTHING
    extra_usage: Mapping[str, int] = field(default_factory=dict)
    id_digits: int = 28  # hexadecimal digits of a completion's id
    first_delta: Mapping[str, Any] | None = field(
        default_factory=lambda: {"role": "assistant", "content": "", "refusal": None}
    )
    finish_chunk: bool = True
    done: bool = True
    omit_chunk: frozenset[str] = _NOTHING  # members that chunks lack
    omit_chunk_choice: frozenset[str] = _NOTHING
    omit_completion: frozenset[str] = _NOTHING
    omit_choice: frozenset[str] = _NOTHING
    omit_message: frozenset[str] = _NOTHING
    reasoning_alias: bool = False  # the thinking is in `reasoning` as well
    balance: Mapping[str, Any] | None = None  # the body of GET /balance
    headers: Mapping[str, str] = field(default_factory=dict)  # sent with every answer; {model}, {reset} are filled in
    open_paths: frozenset[str] = _NOTHING  # that ask for no key
    entries: str = "plain"  # how models are listed: plain; priced: with YuhuanStudio's members; sizeless: without sizes
    rate_limit_headers: bool = True
    separator: str = "\n\n"  # what ends an event

    def envelope(self, error: ApiError) -> dict[str, Any]:
        """The error body."""
        members = {
            "message": error.message,
            "type": self.error_types.get(error.status, error.type),
            "param": error.param,
            "code": error.code,
        }
        return {"error": {name: members[name] for name in self.error_members}}


_PRINTED = frozenset({"service_tier", "system_fingerprint"})
_LIMITS = {"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "99"}

OPENAI = Dialect("openai", "OpenAI, as api.openai.com answers")

LLMBASE = Dialect(
    "llmbase",
    "LLMBase: what its documents state, and OpenAI where they are silent",
    key="llmbase_0123456789abcdef0123456789",
    paths=("/chat/completions", "/models", "/model-metadata", "/balance"),
    usage="finish",
    first_delta={"role": "assistant"},
    reasoning_alias=True,
    id_digits=24,
    balance={"balance": "12.50", "currency": "USD"},
    open_paths=frozenset({"/models"}),
    rate_limit_headers=False,
    headers={
        "x-llmbase-requested-model": "{model}",
        "x-llmbase-served-model": "{model}",
        "x-llmbase-fallback-applied": "false",
    },
)

YUHUANSTUDIO = Dialect(
    "yuhuanstudio",
    "YuhuanStudio: what its documents state, and OpenAI where they are silent",
    key="yx-0123456789abcdef0123456789",
    paths=("/chat/completions", "/embeddings", "/responses", "/responses/tools", "/models"),
    first_delta={"role": "assistant"},
    error_types={
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        409: "conflict_error",
        422: "validation_error",
        429: "rate_limit_error",
        500: "internal_error",
        502: "upstream_error",
        503: "service_unavailable",
    },
    entries="priced",
    rate_limit_headers=False,
    headers={
        "x-ratelimit-limit": "100",
        "x-ratelimit-remaining": "99",
        "x-ratelimit-reset": "{reset}",
        "x-ratelimit-resource": "chat",
        "x-ratelimit-used": "1",
        "x-request-priority": "normal",
    },
)

FLEXAI = Dialect(
    "flexai",
    "FlexAI: what its documents state, and OpenAI where they are silent",
    key="sk-flexai-0123456789abcdef",
    paths=("/chat/completions", "/completions", "/embeddings", "/models", "/api/models"),
    strict_fields=False,
    unknown_model_status=400,
    error_types={401: "authentication_error", 402: "insufficient_quota", 429: "rate_limit_error"},
    extra_usage={"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
    open_paths=frozenset({"/api/models"}),
    rate_limit_headers=False,
    headers={**_LIMITS, "x-ratelimit-reset-requests": "{reset}"},
)

LLMBASE_LITERAL = replace(
    LLMBASE,
    name="llmbase-literal",
    title="LLMBase, exactly as its samples are printed",
    error_members=("message", "type"),
    omit_chunk=_PRINTED,
    omit_chunk_choice=frozenset({"logprobs"}),
    omit_completion=_PRINTED,
    omit_choice=frozenset({"logprobs"}),
    omit_message=frozenset({"refusal", "annotations"}),
    omit_usage=frozenset({"prompt_tokens_details", "completion_tokens_details"}),
)

# Its samples are printed without blank lines between the events. So is LLMBase's page of chat completions in the same
# kind of copy, whose page of streaming has them: they were lost in copying, and the literal dialect keeps them.
YUHUANSTUDIO_LITERAL = replace(
    YUHUANSTUDIO,
    name="yuhuanstudio-literal",
    title="YuhuanStudio, exactly as its samples are printed",
    usage="bare",
    usage_null=False,
    finish_chunk=False,
    entries="sizeless",
    omit_chunk=_PRINTED | {"created", "model"},
    omit_chunk_choice=frozenset({"logprobs", "finish_reason"}),
)

FLEXAI_LITERAL = replace(
    FLEXAI,
    name="flexai-literal",
    title="FlexAI, exactly as its samples are printed",
    error_members=("message", "type", "code"),
    usage_null=False,
    first_delta=None,
    omit_chunk=_PRINTED | {"object", "created", "model"},
    omit_chunk_choice=frozenset({"logprobs"}),
)

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (OPENAI, LLMBASE, YUHUANSTUDIO, FLEXAI, LLMBASE_LITERAL, YUHUANSTUDIO_LITERAL, FLEXAI_LITERAL)
}
"""Every dialect, by name."""


def dialect_named(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        UserError: there is none; the hint names the nearest.
    """
    if name in DIALECTS:
        return DIALECTS[name]
    near = get_close_matches(name, DIALECTS, 1)
    hint = f"Did you mean {near[0]}?" if near else f"Known dialects: {', '.join(DIALECTS)}."
    raise UserError(f"There is no dialect called {name!r}.", hint)
