"""What is sent again, and what a budget leaves unsent."""

from __future__ import annotations

import asyncio
import email.utils
import time

import pytest
from lanes_samples import Scripted, answer, drive, planned, simple

from conformance.capture.retry import Retries, retry_after
from conformance.model import Cause, Exchange, Outcome, Request, Skipped


@pytest.mark.parametrize("status", [429, 502, 503, 504], ids=str)
def test_transient_statuses_are_sent_again_and_recorded(status: int) -> None:
    seen = drive(planned(simple("a.one")), Scripted(lambda request: answer(request, status)))
    assert [exchange.attempt for exchange in seen.exchanges] == [0, 1, 2]
    assert [exchange.id for exchange in seen.exchanges] == ["1", "2", "3"]
    assert seen.sleeps == [0.5, 1.0]


@pytest.mark.parametrize(
    "fields",
    [{"status": 500}, {"status": 200}, {"status": 404}, {"status": 501}],
    ids=lambda fields: str(fields["status"]),
)
def test_other_statuses_are_not_sent_again(fields: dict[str, int]) -> None:
    assert len(drive(planned(simple("a.one")), Scripted(lambda r: answer(r, **fields))).exchanges) == 1


@pytest.mark.parametrize("fields", [{"expects": "error"}, {"invalid": "no messages"}], ids=["error", "invalid"])
def test_an_expected_error_is_not_sent_again(fields: dict[str, object]) -> None:
    seen = drive(planned(simple("a.one", **fields)), Scripted(lambda request: answer(request, 503)))
    assert len(seen.exchanges) == 1


def test_retry_after_is_honoured_within_the_cap() -> None:
    headers = [(("Retry-After", "7"),), (("Retry-After", "60"),)]
    sender = Scripted(lambda request: answer(request, 429, response_headers=headers.pop(0)))
    seen = drive(planned(simple("a.one")), sender)
    assert (seen.sleeps, len(seen.exchanges)) == ([7.0], 2)


def test_all_waits_of_a_run_are_bounded_together() -> None:
    retries = Retries(total=1.2)
    limited = answer(Request(), 429)
    assert [retries.wait(limited) for _ in range(3)] == [0.5, 0.5, None]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("3", 3, 3),
        (email.utils.formatdate(time.time() + 100, usegmt=True), 0, 101),
        (email.utils.formatdate(time.time() - 100, usegmt=True), 0, 0),
    ],
    ids=["seconds", "date", "past"],
)
def test_retry_after_is_read(value: str, low: float, high: float) -> None:
    wait = retry_after(answer(Request(), 429, response_headers=(("retry-after", value),)))
    assert wait is not None
    assert low <= wait <= high


def test_a_date_to_come_back_at_is_one_of_the_endpoints_clock() -> None:
    an_hour_on = time.time() + 3600
    headers = [
        (name, email.utils.formatdate(at, usegmt=True))
        for name, at in (("Date", an_hour_on), ("Retry-After", an_hour_on + 5))
    ]
    assert retry_after(answer(Request(), 429, response_headers=tuple(headers))) == 5


@pytest.mark.parametrize(
    "value", ["", "soon", "-1", "1.5", "٣", "9" * 5000], ids=["empty", "word", "negative", "decimal", "digit", "huge"]
)
def test_a_hostile_retry_after_does_no_harm(value: str) -> None:
    limited = answer(Request(), 429, response_headers=(("retry-after", value),))
    assert Retries().wait(limited) in {0.5, None}


@pytest.mark.parametrize(
    ("outcome", "detail", "invalid", "sent"),
    [
        (Outcome.REFUSED, "", None, 2),
        (Outcome.REFUSED, "", "broken", 2),
        (Outcome.NO_ANSWER, "", None, 2),
        (Outcome.NO_ANSWER, "", "broken", 2),
        (Outcome.NO_ANSWER, "closed (on a kept connection)", "broken", 2),
        (Outcome.FIRST_BYTE_TIMEOUT, "", None, 1),
        (Outcome.PROTOCOL_ERROR, "", None, 1),
    ],
    ids=["refused", "refused-broken", "reset", "reset-broken", "kept", "timeout", "garbage"],
)
def test_a_failed_connection_is_tried_once_more(outcome: Outcome, detail: str, invalid: str | None, sent: int) -> None:
    sender = Scripted(lambda request: answer(request, None, b"", outcome=outcome, detail=detail))
    seen = drive(planned(simple("a.one", invalid=invalid)), sender)
    assert [exchange.attempt for exchange in seen.exchanges] == list(range(sent))


