"""Recordings of the dialects bent by hand: for each promise of a profile, one answer that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from campaign import CHAT, TEXT, THINKER, bench
from mutations import Edit, body, chunks, headers, value

from conformance.judging.slots import Material, slot_names
from conformance.model import CheckResult, Exchange, Recording, Verdict

Change = Callable[[Any], Any]


@dataclass(frozen=True)
class Breach:
    """One change of the exchanges of a scenario, and the promise that it breaks; `profile` is the dialect's own."""

    requirement: str
    scenario: str
    edit: Edit
    says: str
    dialect: str = ""
    model: str = CHAT

    @property
    def profile(self) -> str:
        """The profile whose promise this is."""
        return self.requirement.partition(".")[0]


def status(code: int, text: str = "") -> Edit:
    """Another status; with a text another body, too."""

    def apply(exchange: Exchange) -> Exchange:
        bent = replace(exchange, status=code)
        return body(lambda _: text.encode())(bent) if text else bent

    return apply


def each_chunk(change: Change) -> Edit:
    """Change every chunk in place."""
    return chunks(lambda all_: [change(chunk) for chunk in all_] and None)


def last_chunk(change: Change) -> Edit:
    """Change the last chunk in place."""
    return chunks(lambda all_: change(all_[-1]) and None)


def entries(change: Change) -> Edit:
    """Change every entry of a list in place."""

    def apply(document: Any) -> None:
        for entry in document["data"] if isinstance(document, dict) else document:
            change(entry)

    return value(apply)


def error(**members: Any) -> Edit:
    """Change members of the error object; None removes one."""

    def apply(document: Any) -> None:
        for name, instead in members.items():
            document["error"].pop(name)
            if instead is not None:
                document["error"][name] = instead

    return value(apply)


def each_call(change: Change) -> Edit:
    """Change every fragment of a tool call in place."""

    def apply(chunk: Any) -> None:
        for choice in chunk["choices"]:
            for fragment in choice["delta"].get("tool_calls") or ():
                change(fragment["function"])

    return each_chunk(apply)


def _reasoned_late(all_: list[Any]) -> None:
    thoughts = [one for one in all_ if any("reasoning_content" in c["delta"] for c in one["choices"])]
    all_.remove(thoughts[-1])
    all_.insert(len(all_) - 2, thoughts[-1])


def _more_after_a_request(exchange: Exchange) -> Exchange:
    return value(lambda document: document.update(balance="99"))(exchange) if exchange.step == 2 else exchange


def _slow(exchange: Exchange) -> Exchange:
    return replace(exchange, ended_at=7.5)


REFUSED = '{"error": {"message": "No.", "type": "invalid_request_error", "param": null, "code": null}}'
DONE = b"data: [DONE]\n\n"
NO_DONE = body(lambda data: data.replace(DONE, b""))
WRONG_TYPE = '{"error": {"message": "No.", "type": "tool_error", "param": null, "code": null}}'

