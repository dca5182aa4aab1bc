"""Structured output: the document that was asked for, whole and alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Choice, Reply, has_ended
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run, Transcript, transcripts
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.explanations import blame
from conformance.checks.heuristics.documents import again_and_again
from conformance.checks.refusals import expect_refused, said
from conformance.checks.wording import explain_violation, list_values
from conformance.model import CapabilityResult, Observed, Request
from conformance.model.location import Location
from conformance.wire import strict_json


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
    unblocked(
        cell is None or cell.observed is not Observed.IGNORED,
        f"capability.{_format(request)} is ignored",
        by=f"capability.{_format(request)}",
    )


def _finished(reply: Reply) -> list[Choice]:
    """The choices that ended of themselves, with text or nothing: no refusal, no call, no content of another type."""
    ended = [one for one in reply.choices if has_ended(one.finish_reason) and not one.refusal and not one.tool_calls]
    return [one for one in ended if isinstance(one.message.get("content"), str | None)]


def _around(content: str) -> str:
    """What is wrong with a content that is no JSON, in words."""
    text = content.strip()
    if text.startswith("```"):
        return f"a Markdown fence around it: {shown(text, 80)}"
    if "{" in text and not text.startswith(("{", "[")):
        return f"prose before it: {shown(text, 80)}"
    return f"{shown(text, 80)} ({strict_json.parse_json(text).flaws[-1].text})"


def _twice(value: Any) -> bool:
    """Whether a document is a text that holds the document."""
    return isinstance(value, str) and isinstance(strict_json.parse_json(value).value, dict | list)


def _one_document(reply: Reply, choice: Choice) -> None:
    content, place = choice.content or "", choice.place.down("/message/content")
    if reply.request.param("tools") and again_and_again(content) > 1:
        return  # what OpenAI's own models do beside tools; structured.once tells it
    document = strict_json.parse_json(content)
    if not document.readable or document.flaws:
        raise broken("one JSON document", _around(content), place)
    if _twice(document.value):
        raise broken("one JSON document", f"a JSON string that holds it, encoded twice: {shown(content, 80)}", place)
    if _format(reply.request) == "json_object":
        expect(document.value, at=place).is_a(dict)


@check("structured.json", when=_asks_for_json)
def test_content_is_one_document(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    _heeded(reply.request, offers)
    with gather("no choice ended with text") as found:
        for choice in _finished(reply):
            with found.each():
                _one_document(reply, choice)


@check("structured.once", when=_asks_for_json)
def test_the_document_comes_once(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    _heeded(reply.request, offers)
    with gather("no choice ended with a document") as found:
        for choice in _finished(reply):
            times = again_and_again(choice.content or "")
            if times:
                with found.each():
                    if times > 1:
                        words = f"the same document {times} times: {shown(choice.content, 80)}"
                        raise broken("one document", words, choice.place.down("/message/content"))


def _documents(reply: Reply) -> Iterator[tuple[Any, Choice]]:
    """The documents of the choices that ended of themselves."""
    for choice in _finished(reply):
        document = strict_json.parse_json(choice.content or "")
        if document.readable and not _twice(document.value):
            yield document.value, choice


def _is_strict(request: Request) -> bool:
    return _strict_schema(request) is not None and request.invalid is None


@check("structured.schema", when=_is_strict)
def test_content_is_valid_by_the_schema(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    _heeded(reply.request, offers)
    schema = Draft202012Validator(_strict_schema(reply.request) or {})
    with gather("no choice ended with a JSON document") as found:
        for value, choice in _documents(reply):
            with found.each():
                for error in schema.iter_errors(value):
                    raise broken("a document valid by the schema", explain_violation(error), choice.place)


@check("structured.order", when=_is_strict)
def test_members_are_in_the_order_of_the_schema(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    _heeded(reply.request, offers)
    schema = _strict_schema(reply.request) or {}
    properties = schema.get("properties")
    with gather("no document of several members") as found:
        for value, choice in _documents(reply):
            names = [name for name in properties or () if isinstance(value, dict) and name in value]
            if len(names) > 1:
                with found.each():
                    came = [name for name in value if name in names]
                    if came != names:
                        place = choice.place.down("/message/content")
                        raise broken(
                            f"members in the order of the schema: {list_values(names)}", list_values(came), place
                        )


@check("structured.length", scenario="structured.truncated")
def test_a_cut_document_says_length(reply: Reply) -> None:
    counted = (reply.usage or {}).get("completion_tokens")
    limit = reply.request.param("max_tokens")
    conclusive(not isinstance(counted, int) or counted >= limit, f"the answer needed only {counted} of {limit} tokens")
    applicable(not isinstance(counted, int) or counted == limit, "the limit did not hold")
    for choice in reply.choices:
        ended = has_ended(choice.finish_reason) and _is_document(choice.content or "")
        conclusive(not ended, "the document is whole, and may have ended at the limit")
        expect(choice.finish_reason, at=choice.place.down("/finish_reason")).equals("length")


def _is_document(text: str) -> bool:
    document = strict_json.parse_json(text)
    return document.readable and isinstance(document.value, dict | list)


@check("structured.unknown_type", scenario="structured.unknown_type", unusable=True)
def test_an_unknown_type_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("structured.no_name", scenario="structured.no_name", unusable=True)
def test_a_missing_name_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


def _accepted(answer: Answer, words: str) -> None:
    if answer.trouble is not None:
        kind, reason = answer.trouble
        conclusive(kind is not Trouble.LIMITED and answer.status not in {502, 504}, reason)
        unblocked(kind in {Trouble.REFUSED, Trouble.FAILED}, reason, blame(answer))
        raise broken(f"a document by a schema with {words}", reason, Location.status(), exchange=answer.exchange.id)


@check("structured.keywords", scenario="structured.keywords", unusable=True)
def test_keywords_are_accepted(transcript: Transcript) -> None:
    whole, *parts = transcript.answers
    if whole.trouble is None or len(parts) < 2:
        unblocked(not parts or not parts[0].trouble, "structured.references", by="structured.references")
        _accepted(whole, "minItems, maxItems, minimum, maximum, format and pattern")
        return
    for one in parts[1:]:
        _accepted(one, _keywords_of(one.request))
    unblocked(not parts[0].trouble, "structured.references", by="structured.references")
    _accepted(whole, "minItems, maxItems, minimum, maximum, format and pattern all together")


def _keywords_of(request: Request) -> str:
    """In words, the keywords of the members of a request's schema."""
    schema = request.json["response_format"]["json_schema"]["schema"]
    plain = {"type", "items"}
    return " and ".join(sorted({word for one in schema["properties"].values() for word in one} - plain))


