"""Recordings bent by hand, for requirements that no fault of the reference provider trips."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from campaign import CHAT, THINKER, bench

from conformance.model import Exchange, Read, Recording, Redaction

Edit = Callable[[Exchange], Exchange]


@dataclass(frozen=True)
class Mutation:
    """One change of the exchanges of one scenario, and the requirement that must notice it.

    `says` is a part of the finding's text. `model` is the one that was asked. `profile` judges the recording as that
    provider's.
    """

    name: str
    requirement: str
    scenario: str
    edit: Edit
    says: str
    model: str = CHAT
    profile: str = "openai"


def body(edit: Callable[[bytes], bytes]) -> Edit:
    """Change the bytes of the body; they arrive in one read."""

    def apply(exchange: Exchange) -> Exchange:
        at = exchange.raw[-1].at if exchange.raw else 0.0
        return replace(exchange, raw=(Read(at, edit(exchange.content)),))

    return apply


def value(edit: Callable[[Any], Any]) -> Edit:
    """Change the JSON of the body, in place or by returning another."""

    def apply(data: bytes) -> bytes:
        document = json.loads(data)
        changed = edit(document)
        return json.dumps(document if changed is None else changed).encode()

    return body(apply)


def chunks(edit: Callable[[list[Any]], Any]) -> Edit:
    """Change the JSON chunks of a stream, in place or by returning others."""

    def apply(data: bytes) -> bytes:
        events = [line.removeprefix(b"data: ") for line in data.split(b"\n\n") if line]
        found = [json.loads(event) for event in events if event != b"[DONE]"]
        changed = edit(found)
        lines = [json.dumps(chunk).encode() for chunk in (found if changed is None else changed)]
        return b"".join(b"data: " + line + b"\n\n" for line in [*lines, b"[DONE]"])

    return body(apply)


def headers(name: str, instead: str | None) -> Edit:
    """Replace a header; None removes it."""

    def apply(exchange: Exchange) -> Exchange:
        kept = tuple(pair for pair in exchange.response_headers if pair[0].lower() != name)
        return replace(exchange, response_headers=kept if instead is None else (*kept, (name, instead)))

    return apply


def message(**members: Any) -> Edit:
    """Set members of the first choice's message."""
    return value(lambda document: document["choices"][0]["message"].update(members))


def choice(**members: Any) -> Edit:
    """Set members of the first choice."""
    return value(lambda document: document["choices"][0].update(members))


def delta(number: int, **members: Any) -> Edit:
    """Set members of the first delta of the chunk of that number."""
    return chunks(lambda found: found[number]["choices"][0]["delta"].update(members))


def entry(**members: Any) -> Edit:
    """Set members of the first entry of logprobs.content."""
    return value(lambda document: document["choices"][0]["logprobs"]["content"][0].update(members))


def first_model(edit: Callable[[list[Any]], Any]) -> Edit:
    """Change the entries of a list of models."""

    def apply(document: Any) -> None:
        edit(document["data"])

    return value(apply)


def answered(status: int, text: bytes) -> Edit:
    """Another status, with another body."""

    def apply(exchange: Exchange) -> Exchange:
        return replace(body(lambda _: text)(exchange), status=status)

    return apply


def echo(exchange: Exchange) -> Exchange:
    """As if the writer had masked the key in the body."""
    return replace(exchange, redactions=(Redaction("body", 10, 29),))


_REASONED = ("offer.reasoning", THINKER)


def stuck(exchange: Exchange) -> Exchange:
    """The request after an aborted stream fails."""
    return replace(exchange, status=500) if exchange.step else exchange


def long(edit: Edit) -> Edit:
    """Take the exchange for that of the prompt that no window holds, which is only sent when asked for."""
    return lambda exchange: replace(edit(exchange), scenario="limit.context")


