"""Which view an exchange has follows from what was asked; what came back decides how it ended and what is wrong."""

from __future__ import annotations

import json

import gold
import pytest

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Completion
from conformance.api.chat.stream import ChatStream, Ending, Framing
from conformance.api.errors import ErrorResponse
from conformance.api.models import Metadata, ModelList
from conformance.api.views import (
    Run,
    Transcript,
    Views,
    last_attempts,
    may_judge,
    transcripts,
    view_classes,
    view_names,
)
from conformance.model import Exchange, Facet, Outcome, Read, Request, Unrecorded

COMPLETION = gold.named("completion.plain").content
STREAM = gold.named("stream.plain").content
ERROR = b'{"error": {"message": "No.", "type": "t", "param": null, "code": null}}'
CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
DONE = b"data: [DONE]\n\n"
FAILURE = b'data: {"error": {"message": "No."}}\n\n'


def exchange(expects="completion", body=COMPLETION, status=200, reads=None, **more) -> Exchange:
    asked = {"stream": True} if expects == "stream" else {}
    request = Request(expects=expects, body=json.dumps(asked).encode(), method=more.pop("method", "POST"))
    raw = tuple(Read(at, data) for at, data in reads) if reads else ((Read(0.1, body),) if body else ())
    return Exchange(more.pop("id", "1"), request, "http://host/v1", status=status, raw=raw, **more)


def stream(*pieces: bytes, **more) -> ChatStream:
    return ChatStream(exchange("stream", b"".join(pieces), **more))


VIEWS_OF = {  # expects, status -> names of the views
    ("completion", 200): {"answer", "document", "reply", "completion"},
    ("completion", 400): {"answer", "document", "reply", "completion", "error"},
    ("stream", 200): {"answer", "reply", "framing", "stream"},
    ("stream", 500): {"answer", "document", "reply", "framing", "stream", "error"},
    ("error", 400): {"answer", "document", "error"},
    ("error", 200): {"answer", "document", "error"},
    ("models", 200): {"answer", "document", "models"},
    ("model", 200): {"answer", "document", "model"},
    ("metadata", 200): {"answer", "document", "metadata"},
    ("balance", 200): {"answer", "document", "balance"},
    ("completion", None): {"reply", "completion"},
    ("stream", None): {"reply", "framing", "stream"},
}
KNOWN = {
    "answer",
    "document",
    "reply",
    "framing",
    "completion",
    "stream",
    "error",
    "models",
    "model",
    "metadata",
    "balance",
}


@pytest.mark.parametrize(("expects", "status"), VIEWS_OF, ids=str)
@pytest.mark.parametrize("body", [COMPLETION, STREAM, b"", b"<html>"], ids=["json", "events", "empty", "html"])
def test_views_follow_from_the_request_alone(expects, status, body):
    one = exchange(expects, body, status)
    assert {name for name in KNOWN if Views().view(one, name) is not None} == VIEWS_OF[expects, status]


def test_every_known_view_can_be_asked_for():
    assert KNOWN | {"run", "transcript"} <= view_names()


def test_json_in_answer_to_a_stream_is_a_stream_with_a_defect():
    view = Views().view(exchange("stream", COMPLETION), "stream")
    assert isinstance(view, ChatStream)
    assert view.is_json
    assert view.trouble == (Trouble.UNREADABLE, "JSON in answer to stream: true")


def test_views_are_made_once():
    views, one = Views(), exchange()
    assert views.view(one, "completion") is views.view(one, "reply") is views.primary(one)
    assert views.view(one, "error") is None