LLMBASE = (
    Breach("llmbase.stream.chunk", "llmbase.stream", each_chunk(lambda one: one.pop("created")), "no created"),
    Breach(
        "llmbase.stream.role",
        "llmbase.stream",
        chunks(lambda all_: all_[0]["choices"][0]["delta"].update(content="") and None),
        '"content"',
    ),
    Breach("llmbase.stream.usage", "llmbase.stream", last_chunk(lambda one: one.pop("usage")), "got none"),
    Breach(
        "llmbase.stream.usage.finish",
        "llmbase.stream",
        last_chunk(lambda one: one.update(choices=[])),
        "a finish_reason beside",
    ),
    Breach("llmbase.stream.done", "llmbase.stream", NO_DONE, "without [DONE]"),
    Breach("llmbase.stream.combined", "llmbase.stream", status(400, REFUSED), "a stream with prompt_cache_key"),
    Breach("llmbase.completion", "llmbase.request", value(lambda one: one.pop("usage") and None), "no usage"),
    Breach("llmbase.id", "llmbase.request", value(lambda one: one.update(id="chatcmpl-1")), "24 hex digits"),
    Breach("llmbase.model", "llmbase.request", value(lambda one: one.update(model="x/y")), '"x/y"'),
    Breach(
        "llmbase.finish_reason",
        "llmbase.request",
        value(lambda one: one["choices"][0].update(finish_reason="eos")),
        '"eos"',
    ),
    Breach("llmbase.request", "llmbase.request", status(400, REFUSED), "HTTP 400: No."),
    Breach("llmbase.cache_key", "llmbase.stream", status(400, REFUSED), "HTTP 400: No."),
    Breach(
        "llmbase.reasoning",
        "llmbase.request",
        value(lambda one: one["choices"][0]["message"].update(reasoning="Hm.")),
        '"Hm."',
        model=THINKER,
    ),
    Breach("llmbase.error", "error.unknown_model", error(type=None), "no type"),
    Breach("llmbase.error.fields", "error.missing_model", status(422), "got HTTP 422"),
    Breach("llmbase.error.key", "auth.wrong_key", status(403), "got HTTP 403"),
    Breach("llmbase.error.unknown_model", "error.unknown_model", status(400), "got HTTP 400"),
    Breach("llmbase.headers.model", "llmbase.request", headers("x-llmbase-served-model", None), "the id of a model"),
    Breach("llmbase.headers.fallback", "llmbase.request", headers("x-llmbase-fallback-applied", "no"), 'one of "true"'),
    Breach("llmbase.headers.served", "llmbase.request", headers("x-llmbase-served-model", "other"), '"other"'),
    Breach("llmbase.fallback.off", "llmbase.request", headers("x-llmbase-fallback-applied", "true"), '"true"'),
    Breach(
        "llmbase.metadata", "probe.metadata", entries(lambda one: one.pop("supported_features")), "no supported_fea"
    ),
    Breach(
        "llmbase.metadata.arrays",
        "probe.metadata",
        entries(lambda one: one.update(supported_parameters="seed")),
        "an array of strings",
    ),
    Breach(
        "llmbase.metadata.vocabulary",
        "probe.metadata",
        entries(lambda one: one["supported_features"].append("magic")),
        '"magic"',
    ),
    Breach(
        "llmbase.metadata.reasoning",
        "probe.metadata",
        entries(lambda one: one.update(supported_parameters=[])),
        "reasoning_effort",
    ),
    Breach(
        "llmbase.metadata.sizes", "probe.metadata", entries(lambda one: one.pop("context_length")), "no context_length"
    ),
    Breach("llmbase.model_metadata", "llmbase.model_metadata", status(404, REFUSED), "HTTP 404"),
    Breach(
        "llmbase.agents",
        "llmbase.agents",
        entries(lambda one: one.update(supported_features=[])),
        "tools among them",
    ),
    Breach("llmbase.refused", "offer.tools", status(400, WRONG_TYPE), '"tool_error"', model=TEXT),
    Breach("llmbase.balance", "balance.spend", status(404, REFUSED), "HTTP 404"),
    Breach("llmbase.balance.key", "balance.no_key", status(200), "got HTTP 200"),
    Breach("llmbase.balance.amount", "balance.spend", value(lambda _one: {"balance": "much"}), "much"),
    Breach("llmbase.balance.spend", "balance.spend", _more_after_a_request, "at most 12.5"),
    Breach("llmbase.balance.soon", "balance.spend", _slow, "within"),
)

YUHUANSTUDIO = (
    Breach("yuhuanstudio.stream.chunk", "stream.basic", each_chunk(lambda one: one.pop("object")), "no object"),
    Breach(
        "yuhuanstudio.stream.role",
        "stream.basic",
        chunks(lambda all_: all_[0]["choices"][0]["delta"].clear()),
        '"assistant"',
    ),
    Breach(
        "yuhuanstudio.stream.loop",
        "stream.basic",
        chunks(lambda all_: [*all_, {**all_[-1], "choices": []}]),
        "a first choice with a delta",
    ),
    Breach("yuhuanstudio.stream.reasoning", "stream.basic", chunks(_reasoned_late), "after content", model=THINKER),
    Breach("yuhuanstudio.stream.usage", "stream.usage", last_chunk(lambda one: one.pop("usage")), "no prompt_tokens"),
    Breach("yuhuanstudio.stream.done", "stream.basic", NO_DONE, "without [DONE]"),
    Breach("yuhuanstudio.completion", "chat.basic", value(lambda one: one.pop("created") and None), "no created"),
    Breach("yuhuanstudio.limits", "chat.basic", headers("x-ratelimit-used", "3"), "got 102"),
    Breach("yuhuanstudio.error", "error.unknown_model", error(code=None), "no code"),
    Breach("yuhuanstudio.error.type", "auth.wrong_key", error(type="auth_error"), '"auth_error"'),
    Breach("yuhuanstudio.models.entry", "probe.models", entries(lambda one: one.update(min_tier="gold")), '"gold"'),
    Breach("yuhuanstudio.models.retrieve", "models.retrieve", status(404, REFUSED), "HTTP 404"),
    Breach(
        "yuhuanstudio.models.filter",
        "yuhuanstudio.filter",
        entries(lambda one: one.update(capabilities=["chat"])),
        "vision among them",
    ),
    Breach("yuhuanstudio.responses.tools", "yuhuanstudio.responses_tools", status(404), "got HTTP 404"),
    Breach("yuhuanstudio.paths", "offer.embeddings", status(404, "404 page not found"), "POST /embeddings"),
)

