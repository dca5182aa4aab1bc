"""Exchanges written by hand, and what one requirement says of them: for legal answers that once looked like faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from conformance.catalogue.suites import Suites
from conformance.judging.folding import Slot, judge_check
from conformance.model import CheckResult, Exchange, Finding, Read, Request

Json = dict[str, Any]


@cache
def _suites() -> Suites:
    suites = Suites()
    suites.load_checks()
    return suites


def sse(*chunks: Json) -> bytes:
    """A stream of chat chunks that ends with [DONE]."""
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks) + b"data: [DONE]\n\n"


def typed(*events: Json) -> bytes:
    """A stream of typed events, numbered and named by their types."""
    numbered = [{**event, "sequence_number": at} for at, event in enumerate(events)]
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in numbered)


def chunk(delta: Json, finish: str | None = None) -> Json:
    """A chat chunk with one choice."""
    made = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}
    return {**made, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def completion(*contents: str | None, usage: Json | None = None, finish: str = "stop", **message: Any) -> Json:
    """A chat completion with a choice for each content."""
    said = {"role": "assistant", "refusal": None, **message}
    choices = [
        {"index": at, "message": {**said, "content": content}, "logprobs": None, "finish_reason": finish}
        for at, content in enumerate(contents)
    ]
    made = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m", "choices": choices}
    return made if usage is None else {**made, "usage": usage}


def counts(prompt: int, made: int, total: int | None = None, thought: int | None = None) -> Json:
    """The usage of a chat answer."""
    usage: Json = {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": total or prompt + made}
    return usage if thought is None else {**usage, "completion_tokens_details": {"reasoning_tokens": thought}}


def ask(prompt: str = "Say hi.", **more: Any) -> Json:
    """The body of a chat request."""
    return {"model": "m", "messages": [{"role": "user", "content": prompt}], **more}


def exchange(
    asked: Json,
    answer: Json | bytes,
    expects: str = "completion",
    *,
    path: str = "/chat/completions",
    request: Mapping[str, Any] | None = None,
    **more: Any,
) -> Exchange:
    """One exchange; `request` and `more` set further members of its request and of itself."""
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    kind = "text/event-stream" if "stream" in expects else "application/json"
    sent = Request(path=path, body=json.dumps(asked).encode(), expects=expects, **(request or {}))
    known = {"model": "m", "status": 200, "response_headers": (("content-type", kind),), "source": "r#1", **more}
    return Exchange(known.pop("id", "1"), sent, f"https://host.example/v1{path}", raw=(Read(0.0, raw),), **known)


def verdict(requirement: str, *exchanges: Exchange, **context: Any) -> str:
    """What the check of a requirement says of the exchanges of one model: pass, fail, inconclusive …"""
    return result(requirement, *exchanges, **context).verdict.value


def result(requirement: str, *exchanges: Exchange, **context: Any) -> CheckResult:
    """All that the check of a requirement says of the exchanges of one model."""
    (look,) = _suites().catalogue.looks(requirement)
    slot = Slot("host", exchanges[0].model, list(exchanges), {"offers": {}, **context})
    return judge_check(look, slot)


def finding(requirement: str, *exchanges: Exchange, **context: Any) -> tuple[Finding, ...]:
    """What the check of a requirement finds in the exchanges of one model."""
    return result(requirement, *exchanges, **context).findings
