"""One kind of deviation has one level, whichever API it shows in; CONTRIBUTING.md says which and why."""

from __future__ import annotations

import pytest
from campaign import bench

MUST = {
    "a member is of another type": (
        "chat.message.refusal chat.message.annotations chat.system_fingerprint stream.chunk.optional "
        "stream.delta.refusal stream.delta.content chat.created responses.error tools.delta.arguments"
    ),
    "a current client breaks, or loses something without a word": (
        "stream.usage.once stream.closed stream.stalled tools.delta.null tools.delta.mixed tools.delta.order "
        "tools.delta.id tools.delta.name tools.delta.type stream.error.alone responses.stream.final.id "
        "responses.stream.items embeddings.base64"
    ),
    "usage is missing, zero, or no sum": (
        "usage.present usage.shape usage.total usage.prompt usage.completion completions.usage completions.usage.total "
        "completions.usage.counted embeddings.usage embeddings.usage.total responses.usage responses.usage.there "
        "responses.usage.total responses.usage.counted"
    ),
    "who answers changes on the way": (
        "stream.id.constant stream.model.constant completions.stream.id responses.stream.id responses.stream.model"
    ),
    "two answers have one id": "chat.id.unique completions.id.unique responses.id.unique",
    "a cut is not told": "chat.length completions.length structured.length responses.incomplete tools.truncated",
    "content in parts is refused": "messages.parts.user messages.parts.system messages.parts.assistant",
    "a server error": (
        "error.calm tools.empty.calm stream.options transport.media_type transport.unknown_field completions.optional "
        "completions.logprobs.answered"
    ),
    "a key is shown, or not asked for": (
        "auth.wrong_key auth.no_key auth.scheme auth.no_key_echo error.no_upstream_key responses.wrong_key"
    ),
}
SHOULD = {
    "an invalid request is answered": (
        "error.bad_json error.missing_model error.bad_type error.unknown_model messages.missing messages.empty "
        "messages.type.bad messages.role.bad tools.no_name tools.unknown_choice tools.stray_result "
        "structured.unknown_type structured.no_name vision.no_url vision.corrupt embeddings.empty "
        "sampling.temperature.bad sampling.bounds.bad sampling.limit.zero sampling.stop.many logprobs.too_many "
        "reasoning.bad_effort"
    ),
    "a key is left out where null says the same": (
        "stream.finish_reason.key completions.stream.finish_reason.key responses.members error.param error.code"
    ),
    "the time changes on the way": "stream.created.constant responses.stream.constant",
    "a number has a decimal point": (
        "chat.integers completions.integers embeddings.integers models.integers responses.integers"
    ),
    "a template shows": "chat.content.control completions.text.control responses.text.control",
    "an answer shows what lies behind": "error.no_host error.no_trace",
}
MAY = {
    "a key that OpenAI has left out": "chat.logprobs.key chat.message.refusal.key",
    "legal framing": "stream.line_feed stream.data.space stream.data.lines",
    "both are right": "tools.empty",
    "usage unasked that breaks nobody": "stream.usage.unasked.beside",
}
KINDS = [
    (level, kind, ids)
    for level, kinds in (("MUST", MUST), ("SHOULD", SHOULD), ("MAY", MAY))
    for kind, ids in kinds.items()
]


@pytest.mark.parametrize(("level", "kind", "ids"), KINDS, ids=[kind for _, kind, _ in KINDS])
def test_one_kind_has_one_level(level, kind, ids):
    rows = bench().suites.catalogue.requirements
    assert {id_: rows[id_].level.value for id_ in ids.split()} == dict.fromkeys(ids.split(), level)


def test_what_is_measured_of_clients_is_named():
    rows = bench().suites.catalogue.requirements
    observed = {
        "stream.usage.once": "langchain-openai",
        "stream.closed": "openai-node",
        "stream.usage.unasked": "openai-python",
        "tools.delta.mixed": "haystack",
        "tools.delta.null": "openai-python stream helper",
        "tools.delta.order": "llama-index",
        "responses.stream.final.id": "openai-python stream helper",
        "responses.stream.items": "Codex",
        "stream.delta.refusal": "@ai-sdk/openai",
        "stream.chunk.optional": "litellm",
        "tools.delta.id": "agno",
        "tools.delta.name": "strands-agents",
        "embeddings.base64": "langchain-js",
    }
    assert {id_ for id_, client in observed.items() if client not in rows[id_].breaks} == set()


UNTRUE = [
    ("chat.no_error", "openai-python"),
    ("chat.created", "LiteLLM"),
    ("chat.service_tier", "pydantic-ai"),
    ("responses.stream.event", "openai-python stream helper"),
    ("responses.stream.items", "openai-python stream helper"),
    ("responses.stream.created.members", "openai-python stream helper"),
    ("stream.chunk.choices", "openai-python"),
    ("stream.delta", "openai-node"),
    ("stream.role.first", "langchain-openai"),
    ("stream.delta.role", "openai-node stream helper"),
    ("tools.delta.type", "@ai-sdk/openai"),
    ("tools.delta.name", "@ai-sdk/openai-compatible"),
    ("tools.delta.calls", "@ai-sdk/openai-compatible"),
    ("tools.id.length", "LiteLLM"),
    ("usage.details", "LiteLLM"),
    ("tools.leak.arguments", "langchain-openai"),
    ("stream.bom", "langchain-openai"),
]


@pytest.mark.parametrize(("row", "client"), UNTRUE)
def test_no_claim_is_made_that_the_client_disproved(row, client):
    assert client not in bench().suites.catalogue.requirements[row].breaks