def test_a_dead_endpoint_ends_the_run() -> None:
    sender = Scripted(lambda request: answer(request, None, b"", outcome=Outcome.REFUSED))
    seen = drive(planned(*(simple(f"a.{n}") for n in range(9))), sender, concurrency=1)
    assert len(seen.exchanges) == 5
    assert seen.line.dead
    assert [(row.scenario, row.reason) for row in seen.skipped][-1] == ("a.8", "unreachable")


def test_neighbours_that_succeed_keep_the_endpoint_alive() -> None:
    left = [None, None, None, None, 200] * 4
    fail = {"outcome": Outcome.REFUSED}

    def flaky(request: Request) -> Exchange:
        status = left.pop(0)
        return answer(request, status, **({} if status else fail))

    seen = drive(planned(*(simple(f"a.{n}") for n in range(6))), Scripted(flaky), concurrency=1)
    assert not seen.line.dead


def test_requests_are_budgeted() -> None:
    seen = drive(planned(*(simple(f"a.{n}") for n in range(5))), requests=3)
    assert len(seen.exchanges) == 3
    words = "over budget: 3 of 3 requests were sent"
    assert seen.skipped == tuple(Skipped(f"a.{number}", "m", words, Cause.OVER_BUDGET) for number in (3, 4))


def test_tokens_are_budgeted() -> None:
    sender = Scripted(lambda request: answer(request, body=b'{"usage":{"total_tokens":40}}'))
    seen = drive(planned(*(simple(f"a.{n}") for n in range(5))), sender, concurrency=1, limit=100)
    assert len(seen.exchanges) == 3
    assert {row.reason for row in seen.skipped} == {"over budget: 120 of 100 tokens were spent"}


class Stuck(Scripted):
    """Never answers; tells that it was interrupted, as the transport does."""

    async def send(self, request: Request) -> Exchange:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return answer(request, outcome=Outcome.INTERRUPTED)
        raise AssertionError


def test_wall_time_is_budgeted_and_cuts_off_what_is_in_flight() -> None:
    seen = drive(planned(*(simple(f"a.{n}") for n in range(3))), Stuck(), concurrency=2, seconds=0.1)
    assert [one.outcome for one in seen.exchanges] == [Outcome.INTERRUPTED] * 2
    assert [row.reason for row in seen.skipped] == ["over budget: 0.1 seconds have passed"] * 3


def test_no_request_waits_for_a_place_beyond_the_wall_time() -> None:
    seen = drive(planned(*(simple(f"a.{n}") for n in range(3))), per_minute=1, seconds=50)
    assert (len(seen.exchanges), len(seen.skipped), seen.sleeps) == (1, 2, [])


def test_no_retry_waits_beyond_the_wall_time() -> None:
    busy = Scripted(lambda request: answer(request, 503, response_headers=(("Retry-After", "15"),)))
    seen = drive(planned(simple("a.one")), busy, seconds=10)
    assert (len(seen.exchanges), seen.sleeps, seen.skipped) == (1, [], ())


def test_a_retry_beyond_the_budget_is_left() -> None:
    seen = drive(planned(simple("a.one")), Scripted(lambda request: answer(request, 503)), requests=1)
    assert (len(seen.exchanges), seen.skipped) == (1, ())


def test_the_pace_spreads_requests() -> None:
    seen = drive(planned(*(simple(f"a.{n}") for n in range(3))), per_minute=60)
    assert [round(pause) for pause in seen.sleeps] == [1, 2]
