"""Requests that must be refused: with which status, and what the refusal must name."""

from __future__ import annotations

from conformance.api.errors import ErrorResponse
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, shown, unblocked
from conformance.checks.refusals import CLIENT_ERROR, expect_refused, expect_status, must_stay_calm, said
from conformance.checks.wording import tell_member
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location


@check("error.bad_json", scenario="error.bad_json", unusable=True)
def test_bad_json_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


_OWN_ROWS = ("tools.empty", "stream.options")
"""Scenarios that a server may answer as well, with rows that judge their crashes."""


@check("error.calm", when=must_stay_calm, unusable=True)
def test_a_wrong_request_is_no_crash(error: ErrorResponse) -> None:
    applicable(error.exchange.scenario not in _OWN_ROWS, "a row of its own judges it")
    status = error.status
    conclusive(status not in LIMIT_STATUSES, said(error))
    if status is None or status >= 500:
        raise broken("a 4xx status, or an answer", said(error), Location.status())


@check("error.missing_model", scenario="error.missing_model", unusable=True)
def test_a_missing_model_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("error.bad_type", scenario="error.bad_type", unusable=True)
def test_a_wrong_type_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("error.bad_type.param", scenario="error.bad_type")
def test_the_parameter_is_named(error: ErrorResponse) -> None:
    applicable(error.status in {400, 422}, f"HTTP {error.status}")
    unblocked(error.message and not error.blank, "the message gives no reason at all")
    if "max_tokens" not in f"{error.members.get('param')} {error.message}":
        raise broken(
            "max_tokens in error.param or error.message",
            f"neither: error has {tell_member(error.members, 'param')}, the message says {shown(error.message)}",
            Location.at("/error/param"),
        )


@check("error.unknown_model", scenario="error.unknown_model", unusable=True)
def test_an_unknown_model_is_refused(error: ErrorResponse) -> None:
    if error.status == 503 and "model" in error.message.lower():
        raise broken("HTTP 404 or HTTP 400", said(error), Location.status())
    expect_refused(error, (404, 400))


@check("error.unknown_model.404", scenario="error.unknown_model")
def test_an_unknown_model_is_not_found(error: ErrorResponse) -> None:
    unblocked(error.status in {400, 404}, "the unknown model is not refused properly", by="error.unknown_model")
    expect_status(error, 404)


@check("error.unknown_model.code", scenario="error.unknown_model")
def test_an_unknown_model_has_its_code(error: ErrorResponse) -> None:
    words = "no refusal with a code that is a word or null"
    unblocked(error.status in CLIENT_ERROR, words, by="error.unknown_model")
    unblocked(error.has_code, words)
    expect(error.members.get("code"), at=Location.at("/error/code")).equals("model_not_found")


@check("error.unknown_model.named", scenario="error.unknown_model")
def test_the_unknown_model_is_named(error: ErrorResponse) -> None:
    words = "the unknown model is not refused properly"
    unblocked(error.status in CLIENT_ERROR, words, by="error.unknown_model")
    unblocked(error.message, words)
    unblocked(not error.blank, "the message gives no reason at all")
    wanted = str(error.request.param("model"))
    if wanted not in error.message:
        raise broken(f"{shown(wanted)} in the message", shown(error.message), Location.at("/error/message"))


def _invalid_chat(request: Request) -> bool:
    wrong = request.invalid is not None and request.expects == "error"
    return wrong and request.method == "POST" and request.path == "/chat/completions" and request.auth == "key"


@check("error.bad_request", when=lambda request: _invalid_chat(request) and _has_scheme(request))
def test_invalid_requests_get_400(error: ErrorResponse) -> None:
    applicable(error.status in CLIENT_ERROR, "not refused with a 4xx status")
    conclusive(error.status != 429, "HTTP 429")
    expect_status(error, 400, or_else=(413,))


def _has_scheme(request: Request) -> bool:
    """Whether the key goes along as it should."""
    return not any(name.lower() == "authorization" for name, _ in request.headers)