FLEXAI = (
    Breach("flexai.stream.content_type", "stream.basic", headers("content-type", "text/plain"), "text/plain"),
    Breach(
        "flexai.stream.framing",
        "stream.basic",
        body(lambda data: data.replace(b'"choices"', b'\ndata: "choices"')),
        "2 lines of data",
    ),
    Breach("flexai.stream.chunk", "stream.basic", each_chunk(lambda one: one.pop("id")), "no id"),
    Breach(
        "flexai.stream.finish",
        "stream.basic",
        last_chunk(lambda one: one["choices"][0].update(finish_reason="eos")),
        '"eos"',
    ),
    Breach(
        "flexai.stream.finish.empty",
        "stream.basic",
        last_chunk(lambda one: one["choices"][0]["delta"].update(content="!")),
        "an empty delta",
    ),
    Breach(
        "flexai.stream.usage",
        "stream.usage",
        chunks(lambda all_: [*all_[:-2], {**all_[-2], "usage": all_[-1]["usage"]}]),
        "expected []",
    ),
    Breach(
        "flexai.stream.usage.asked",
        "stream.basic",
        last_chunk(lambda one: one.update(usage={"total_tokens": 3})),
        "no usage without include_usage",
    ),
    Breach("flexai.stream.done", "stream.basic", NO_DONE, "without [DONE]"),
    Breach(
        "flexai.stream.tools",
        "offer.parallel_tools",
        each_call(lambda one: one.update(arguments="{")),
        "arguments that are JSON",
    ),
    Breach(
        "flexai.usage.cache",
        "chat.basic",
        value(lambda one: one["usage"].update(cache_read_input_tokens="none")),
        '"none"',
    ),
    Breach("flexai.error", "error.unknown_model", error(code=None), "no code"),
    Breach("flexai.error.type", "auth.wrong_key", error(type="auth_error"), '"auth_error"'),
    Breach("flexai.error.unknown_model", "error.unknown_model", status(404), "got HTTP 404"),
    Breach("flexai.limits.reset", "chat.basic", headers("x-ratelimit-reset-requests", "6ms"), "6ms"),
    Breach("flexai.models.public", "flexai.public", entries(lambda one: one.pop("supports")), "no supports"),
    Breach("flexai.paths", "offer.completions", status(405, REFUSED), "HTTP 405"),
)

OTHERS = (
    Breach("deepseek.balance", "balance.spend", value(lambda _one: None), "no is_available", dialect="llmbase"),
    Breach("litellm.headers", "chat.basic", value(lambda _one: None), "x-litellm-call-id", dialect="openai"),
)

BREACHES = (*LLMBASE, *YUHUANSTUDIO, *FLEXAI, *OTHERS)


def breached(breach: Breach) -> Recording:
    """The dialect's own campaign with the change done to every exchange of the scenario."""
    recording, _ = bench(breach.dialect or breach.profile).baseline(breach.model)
    assert any(one.scenario == breach.scenario for one in recording.exchanges), f"nothing sends {breach.scenario}"
    bent = tuple(_bent(one, breach) for one in recording.exchanges)
    return replace(recording, exchanges=bent, header=replace(recording.header, profile=breach.profile))


def failure(breach: Breach) -> CheckResult | None:
    """What judging the promise alone finds wrong."""
    suites = bench(breach.dialect or breach.profile).suites
    material = Material([breached(breach)], suites)
    row = suites.catalogue.requirements[breach.requirement]
    found = (material.judge(row, name) for name in slot_names(row, material.names))
    return next((one for one in found if one.verdict is Verdict.FAIL), None)


def _bent(exchange: Exchange, breach: Breach) -> Exchange:
    chat_between = exchange.scenario == "balance.spend" and exchange.step == 1
    return breach.edit(exchange) if exchange.scenario == breach.scenario and not chat_between else exchange