MUTATIONS: tuple[Mutation, ...] = (
    Mutation("stuck-after-abort", "stream.abort", "stream.abort", stuck, "aborted stream; got HTTP 500"),
    Mutation("long-prompt-cut", "limit.context", "chat.basic", long(lambda one: one), "at least 100000 tokens"),
    Mutation(
        "long-prompt-own-code",
        "limit.context.code",
        "chat.basic",
        long(answered(400, b'{"error": {"message": "too long", "type": "exceed_context_size_error", "code": null}}')),
        "context_length_exceeded",
    ),
    Mutation(
        "long-prompt-page", "limit.large_body", "chat.basic", long(answered(413, b"<html>413</html>")), "HTTP 413"
    ),
    Mutation("max-tokens-refused", "chat.max_tokens.accepted", "chat.max_tokens", answered(400, b"{}"), "HTTP 400"),
    Mutation("turns-refused", "messages.turns", "messages.forms", answered(400, b"{}"), "HTTP 400"),
    Mutation("key-in-a-body", "auth.no_key_echo", "chat.basic", echo, "an answer without the key"),
    Mutation(
        "refusal-number", "chat.message.refusal", "chat.basic", message(refusal=7), "a string or null; got a number"
    ),
    Mutation(
        "model-without-id", "models.entry.id", "probe.models", first_model(lambda all_: all_[0].pop("id")), "`id`"
    ),
    Mutation(
        "model-a-string", "models.entry", "probe.models", first_model(lambda all_: all_.append("gpt")), "got a string"
    ),
    Mutation(
        "unasked-logprobs",
        "logprobs.unasked",
        "chat.basic",
        choice(logprobs={"content": [{"token": "Hi", "logprob": -1.0}]}),
        "logprobs",
    ),
    Mutation("bytes-out-of-range", "logprobs.bytes", "offer.logprobs", entry(bytes=[256]), "256"),
    Mutation(
        "strict-schema-broken",
        "structured.schema",
        "structured.keywords",
        message(content='{"nothing": 0}'),
        "valid by the schema",
    ),
    Mutation("bad-json-answered", "error.bad_json", "error.bad_json", answered(200, b'{"choices": []}'), "HTTP 200"),
    Mutation("completions-500", "capability.completions", "/completions", answered(500, b"{}"), "HTTP 500"),
    Mutation("responses-500", "capability.responses", "/responses", answered(500, b"{}"), "HTTP 500"),
    Mutation(
        "reasoning-number", "reasoning.field", _REASONED[0], message(reasoning_content=7), "got a number", THINKER
    ),
    Mutation("two-names-differ", "reasoning.alias", _REASONED[0], message(reasoning="other"), "other", THINKER),
    Mutation("details-string", "reasoning.details", _REASONED[0], message(reasoning_details="x"), "an array", THINKER),
    Mutation(
        "reasoning-and-text",
        "reasoning.apart",
        "stream.basic",
        delta(1, content="a", reasoning_content="b"),
        "",
        THINKER,
    ),
    Mutation(
        "bad-effort-taken", "reasoning.bad_effort", "reasoning.bad_effort", answered(200, b"{}"), "HTTP 200", THINKER
    ),
    Mutation(
        "reasoned-history-500", "reasoning.history", "reasoning.history", answered(500, b"{}"), "HTTP 500", THINKER
    ),
    Mutation("annotations-object", "chat.message.annotations", "chat.basic", message(annotations={}), "empty object"),
    Mutation(
        "fingerprint-number",
        "chat.system_fingerprint",
        "chat.basic",
        value(lambda one: {**one, "system_fingerprint": 5}),
        "a number",
    ),
    Mutation(
        "service-tier-object",
        "chat.service_tier",
        "chat.basic",
        value(lambda one: {**one, "service_tier": {}}),
        "an empty object",
    ),
    Mutation(
        "cached-prompt-counts-less",
        "usage.prompt.same",
        "chat.basic",
        value(lambda one: {**one, "usage": {**one["usage"], "prompt_tokens": 2, "total_tokens": 11}}),
        "for the same messages",
    ),
    Mutation(
        "promised-usage-missing",
        "llmbase.stream.usage",
        "stream.basic",
        chunks(lambda _: None),
        "usage",
        CHAT,
        "llmbase",
    ),
)
"""Rows for requirements that no fault trips; a fault of the reference provider is better where there can be one."""


def _is_meant(mutation: Mutation, exchange: Exchange) -> bool:
    path = mutation.scenario.startswith("/") and exchange.request.path == mutation.scenario
    return path or exchange.scenario == mutation.scenario


def mutated(mutation: Mutation) -> Recording:
    """The campaign without faults, with the mutation done to every exchange of its scenario, or of its path."""
    recording, _ = bench().baseline(mutation.model)
    bent = tuple(mutation.edit(one) if _is_meant(mutation, one) else one for one in recording.exchanges)
    assert bent != recording.exchanges, f"{mutation.name} changes nothing: is there a scenario {mutation.scenario}?"
    return replace(recording, exchanges=bent, header=replace(recording.header, profile=mutation.profile))