@check("structured.references", scenario="structured.keywords", unusable=True)
def test_references_are_accepted(transcript: Transcript) -> None:
    told = transcript.answers[:2][-1]
    conclusive((told.status or 500) < 500 or len(transcript.answers) > 1, said(told))  # a crash is seen twice
    _accepted(told, "$defs, $ref, anyOf, const and an array of objects")


def _comes_alone(run: Run) -> bool:
    """Whether a document by a schema comes without words before it where there are no tools."""
    alone = [one for one in run.of("offer.json_schema") if isinstance(one, Reply) and not one.trouble]
    return any((choice.content or "").lstrip().startswith("{") for one in alone for choice in one.choices)


@check("structured.tools", unusable=True, shown_by=("structured.truncated", "offer.json_schema"))
def test_a_document_may_be_asked_for_beside_tools(run: Run, offers: Mapping[str, CapabilityResult]) -> None:
    asked = [*transcripts(run.of("structured.truncated"))]
    applicable(asked, "a document beside tools was not asked for")
    for transcript in asked:
        _heeded_beside_tools(transcript, run, offers)


def _heeded_beside_tools(transcript: Transcript, run: Run, offers: Mapping[str, CapabilityResult]) -> None:
    reply, *alone = transcript.answers
    _heeded(reply.request, offers)
    wanted = "a document, or a refusal in words"
    if reply.trouble is not None:
        kind, words = reply.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        applicable(kind is not Trouble.REFUSED, f"refused beside tools: {words}")
        cause = next((one for one in alone if one.trouble), reply)
        unblocked(kind is Trouble.FAILED and cause is reply, f"not due to tools: {words}", blame(cause))
        raise broken(wanted, words, Location.status(), exchange=reply.exchange.id)
    choice = reply.choices[0] if isinstance(reply, Reply) and reply.choices else None
    applicable(choice and not choice.tool_calls, "no text")
    text = (choice.content or "").strip() if choice else ""
    conclusive(re.search(r"\w", text) and not text.startswith(("<", "`")), "no part of a document in five tokens")
    if "{" not in text:
        conclusive(choice and choice.finish_reason == "length", "it was not the limit that ended the text")
        conclusive(_comes_alone(run), "no document came without tools either")
        thinks = "reasoning" in offers and offers["reasoning"].observed is Observed.WORKS
        conclusive(not thinks, "a model that reasons may think aloud")
        raise broken(
            wanted,
            f"text beside tools: {shown(text)}",
            Location.at("/choices/0/message/content"),
            exchange=reply.exchange.id,
        )
