"""What the body of an error says, and what it must not give away."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from conformance.api.answer import Answer
from conformance.api.errors import ErrorResponse
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, gather, shown, unblocked
from conformance.model import Request
from conformance.model.location import Location

_CLIENTS_MISTAKE = {400, 404, 405, 409, 413, 415, 422}
_KNOWN = {*range(400, 419), 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, *range(500, 509), 510, 511}
_STATUS_NAMES = ("status", "statusCode", "status_code", "code")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)"
    r'|File "[^"]+", line \d+'
    r"|\n\s*at [\w.$<> ]+\(?[^()\s]+:\d+"
    r"|goroutine \d+ \["
    r"|(/site-packages/|/node_modules/|/dist-packages/)"
    r"|/(srv|app|home|root|usr|opt|workspace)/[\w./-]+\.(py|js|ts|go|rs|java|cpp|rb|php)\b"
)
_HOST = re.compile(
    r"\b(10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}"
    r"|127\.0\.0\.1|localhost:\d+|[\w-]+(\.[\w-]+)*\.(svc\.cluster\.local|(compute|ec2)\.internal)(:\d+)?"
    r"|(?:(?<=://)|(?<=ENOTFOUND )|(?<=lookup )|(?<=host ))[\w-]+(\.[\w-]+)*\.(svc|internal|local|lan)(:\d+)?"
    r"|[\w-]+(\.[\w-]+)*\.(svc|internal|local|lan):\d+)\b"
)
"""Private addresses; names of private zones where a host is meant: files and models may end in .local too."""

_KEY = re.compile(r"\b(sk|gsk|xai|hf|AIza|pplx|nvapi)[-_]?[A-Za-z0-9_-]{24,}")


def _known_path(request: Request) -> bool:
    """Whether it went to a path that the API has, with a method that this path has, and a body is due."""
    return request.method in {"GET", "POST"} and "no-such-path" not in request.path


def _has_body(request: Request) -> bool:
    """Whether it is one of the API's requests; unknown paths have a requirement of their own."""
    return request.expects != "other" and "no-such-path" not in request.path


@check("error.json", when=_known_path)
def test_errors_are_json(error: ErrorResponse) -> None:
    if not error.readable:
        raise broken('JSON: {"error": {…}}', f"{error.looks} (HTTP {error.status}, {_label(error)})", Location.body())


def _label(error: ErrorResponse) -> str:
    return error.media_type or "no Content-Type"


@check("error.envelope", when=_known_path)
def test_errors_have_the_envelope(error: ErrorResponse) -> None:
    unblocked(error.readable, "the body is no JSON", by="error.json")
    if not error.members:
        raise broken('{"error": {"message", "type", "param", "code"}}', error.looks, Location.body())


@check("error.status", when=_has_body, unusable=True)
def test_status_and_body_agree(document: Answer) -> None:
    applicable(document.body, "the body is no JSON object")
    applicable(document.body.get("object") != "response", "a response tells of its own failure")
    if document.exchange.ok and document.error is not None:
        words = f"HTTP {document.status} with an error: {document.own_words}"
        raise broken("an error status", words, Location.status())
    if not document.exchange.ok and document.body.get("choices"):
        raise broken("HTTP 200", f"HTTP {document.status} with choices", Location.status())


@check("error.status.repeated")
def test_a_repeated_status_is_the_same(error: ErrorResponse) -> None:
    places = [(f"/error/{name}", error.members.get(name)) for name in _STATUS_NAMES]
    places += [(f"/{name}", error.body.get(name)) for name in _STATUS_NAMES]
    said = [(at, number) for at, value in places if (number := _status_of(value)) is not None]
    applicable(said, "the body repeats no status")
    for at, number in said:
        if number != error.status:
            raise broken(f"{error.status}, the status of the answer", str(number), Location.at(at))


def _status_of(value: object) -> int | None:
    number = int(value) if isinstance(value, str) and re.fullmatch("[45][0-9]{2}", value) else value
    return number if isinstance(number, int) and 400 <= number < 600 else None


