"""Structured output: the document that was asked for, whole and alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from conformance.judging import applicable, broken, check, conclusive, expect, gather, shown, unblocked
from conformance.model import CapabilityResult, Observed, Request
from conformance.refusal import granted, refused
from conformance.wire import jsontext
from conformance.wire.errors import ErrorResponse
from conformance.wire.reply import Choice, Reply


def _format(request: Request) -> str:
    wanted = request.param("response_format")
    return str(wanted.get("type")) if isinstance(wanted, dict) else ""


def _asks_for_json(request: Request) -> bool:
    return _format(request) in {"json_object", "json_schema"} and request.invalid is None


def _strict_schema(request: Request) -> dict[str, Any] | None:
    wanted = request.param("response_format") or {}
    inner = wanted.get("json_schema") if isinstance(wanted, dict) else None
    return inner.get("schema") if isinstance(inner, dict) and inner.get("strict") is True else None


def _heeded(request: Request, offers: Mapping[str, CapabilityResult]) -> None:
    """A response_format that is ignored as a whole is one failure, of its capability."""
    cell = offers.get(_format(request))
    unblocked(cell is None or cell.observed is not Observed.IGNORED, f"capability.{_format(request)} is ignored")


def _finished(reply: Reply) -> list[Choice]:
    """The choices that ended of themselves, with text and no refusal."""
    return [one for one in reply.choices if one.finish_reason == "stop" and not one.refusal and not one.tool_calls]


def _around(content: str) -> str:
    """What is wrong with a content that is no JSON, in words."""
    text = content.strip()
    if text.startswith("```"):
        return f"a Markdown fence around it: {shown(text, 80)}"
    if "{" in text and not text.startswith(("{", "[")):
        return f"prose before it: {shown(text, 80)}"
    return f"{shown(text, 80)} ({jsontext.parse(text).flaws[-1].text})"


@check("structured.json", when=_asks_for_json)
def test_content_is_one_document(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    _heeded(reply.request, offers)
    with gather("no choice ended with text") as found:
        for choice in _finished(reply):
            document = jsontext.parse(choice.content or "")
            with found.each():
                if not document.readable or document.flaws:
                    raise broken(
                        "one JSON document", _around(choice.content or ""), choice.place.down("/message/content")
                    )
                if _format(reply.request) == "json_object":
                    expect(document.value, at=choice.place.down("/message/content")).is_a(dict)


@check("structured.schema", when=lambda request: _strict_schema(request) is not None and request.invalid is None)
def test_content_is_valid_by_the_schema(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    _heeded(reply.request, offers)
    schema = Draft202012Validator(_strict_schema(reply.request) or {})
    with gather("no choice ended with a JSON document") as found:
        for choice in _finished(reply):
            document = jsontext.parse(choice.content or "")
            if document.readable:
                with found.each():
                    for error in schema.iter_errors(document.value):
                        raise broken("a document valid by the schema", f"{error.message[:160]}", choice.place)


@check("structured.length", scenario="structured.truncated")
def test_a_cut_document_says_length(reply: Reply) -> None:
    counted = (reply.usage or {}).get("completion_tokens")
    limit = reply.request.param("max_tokens")
    conclusive(not isinstance(counted, int) or counted >= limit, f"the answer needed only {counted} of {limit} tokens")
    applicable(not isinstance(counted, int) or counted == limit, "the limit did not hold")
    for choice in reply.choices:
        expect(choice.finish_reason, at=choice.place.down("/finish_reason")).equals("length")


@check("structured.unknown_type", scenario="structured.unknown_type", unusable=True)
def test_an_unknown_type_is_refused(error: ErrorResponse) -> None:
    refused(error)


@check("structured.no_name", scenario="structured.no_name", unusable=True)
def test_a_missing_name_is_refused(error: ErrorResponse) -> None:
    refused(error)


@check("structured.keywords", scenario="structured.keywords", unusable=True)
def test_keywords_are_accepted(reply: Reply) -> None:
    granted(reply, "a document")
