"""Times are those of the endpoint's clock, and a stream's end is judged from its bytes."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from exchanges import ask, chunk, completion, exchange, sse, verdict

from conformance.catalogue.profiles import PLAIN
from conformance.model import Outcome, Read

NOW = 1_750_000_000.0
HOUR = 3600.0
JSON = ("content-type", "application/json")


def _made(created: float, date: float | None, headers_at: float = 0.5, **headers: str):
    told = () if date is None else (("Date", formatdate(date, usegmt=True)),)
    body = {**completion("Hi"), "created": int(created)}
    return exchange(
        ask(),
        body,
        started_at=NOW,
        headers_at=headers_at,
        ended_at=headers_at + 0.1,
        response_headers=(JSON, *told, *headers.items()),
    )


@pytest.mark.parametrize(
    ("created", "date", "headers_at", "said"),
    [
        (NOW + HOUR, NOW + HOUR, 0.5, "pass"),
        (NOW - 5 * HOUR, NOW - 5 * HOUR + 3, 3.0, "pass"),
        (NOW, NOW, 0.5, "pass"),
        (NOW, NOW + 900, 900.0, "pass"),
        (NOW + HOUR, NOW, 0.5, "fail"),
        (NOW, NOW + HOUR, 0.5, "fail"),
        (NOW, None, 0.5, "pass"),
        (NOW + HOUR, None, 0.5, "fail"),
    ],
    ids=["ours-slow", "ours-fast", "right", "long-answer", "created-wrong", "as-ours", "undated", "undated-wrong"],
)
def test_chat_created_now(created, date, headers_at, said):
    assert verdict("chat.created.now", _made(created, date, headers_at)) == said


@pytest.mark.parametrize(("ahead", "said"), [(HOUR, "pass"), (0.0, "fail")], ids=["its-clock", "an-hour-off"])
def test_flexai_limits_reset(ahead, said):
    answer = _made(NOW, NOW + ahead, **{"x-ratelimit-reset-requests": str(int(NOW + HOUR + 60))})
    assert verdict("flexai.limits.reset", answer, profile=PLAIN) == said


STREAM = sse(chunk({"role": "assistant", "content": "Hi"}), chunk({}, "stop"))
COMMENTS = b": keep-alive\n\n" * 500
UNBOUNDED = [Outcome.BYTE_LIMIT, Outcome.EVENT_LIMIT, Outcome.TOTAL_TIMEOUT]


def _endless(outcome: Outcome, end: bytes = STREAM, after: bytes = COMMENTS, expects: str = "stream", **more):
    made = exchange(ask(stream=True), end, expects, outcome=outcome, ended_at=1.0, **more)
    return type(made)(**{**_members(made), "raw": (*made.raw, Read(0.5, after))})


def _members(made):
    return {name: getattr(made, name) for name in type(made).__dataclass_fields__}


@pytest.mark.parametrize("outcome", [*UNBOUNDED, Outcome.IDLE_TIMEOUT, Outcome.CUT_SHORT, Outcome.STOPPED])
@pytest.mark.parametrize("requirement", ["stream.done", "stream.done.last", "stream.done.exact"])
def test_stream_done_before_comments_without_end(outcome, requirement):
    found = verdict(requirement, _endless(outcome))
    assert found == ("not_run" if outcome is Outcome.STOPPED else "pass")


@pytest.mark.parametrize("outcome", UNBOUNDED)
def test_completions_stream_done_before_comments_without_end(outcome):
    piece = (
        b'data: {"id":"a","object":"text_completion","choices":[{"index":0,"text":"Hi","finish_reason":"stop"}]}\n\n'
    )
    endless = _endless(outcome, piece + b"data: [DONE]\n\n", expects="text_stream", path="/completions")
    assert verdict("completions.stream.done", endless) == "pass"


@pytest.mark.parametrize("outcome", UNBOUNDED)
def test_stream_closed_when_the_body_never_ends(outcome):
    assert verdict("stream.closed", _endless(outcome)) == "fail"


@pytest.mark.parametrize("outcome", UNBOUNDED)
def test_no_end_is_claimed_of_a_stream_whose_bytes_have_none(outcome):
    assert verdict("stream.done", _endless(outcome, STREAM.removesuffix(b"data: [DONE]\n\n"))) != "pass"


def test_events_after_done_are_named_though_they_never_end():
    assert verdict("stream.done.last", _endless(Outcome.EVENT_LIMIT, after=b'data: {"a":1}\n\n' * 50)) == "fail"
