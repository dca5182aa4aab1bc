"""Headers that every answer has in common, and those that browsers ask for."""

from __future__ import annotations

import re
from collections.abc import Collection

from conformance.api.answer import Answer
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown, unblocked
from conformance.checks.refusals import said
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_UNFIT = re.compile(r"[^\t\x20-\x7e]")
_ORIGIN = "https://app.example"
_REFUSALS = set(range(400, 500)) - {403, 429}
"""Statuses of the service itself; what fails before it, as an edge's own pages, says nothing of it."""

_ALLOWED = "access-control-allow-headers"


def _ours(request: Request) -> bool:
    return request.expects != "other"


@check("header.request_id", when=_ours, unusable=True)
def test_every_answer_has_an_id(answer: Answer) -> None:
    if answer.lacks("x-request-id") or not answer.header("x-request-id"):
        others = [name for name, _ in answer.exchange.headers if re.search("request-?id|call-id|generation-id", name)]
        raise broken("x-request-id", f"only {', '.join(others)}" if others else "none", Location.header("x-request-id"))


@check("header.request_id.unique", when=_ours, shown_by=("chat.basic", "models.retrieve"))
def test_ids_of_requests_are_unique(run: Run) -> None:
    seen: dict[tuple[str, str], str] = {}
    with gather("fewer than two answers with an id") as found:
        for exchange in (answer.exchange for answer in run.answers if answer.status is not None):
            recording = exchange.source.rpartition("#")[0]  # cassettes of others may hold an exchange twice
            key = (recording, exchange.header("x-request-id") or "")
            with found.each():
                if key[1] and key in seen:
                    words = f"{key[1]} again, as in exchange {seen[key]}"
                    raise broken("an id of its own", words, Location.header("x-request-id"), exchange=exchange.id)
            seen[key] = exchange.id


@check("header.valid", when=_ours, unusable=True)
def test_values_are_fit_for_headers(answer: Answer) -> None:
    with gather() as found:
        for name, value in answer.exchange.headers:
            with found.each():
                if _UNFIT.search(value):
                    raise broken("visible ASCII characters", shown(value[:80]), Location.header(name.lower()))


@check("header.content_type", when=_ours, unusable=True)
def test_content_type_comes_once(answer: Answer) -> None:
    values = [value for name, value in answer.exchange.headers if name.lower() == "content-type"]
    applicable(values, "no Content-Type")
    if len(values) > 1:
        raise broken("one Content-Type", " and ".join(values), Location.header("content-type"))


@check("header.date", when=_ours, unusable=True)
def test_every_answer_is_dated(answer: Answer) -> None:
    if answer.lacks("date"):
        raise broken("Date", "none", Location.header("date"))
    value = answer.header("date") or ""
    if not _DATE.fullmatch(value.strip()):
        raise broken("a date such as Sun, 06 Nov 1994 08:49:37 GMT", value, Location.header("date"))


def _origins(answer: Answer) -> list[str]:
    return [value for name, value in answer.exchange.headers if name.lower() == "access-control-allow-origin"]


def _origin_allowed(answer: Answer) -> None:
    allowed = _origins(answer)
    if allowed not in (["*"], [_ORIGIN]):
        words, at = " and ".join(allowed) or "none", Location.header("access-control-allow-origin")
        raise broken(f"* or {_ORIGIN}, once", words, at, exchange=answer.exchange.id)


def _headers_allowed(answer: Answer, wanted: Collection[str]) -> None:
    listed = ", ".join(value for name, value in answer.exchange.headers if name.lower() == _ALLOWED)
    names = {name.strip().lower() for name in listed.split(",")}
    missing = [] if "*" in names else [name for name in wanted if name not in names]
    if missing:
        raise broken(", ".join(missing), listed or "none", Location.header(_ALLOWED))


@check("header.preflight", scenario="header.preflight", unusable=True)
def test_browsers_may_ask(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, said(answer))
    unblocked(
        not _about_headers(answer),
        "the SDK's headers are refused, which header.preflight.sdk judges",
        by="header.preflight.sdk",
    )
    if not answer.exchange.ok:
        raise broken("HTTP 200 or 204 without a key", said(answer), Location.status())
    with gather() as found:
        with found.each():
            _origin_allowed(answer)
        with found.each():
            _headers_allowed(answer, ("authorization", "content-type"))


@check("header.preflight.sdk", scenario="header.preflight", unusable=True)
def test_browsers_may_send_what_the_sdk_adds(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, said(answer))
    if _about_headers(answer):
        raise broken("HTTP 200 or 204 to the headers of the SDK", said(answer), Location.status())
    unblocked(answer.exchange.ok and not answer.lacks(_ALLOWED), "no header is allowed at all", by="header.preflight")
    _headers_allowed(answer, _asked_for(answer.request))


def _about_headers(answer: Answer) -> bool:
    """Whether a preflight was refused for the headers that it asks for: Starlette does so, and says it in words."""
    return answer.status in {400, 403} and re.search(r"\bheaders?\b", answer.own_words, re.IGNORECASE) is not None


def _asked_for(request: Request) -> list[str]:
    """The names of the SDK's own headers that a preflight asks for."""
    asked = dict(request.headers).get("Access-Control-Request-Headers", "")
    return [name for name in asked.split(",") if name.startswith("x-stainless-")]


def _of_a_page(request: Request) -> bool:
    """Whether a page of another origin asks, past the preflight."""
    return request.method != "OPTIONS" and any(name.lower() == "origin" for name, _ in request.headers)


@check("header.cors", when=_of_a_page, unusable=True)
def test_browsers_may_read(answer: Answer) -> None:
    conclusive(answer.exchange.ok, said(answer))
    _origin_allowed(answer)


@check("header.cors.error", when=_of_a_page, shown_by=("models.retrieve", "transport.media_type"))
def test_browsers_may_read_errors(run: Run) -> None:
    readable = any(answer.exchange.ok and len(_origins(answer)) == 1 for answer in run.answers)
    unblocked(readable, "not even answers may be read, or only in vain", by="header.cors")
    with gather("no error was sent to a page") as found:
        for answer in run.answers:
            if answer.status in _REFUSALS:
                with found.each():
                    _origin_allowed(answer)