@check("error.status.known")
def test_the_status_is_known(error: ErrorResponse) -> None:
    if error.status not in _KNOWN:
        raise broken(
            "a status that HTTP knows", f"HTTP {error.status} {error.exchange.reason}".strip(), Location.status()
        )


_WORDS_FOR_NOTHING = {"none", "null", "nil", "undefined"}
"""How languages write that there is nothing, once it was made a text."""


@check("error.null")
def test_nothing_is_null(error: ErrorResponse) -> None:
    with gather("neither type nor param nor code is a string") as found:
        for name in ("type", "param", "code"):
            value = error.members.get(name)
            if isinstance(value, str):
                with found.each():
                    if value.strip().lower() in _WORDS_FOR_NOTHING:
                        raise broken(
                            "null where there is nothing to say", f'the text "{value}"', Location.at(f"/error/{name}")
                        )


@check("error.code.word")
def test_the_code_is_a_word(error: ErrorResponse) -> None:
    code = error.members.get("code")
    applicable(isinstance(code, str), "no code that is a string")
    if not error.has_code:
        raise broken("a word such as model_not_found, or null", f'"{code}"', Location.at("/error/code"))


@check("error.type.word")
def test_the_type_is_openais(error: ErrorResponse) -> None:
    kind = error.members.get("type")
    applicable(error.status in _CLIENTS_MISTAKE, f"HTTP {error.status}")
    applicable(isinstance(kind, str) and kind, "no type")
    if kind != "invalid_request_error":
        raise broken("invalid_request_error", f'"{kind}"', Location.at("/error/type"))


@check("error.plain")
def test_the_message_is_a_sentence(error: ErrorResponse) -> None:
    applicable(error.message, "no message")
    text = error.message
    if text.lstrip().startswith(("{", "[{")) or re.search(r"\{\s*['\"\\]+(error|message|detail|code|object)", text):
        raise broken("a sentence", f"JSON in a string: {shown(error.error_message)}", Location.at("/error/message"))
    if re.search(r"<!doctype html|<html[\s>]|</(title|h1|body)>", text, re.IGNORECASE):
        raise broken("a sentence", f"HTML in a string: {shown(error.error_message)}", Location.at("/error/message"))


@check("error.reason")
def test_the_message_gives_the_reason(error: ErrorResponse) -> None:
    applicable(error.message, "no message")
    hidden = error.members.get("metadata") or error.members.get("innererror") or error.members.get("details")
    if error.blank:
        where = f"; the reason stands elsewhere: {shown(hidden, 160)}" if hidden else ""
        raise broken("what was wrong", f'"{error.message}"{where}', Location.at("/error/message"))


@check("error.no_trace")
def test_no_stack_trace_is_shown(error: ErrorResponse) -> None:
    _gives_away(error, _TRACE.search(_plain(error)), "no stack trace")


@check("error.no_host")
def test_no_internal_host_is_named(error: ErrorResponse) -> None:
    own = urlsplit(error.exchange.url).hostname or ""
    local = own in {"localhost", "127.0.0.1", "::1"}
    found = (
        one
        for one in _HOST.finditer(_plain(error))
        if own not in one[0] and not (local and one[0].startswith(("localhost", "127.")))
    )
    _gives_away(error, next(found, None), "no internal host")


@check("error.no_upstream_key")
def test_no_upstream_key_is_shown(error: ErrorResponse) -> None:
    found = (one for one in _KEY.finditer(_plain(error)) if not one[0].startswith("sk-conformance"))
    _gives_away(error, next(found, None), "no key", masked=True)


def _plain(error: ErrorResponse) -> str:
    """The body's text, line breaks in JSON strings made line breaks."""
    return error.text.replace("\\n", "\n").replace('\\"', '"')


def _gives_away(error: ErrorResponse, found: re.Match[str] | None, expected: str, *, masked: bool = False) -> None:
    applicable(error.text.strip(), "no body")
    if found is not None:
        told = f"{found[0][:6]}…" if masked else " ".join(found[0].split())
        raise broken(expected, told, Location.body())