ENDINGS = {
    "done": ([CHUNK, DONE], Outcome.COMPLETE, Ending.DONE),
    "no-done": ([CHUNK], Outcome.COMPLETE, Ending.NO_DONE),
    "empty": ([], Outcome.COMPLETE, Ending.NO_DONE),
    "twice": ([CHUNK, DONE, DONE], Outcome.COMPLETE, Ending.DONE_TWICE),
    "after": ([CHUNK, DONE, CHUNK], Outcome.COMPLETE, Ending.AFTER_DONE),
    "error": ([CHUNK, FAILURE], Outcome.COMPLETE, Ending.ERROR),
    "error-then-done": ([FAILURE, DONE], Outcome.COMPLETE, Ending.DONE),
    "done-unterminated": ([CHUNK, b"data: [DONE]"], Outcome.COMPLETE, Ending.NO_DONE),
    "cut": ([CHUNK], Outcome.CUT_SHORT, Ending.CUT_SHORT),
    "protocol": ([CHUNK], Outcome.PROTOCOL_ERROR, Ending.CUT_SHORT),
    "cut-after-done": ([CHUNK, DONE], Outcome.CUT_SHORT, Ending.DONE),
    "stalled": ([CHUNK], Outcome.IDLE_TIMEOUT, Ending.STALLED),
    "open-after-done": ([CHUNK, DONE], Outcome.IDLE_TIMEOUT, Ending.DONE),
    "limit": ([CHUNK], Outcome.BYTE_LIMIT, Ending.LIMIT),
    "too-long": ([CHUNK], Outcome.TOTAL_TIMEOUT, Ending.LIMIT),
    "stopped": ([CHUNK], Outcome.STOPPED, Ending.STOPPED),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_endings(name):
    pieces, outcome, ending = ENDINGS[name]
    assert stream(*pieces, outcome=outcome).ending is ending


@pytest.mark.parametrize(("pieces", "whole"), [([CHUNK, DONE], True), ([CHUNK], True), ([CHUNK, FAILURE, DONE], False)])
def test_a_stream_that_tells_of_an_error_is_not_whole(pieces, whole):
    assert stream(*pieces).whole is whole


TROUBLES = {
    "fine": (exchange(), None),
    "unreachable": (exchange(body=b"", status=None, outcome=Outcome.REFUSED), Trouble.UNREACHABLE),
    "hung-up-once": (exchange(body=b"", status=None, outcome=Outcome.NO_ANSWER), Trouble.UNREACHABLE),
    "hung-up-twice": (exchange(body=b"", status=None, outcome=Outcome.NO_ANSWER, attempt=1), Trouble.FAILED),
    "429": (exchange(body=ERROR, status=429), Trouble.LIMITED),
    "503": (exchange(body=b"", status=503), Trouble.LIMITED),
    "400": (exchange(body=ERROR, status=400), Trouble.REFUSED),
    "400-without-a-message": (exchange(body=b"{}", status=400), Trouble.REFUSED),
    "401": (exchange(body=ERROR, status=401), Trouble.FAILED),
    "403": (exchange(body=ERROR, status=403), Trouble.FAILED),
    "500": (exchange(body=ERROR, status=500), Trouble.FAILED),
    "301": (exchange(body=b"", status=301), Trouble.FAILED),
    "html": (exchange(body=b"<html>"), Trouble.UNREADABLE),
    "empty": (exchange(body=b""), Trouble.UNREADABLE),
    "array": (exchange(body=b"[]"), Trouble.UNREADABLE),
    "error-in-200": (exchange(body=ERROR), Trouble.UNREADABLE),
    "cut": (exchange(outcome=Outcome.CUT_SHORT), Trouble.CUT),
    "stream": (exchange("stream", STREAM), None),
    "cut-stream": (exchange("stream", CHUNK, outcome=Outcome.CUT_SHORT), None),
    "empty-stream": (exchange("stream", b""), Trouble.UNREADABLE),
    "html-stream": (exchange("stream", b"<html>"), Trouble.UNREADABLE),
    "error-event-only": (exchange("stream", FAILURE + DONE), Trouble.UNREADABLE),
    "models": (exchange("models", b'{"object": "list", "data": []}'), None),
    "metadata-array": (exchange("metadata", b"[]"), None),
    "metadata-number": (exchange("metadata", b"3"), Trouble.UNREADABLE),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_is_classified(name):
    one, kind = TROUBLES[name]
    trouble = Views().primary(one).trouble
    assert (trouble and trouble[0]) == kind
    assert trouble is None or trouble[1]


def test_an_error_is_no_trouble_for_the_view_of_errors():
    assert ErrorResponse(exchange("error", ERROR, 400)).trouble is None
    assert ErrorResponse(exchange("error", COMPLETION)).trouble[0] is Trouble.UNREADABLE
    assert ErrorResponse(exchange("error", b"", None, outcome=Outcome.REFUSED)).trouble[0] is Trouble.UNREACHABLE


def test_an_event_arrives_with_its_last_byte():
    half = len(CHUNK) // 2
    one = exchange("stream", reads=[(0.1, CHUNK[:half]), (0.2, CHUNK[half:] + CHUNK), (0.5, DONE)])
    view = Framing(one)
    assert [view.arrival(event) for event in view.events] == [0.2, 0.2, 0.5]
    assert [chunk.at for chunk in ChatStream(one).chunks] == [0.2, 0.2]


def test_without_timing_an_arrival_is_unrecorded():
    one = exchange("stream", STREAM, lost=frozenset({Facet.READS}))
    with pytest.raises(Unrecorded):
        Framing(one).arrival(Framing(one).events[0])
    assert ChatStream(one).chunks[0].at is None


def test_a_gold_stream_and_its_completion_look_alike():
    view, whole = ChatStream(gold.named("stream.usage")), Completion(gold.named("completion.plain"))
    assert [choice.finish_reason for choice in view.choices] == [choice.finish_reason for choice in whole.choices]
    assert set(view.usage) == set(whole.usage)
    assert view.asked_for_usage
    assert not ChatStream(gold.named("stream.plain")).asked_for_usage


def test_places_are_numbered_for_people():
    view = ChatStream(gold.named("stream.usage"))
    assert str(view.usage_place) == "event 5 /usage"
    start, end = view.usage_place.span
    assert b'"usage": {' in view.exchange.content[start:end]


@pytest.mark.parametrize("body", [b'{"data": [{"id": "a"}, 3]}', b'{"models": [{"id": "a"}]}', b'[{"id": "a"}]'])
def test_metadata_is_found_in_three_shapes(body):
    assert Metadata(exchange("metadata", body)).ids == ["a"]


def test_a_list_is_read_tolerantly():
    assert ModelList(exchange("models", b'{"data": {"id": "a"}}')).entries == []
    assert ModelList(exchange("models", b'{"data": [{"id": 1}, {"id": "a"}]}')).ids == ["a"]
    assert ModelList(exchange("models", b'{"data": [{"id": "a"}]}')).entry("a") == {"id": "a"}


def test_only_the_last_attempt_counts():
    tries = [exchange(id=str(number), scenario="s", model="m", attempt=number) for number in range(3)]
    others = [exchange(id="9", scenario="s", model="m", step=1), exchange(id="8"), exchange(id="7")]
    assert [one.id for one in last_attempts([*tries, *others])] == ["2", "9", "8", "7"]


@pytest.mark.parametrize(
    ("outcome", "stopped", "seen"),
    [
        (Outcome.COMPLETE, False, True),
        (Outcome.STOPPED, False, False),
        (Outcome.STOPPED, True, True),
        (Outcome.INTERRUPTED, True, False),
    ],
)
def test_what_we_stopped_is_hidden(outcome, stopped, seen):
    assert may_judge(exchange(outcome=outcome), stopped=stopped) is seen


def test_transcripts_are_grouped_by_run_and_ordered_by_step():
    steps = [
        exchange(id=f"{sample}{step}", scenario="s", sample=sample, step=step) for sample in (0, 1) for step in (1, 0)
    ]
    groups = transcripts([Completion(one) for one in [*steps, exchange(id="foreign")]])
    assert [[answer.exchange.id for answer in group.answers] for group in groups] == [["00", "01"], ["10", "11"]]
    assert groups[0].trouble is None


def test_a_transcript_has_the_trouble_of_its_answers():
    group = Transcript((Completion(exchange()), Completion(exchange(body=ERROR, status=500))))
    assert group.trouble[0] is Trouble.FAILED
    assert group.exchange.status == 500


def test_a_run_shows_usable_replies_only():
    run = Run(
        (Completion(exchange(id="1", scenario="s")), Completion(exchange(id="2", status=500)), stream(CHUNK, DONE))
    )
    assert len(run.replies) == 2
    assert [answer.exchange.id for answer in run.of("s")] == ["1"]


@pytest.mark.parametrize("cut", range(0, len(COMPLETION), 7))
def test_no_view_raises_on_a_cut_body(cut):
    for expects in ("completion", "stream", "models", "metadata", "error"):
        view = Views().primary(exchange(expects, COMPLETION[:cut]))
        assert view.trouble is None or view.trouble[1]
        assert all(name for name, _, _ in view.documents())


def test_every_name_of_a_view_has_a_class() -> None:
    assert set(view_classes()) == view_names()
