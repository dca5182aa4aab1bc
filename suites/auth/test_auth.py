"""Keys: who is let in, how others are refused, and where the key turns up."""

from __future__ import annotations

import re

from conformance.api.answer import Answer, Trouble
from conformance.api.errors import ErrorResponse
from conformance.api.views import Transcript
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, unblocked
from conformance.checks.explanations import blame
from conformance.checks.refusals import expect_refused
from conformance.model import Request
from conformance.model.location import Location

_PLACES = {"body", "reason"}
"""Places of an answer, besides its headers, where a key can be found."""

_DIALOG = re.compile(r"(?:\A|,)\s*(?:basic|digest|negotiate|ntlm)\b(?!\s*=)", re.IGNORECASE)
"""A challenge that browsers meet with a window of their own."""

_WRONG = "sk-conformance-wrong-key-" + 24 * "0"
"""The wrong key that is sent; no secret, so it stands unmasked where it is repeated."""


_MASKED_ALWAYS = {"response set-cookie"}
"""Headers that are masked whatever they hold: a mask there is no sign of the key."""


def _without_key(request: Request) -> bool:
    return request.auth != "key"


def _has_bad_body(request: Request) -> bool:
    return request.param("model") is None


@check("auth.wrong_key", scenario="auth.wrong_key", unusable=True)
def test_a_wrong_key_is_refused(error: ErrorResponse) -> None:
    told = error.status in {401, 429, 503} or not _has_bad_body(error.request)
    applicable(told, "told by the same key with a body that is right")
    expect_refused(error, (401,))


@check("auth.no_key", scenario="auth.no_key", unusable=True)
def test_no_key_is_refused(error: ErrorResponse) -> None:
    expect_refused(error, (401,), even_as_error=error.media_type == "text/event-stream")


@check("auth.scheme", scenario="auth.scheme", unusable=True)
def test_another_scheme_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("auth.scheme_case", scenario="transport.spellings", unusable=True)
def test_the_scheme_may_be_in_lower_case(transcript: Transcript) -> None:
    first, *others = transcript.answers
    if first.trouble is not None:
        lower = next((one for one in others if _in_lower_case(one.request)), None)
        conclusive(lower is not None, first.trouble[1])
        if lower is not None and lower.trouble is not None:
            kind, words = lower.trouble
            conclusive(kind is not Trouble.LIMITED, words)
            unblocked(any(one.trouble is None for one in others), f"no spelling is answered: {words}", blame(lower))
            raise broken('HTTP 200, as for "Bearer"', words, Location.status(), exchange=lower.exchange.id)


def _in_lower_case(request: Request) -> bool:
    return any(value.startswith("bearer ") for name, value in request.headers if name == "Authorization")


@check("auth.before_body", scenario="auth.wrong_key", unusable=True)
def test_the_key_comes_first(error: ErrorResponse) -> None:
    applicable(_has_bad_body(error.request), "the body is right")
    unblocked(
        error.status is not None and error.status < 500,
        "the wrong key is not refused, which auth.wrong_key judges",
        by="auth.wrong_key",
    )
    expect_refused(error, (401,))


@check("auth.code", when=lambda request: request.auth == "wrong")
def test_a_refused_key_has_its_code(error: ErrorResponse) -> None:
    applicable(error.status == 401, "no 401")
    unblocked(error.has_code, "the error has no code that is a word or null")
    expect(error.members.get("code"), at=Location.at("/error/code")).equals("invalid_api_key")


@check("auth.type", when=_without_key)
def test_a_refused_key_has_its_type(error: ErrorResponse) -> None:
    applicable(error.status == 401, "no 401")
    unblocked(
        isinstance(error.members.get("type"), str), "the error has no type", by="error.type" if error.members else ""
    )
    expect(error.members["type"], at=Location.at("/error/type")).is_in(
        ("invalid_request_error", "authentication_error")
    )


@check("auth.challenge")
def test_401_says_how_to_authenticate(error: ErrorResponse) -> None:
    applicable(error.status == 401, "no 401")
    if error.lacks("www-authenticate"):
        raise broken("WWW-Authenticate with a challenge such as Bearer", "none", Location.header("www-authenticate"))


@check("auth.challenge.dialog")
def test_401_opens_no_dialog(error: ErrorResponse) -> None:
    applicable(error.status == 401, "no 401")
    value = error.header("www-authenticate") or ""
    applicable(value, "no challenge")
    found = _DIALOG.search(value)
    if found:
        raise broken("a challenge such as Bearer", value, Location.header("www-authenticate"))


@check("auth.no_key_echo", unusable=True)
def test_no_answer_repeats_the_key(answer: Answer) -> None:
    exchange = answer.exchange
    places = (one.where for one in exchange.redactions if one.where.lower() not in _MASKED_ALWAYS)
    echoed = [Location.part(where) for where in places if where in _PLACES or where.startswith("response ")]
    echoed += [Location.body()] if _WRONG.encode() in exchange.content else []
    echoed += [Location.header(name.lower()) for name, value in exchange.response_headers if _WRONG in value]
    if echoed:
        raise broken("an answer without the key", f"the key, in {echoed[0]}", echoed[0])
