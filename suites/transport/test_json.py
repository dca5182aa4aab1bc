"""JSON bodies as text: how they are labelled and encoded, and what a strict parser refuses in them."""

from __future__ import annotations

from email.message import Message

from conformance.api.answer import Answer
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, shown
from conformance.model import Request
from conformance.model.location import Location
from conformance.wire.strict_json import JsonDefect

_BLANKS = b" \t\r\n"


def _ours(request: Request) -> bool:
    return request.expects != "other"


def _is_json(document: Answer) -> None:
    applicable(document.document.readable and isinstance(document.json, dict | list), "the body is no JSON")


def _without(document: Answer, defect: JsonDefect, expected: str) -> None:
    """The body has not that defect; needs its own bytes."""
    document.exchange.body  # noqa: B018 - raises Unrecorded where only the meaning was kept
    _is_json(document)
    flaw = next((flaw for flaw in document.document.flaws if flaw.kind is defect), None)
    if flaw is not None:
        raise broken(expected, flaw.text, Location.body())


@check("json.media_type", when=_ours, unusable=True)
def test_json_is_labelled_as_json(document: Answer) -> None:
    _is_json(document)
    if document.lacks("content-type"):
        raise broken("application/json", "no Content-Type", Location.header("content-type"))
    media_type = document.media_type or ""
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise broken("application/json", f'"{document.header("content-type")}"', Location.header("content-type"))


@check("json.charset", when=_ours, unusable=True)
def test_no_other_charset_is_claimed(document: Answer) -> None:
    _is_json(document)
    message = Message()
    message["content-type"] = document.header("content-type") or ""
    charset = message.get_content_charset("utf-8")
    if charset not in {"utf-8", "utf8"}:
        raise broken("utf-8, or no charset", charset, Location.header("content-type"))


@check("json.utf8", when=_ours, unusable=True)
def test_json_is_utf8(document: Answer) -> None:
    _without(document, JsonDefect.INVALID_UTF8, "UTF-8")


@check("json.bom", when=_ours, unusable=True)
def test_json_has_no_byte_order_mark(document: Answer) -> None:
    _without(document, JsonDefect.BOM, "no byte order mark")


@check("json.one_value", when=_ours, unusable=True)
def test_json_is_one_value(document: Answer) -> None:
    _without(document, JsonDefect.TRAILING, "one JSON value and nothing after it")


@check("json.leading", when=_ours, unusable=True)
def test_json_comes_first(document: Answer) -> None:
    body = document.exchange.body
    _is_json(document)
    blanks = len(body) - len(body.lstrip(_BLANKS))
    if blanks:
        raise broken(
            "the JSON at once",
            f"{blanks} bytes of blanks before it: {shown(body[:20].decode('utf-8', 'replace'))}",
            Location.body(),
        )


@check("json.duplicate", when=_ours, unusable=True)
def test_names_are_unique(document: Answer) -> None:
    _without(document, JsonDefect.DUPLICATE_KEY, "each name once in an object")


@check("json.numbers", when=_ours, unusable=True)
def test_numbers_are_numbers(document: Answer) -> None:
    _without(document, JsonDefect.NOT_A_NUMBER, "numbers that JSON has")


@check("json.surrogate", when=_ours, unusable=True)
def test_strings_are_text(document: Answer) -> None:
    _without(document, JsonDefect.LONE_SURROGATE, "whole characters")
