"""What HTTP asks of any server: methods, paths, labels, and requests in every legal spelling."""

from __future__ import annotations

import re
import zlib

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run, Transcript
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown, unblocked
from conformance.checks.explanations import blame
from conformance.checks.heuristics.text_damage import DROPPED, damage
from conformance.checks.refusals import CLIENT_ERROR, expect_refused, expect_status, said
from conformance.model import LIMIT_STATUSES, Facet, Outcome, Request
from conformance.model.location import Location

_FOREIGN = "Zoë wants 漢字 and 😀 today"
_MISREAD = ("Ã«", "æ¼¢", "ðŸ", "ð\x9f")
"""The same text where its UTF-8 was read as Latin-1 or Windows-1252."""

_START = 64
"""Bytes that are undone of a body to tell whether it is compressed."""

_GZIP = zlib.MAX_WBITS | 16
_INFLATED = {"gzip": (_GZIP,), "x-gzip": (_GZIP,), "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}
"""How each encoding is undone; clients take deflate with and without its frame."""

_BROKEN_OFF = {Outcome.CUT_SHORT, Outcome.PROTOCOL_ERROR, Outcome.FIRST_BYTE_TIMEOUT, Outcome.IDLE_TIMEOUT}


def _ours(request: Request) -> bool:
    """Whether the request is one of the API; recordings of others hold pages of all kinds."""
    return request.expects != "other"


def _alone(transcript: Transcript, step: int, what: str) -> None:
    """The request with all oddities was answered, or at least the one with this oddity alone."""
    first = transcript.answers[0]
    if first.trouble is None:
        return
    conclusive(len(transcript.answers) > step, first.trouble[1])
    _understood(transcript, step, f"HTTP 200 for a request {what}")


def _understood(transcript: Transcript, step: int, expected: str) -> None:
    """One request of the run was answered; where none was, its spelling is not to blame."""
    answer = transcript.answers[step]
    if answer.trouble is not None:
        kind, words = answer.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        unblocked(
            any(one.trouble is None for one in transcript.answers), f"no spelling is answered: {words}", blame(answer)
        )
        raise broken(expected, words, Location.status(), exchange=answer.exchange.id)


@check("transport.charset", scenario="transport.spellings", unusable=True)
def test_a_charset_is_accepted(transcript: Transcript) -> None:
    _alone(transcript, 2, 'labelled "application/json; charset=utf-8"')


@check("transport.sdk_headers", scenario="transport.spellings", unusable=True)
def test_headers_of_sdks_are_accepted(transcript: Transcript) -> None:
    _alone(transcript, 3, "with the headers that SDKs add")


@check("transport.json_spelling", scenario="transport.spellings", unusable=True)
def test_any_spelling_of_json_is_accepted(transcript: Transcript) -> None:
    _alone(transcript, 4, "whose JSON is indented, reordered and escaped")


def _texts(reply: Reply) -> list[tuple[str, Location]]:
    return [(choice.content or "", choice.place.down("/message/content")) for choice in reply.choices]


def _repeated(reply: Reply) -> None:
    conclusive(any(_FOREIGN in text for text, _ in _texts(reply)), "the answer does not repeat the text")


@check("transport.text", scenario="transport.spellings")
def test_text_comes_back_intact(reply: Reply) -> None:
    for text, place in _texts(reply):
        if any(wrong in text for wrong in _MISREAD):
            words = f"its UTF-8 read as Latin-1: {shown(text, 120)}"
            raise broken(f"{shown(_FOREIGN)} as it was sent", words, place)
    _repeated(reply)


@check("transport.text.kept", scenario="transport.spellings")
def test_no_character_is_lost(reply: Reply) -> None:
    for text, place in _texts(reply):
        words = damage(_FOREIGN, text, DROPPED)
        if words:
            raise broken(f"{shown(_FOREIGN)} as it was sent", f"{words}: {shown(text, 120)}", place)
    _repeated(reply)


@check("transport.gzip", scenario="transport.spellings", unusable=True)
def test_a_compressed_request_is_understood(transcript: Transcript) -> None:
    applicable(len(transcript.answers) > 1, "no compressed request was sent")
    if transcript.answers[1].status != 415:
        _understood(transcript, 1, "HTTP 200, or HTTP 415 for an encoding that is not offered")


def _no_server_error(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, said(answer))
    if answer.status is None or answer.status >= 500:
        raise broken("HTTP 200 or a 4xx status", said(answer), Location.status())


@check("transport.media_type", scenario="transport.media_type", unusable=True)
def test_another_media_type_is_no_accident(reply: Reply) -> None:
    _no_server_error(reply)


@check("transport.unknown_field", scenario="transport.unknown_field", unusable=True)
def test_an_unknown_field_is_no_accident(reply: Reply) -> None:
    _no_server_error(reply)


@check("transport.method", scenario="transport.method", unusable=True)
def test_a_wrong_method_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("transport.method.405", scenario="transport.method")
def test_a_wrong_method_is_said_to_be_one(error: ErrorResponse) -> None:
    conclusive(error.status not in {*LIMIT_STATUSES, 401, 403}, said(error))  # nobody looked at the method
    unblocked(error.status in CLIENT_ERROR, "the method is not refused properly", by="transport.method")
    expect_status(error, 405)


@check("transport.allow", when=lambda request: request.method != "OPTIONS")
def test_allow_names_the_methods(error: ErrorResponse) -> None:
    applicable(error.status == 405, "no 405")
    if error.lacks("allow"):
        raise broken("Allow with the methods of the path", "no Allow", Location.header("allow"))


@check("transport.unknown_path", scenario="transport.unknown_path", unusable=True)
def test_an_unknown_path_is_refused(error: ErrorResponse) -> None:
    expect_refused(error, even_as_error=True)


@check("transport.unknown_path.body", when=lambda request: request.expects == "error")
def test_refused_paths_have_an_error_body(run: Run) -> None:
    errors = [one for one in run.answers if isinstance(one, ErrorResponse) and one.exchange.status in CLIENT_ERROR]
    astray = [one for one in errors if one.exchange.scenario in {"transport.method", "transport.unknown_path"}]
    unblocked(
        any(one.message for one in errors if one not in astray), "no error has an error body", by="error.envelope"
    )
    with gather("neither path nor method was refused") as found:
        for error in astray:
            with found.each():
                if not error.message:
                    raise broken('{"error": {"message": …}}', error.looks, Location.body(), exchange=error.exchange.id)


@check("transport.cache", when=_ours, unusable=True)
def test_nothing_may_be_cached_for_others(answer: Answer) -> None:
    value = (answer.header("cache-control") or "").lower()
    if re.search(r"\bpublic\b|\bs-maxage=0*[1-9]", value):
        raise broken("no-store, private or no Cache-Control", value, Location.header("cache-control"))


@check("transport.whole", when=_ours, unusable=True)
def test_bodies_arrive_whole(document: Answer) -> None:
    outcome = document.exchange.outcome
    if outcome in _BROKEN_OFF:
        raise broken(
            "the whole body", f"{outcome.value.replace('_', ' ')}: {document.exchange.detail}", Location.body()
        )


@check("transport.leftover", when=_ours, unusable=True)
def test_nothing_follows_the_end_of_an_answer(answer: Answer) -> None:
    exchange = answer.exchange
    exchange.require(Facet.OUTCOME)
    if exchange.leftover:
        count, start = exchange.leftover.size, shown(exchange.leftover.start.decode("latin-1"), 60)
        words = f"{count} {'byte' if count == 1 else 'bytes'} after the end of the answer: {start}"
        raise broken("nothing until the next request", words, Location.part("the connection"))


@check("transport.encoding", when=_ours, unusable=True)
def test_compression_is_asked_for(answer: Answer) -> None:
    encoding = (answer.header("content-encoding") or "identity").strip().lower()
    asked = next((value for name, value in answer.exchange.sent_headers if name.lower() == "accept-encoding"), "*")
    allowed = {coding.partition(";")[0].strip().lower() for coding in asked.split(",")} | {"identity"}
    if encoding not in allowed and "*" not in allowed:
        raise broken(f"no other encoding than {asked}, as asked for", encoding, Location.header("content-encoding"))


@check("transport.decodes", when=_ours, unusable=True)
def test_a_body_is_encoded_as_its_label_says(answer: Answer) -> None:
    encoding = (answer.header("content-encoding") or "").strip().lower()
    raw = b"".join(read.data for read in answer.exchange.reads)
    applicable(encoding in _INFLATED and raw, "no body that is labelled as compressed")
    if not any(_inflates(raw, wbits) for wbits in _INFLATED[encoding]):
        words = f"bytes that are no {encoding}: {shown(raw[:40].decode('latin-1'))}"
        raise broken(f"a body in {encoding}, as Content-Encoding says", words, Location.body())


def _inflates(raw: bytes, wbits: int) -> bool:
    try:
        zlib.decompressobj(wbits).decompress(raw, _START)
    except zlib.error:
        return False
    return True
