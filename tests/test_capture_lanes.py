"""What may run when, what is sent again, what is left out: over a scripted sender, without a network."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

import pytest

from conformance.capture.budget import Budget, Pace
from conformance.capture.driver import Driver
from conformance.capture.lanes import Job, Schedule, jobs_of, run_jobs
from conformance.capture.line import Line
from conformance.capture.progress import Silent
from conformance.capture.retry import Retries, retry_after
from conformance.capture.usage import tokens
from conformance.config import Limits
from conformance.model import Exchange, Expects, Footer, Outcome, Read, Request, Scope, Skipped
from conformance.plan import Planned
from conformance.scenarios import Context, Lane, Scenario

Answer = Callable[[Request], Exchange]
BODY = {"json": {"model": "$model"}}
ONE_TOKEN = b'{"usage":{"total_tokens":1}}'


def answer(request: Request, status: int | None = 200, body: bytes = ONE_TOKEN, **fields: object) -> Exchange:
    return Exchange("", request, "http://test", status=status, raw=(Read(0.1, body),), **fields)  # type: ignore[arg-type]


def simple(name: str, **fields: object) -> Scenario:
    return Scenario(name, "test", template=BODY, **fields)  # type: ignore[arg-type]


def planned(*scenarios: Scenario, model: str = "m") -> list[Planned]:
    return [Planned(scenario, model, scenario.samples, 0) for scenario in scenarios]


@dataclass
class Scripted:
    """A sender that answers by a function, after giving way once, and knows what was in flight together."""

    answers: Answer = answer
    flights: int = 0
    most: int = 0
    log: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Exchange:
        self.flights += 1
        self.most = max(self.most, self.flights)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.flights -= 1
        return self.answers(request)

    async def aclose(self) -> None:
        self.flights = 0


class Memory:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def append(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    def finish(self, footer: Footer) -> None:
        self.footer = footer

    def close(self) -> None:
        self.closed = True


@dataclass
class Outcomes:
    exchanges: list[Exchange]
    skipped: tuple[Skipped, ...]
    sleeps: list[float]
    line: Line

    @property
    def order(self) -> list[str]:
        return [exchange.scenario for exchange in self.exchanges]


def drive(
    entries: list[Planned],
    sender: Scripted | None = None,
    *,
    concurrency: int = 8,
    requests: int = 99,
    limit: int = 9999,
    seconds: float = 99,
    per_minute: float | None = None,
    validate: Callable[[Request], str | None] = lambda _: None,
) -> Outcomes:
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        await asyncio.sleep(0)

    async def run() -> Outcomes:
        writer = Memory()
        budget = Budget(Limits(requests=requests, tokens=limit, seconds=seconds))
        line = Line(sender or Scripted(), budget, Pace(per_minute), Silent(), sleep)
        line.open(writer)
        driver = Driver(line, Context, Silent(), validate)
        async with asyncio.timeout(5):
            await run_jobs(Schedule(jobs_of(entries), concurrency), driver.run)
        return Outcomes(writer.exchanges, driver.skipped, sleeps, line)

    return asyncio.run(run())


def test_shared_jobs_run_side_by_side_up_to_the_concurrency() -> None:
    sender = Scripted()
    drive(planned(*(simple(f"a.{n}") for n in range(20))), sender, concurrency=4)
    assert sender.most == 4


def test_a_serial_job_has_the_line_to_itself() -> None:
    flights: list[tuple[str, int]] = []
    sender = Scripted()

    def note(request: Request) -> Exchange:
        flights.append((request.path, sender.flights))
        return answer(request)

    sender.answers = note
    alone = replace(simple("a.alone", lane=Lane.SERIAL, samples=3), template={**BODY, "path": "/alone"})
    drive(planned(alone, *(simple(f"a.{n}") for n in range(9))), sender)
    assert [left for path, left in flights if path == "/alone"] == [0, 0, 0]


def test_exclusive_jobs_come_last() -> None:
    scenarios = [simple("a.burst", lane=Lane.EXCLUSIVE), simple("a.slow", lane=Lane.SERIAL), simple("a.one")]
    assert drive(planned(*scenarios)).order == ["a.one", "a.slow", "a.burst"]


def test_what_waits_for_an_exclusive_offer_is_not_stuck() -> None:
    scenarios = [simple("a.deep", needs=("burst",)), simple("a.burst", offers="burst", lane=Lane.EXCLUSIVE)]
    assert drive(planned(*scenarios)).order == ["a.burst", "a.deep"]


def test_no_barrier_between_waves() -> None:
    """A deeper job starts as soon as its own offer is done, while another offer still runs."""
    entries = planned(simple("a.offer", offers="a"), simple("b.offer", offers="b"), simple("a.deep", needs=("a",)))
    schedule = Schedule(jobs_of(entries), 8)
    first, second = schedule.start(), schedule.start()
    assert first
    assert second
    assert schedule.start() is None
    schedule.done(first)
    deep = schedule.start()
    assert deep
    assert deep.scenario.name == "a.deep"


def test_the_longest_chain_starts_first() -> None:
    entries = planned(simple("a.one"), simple("a.offer", offers="a"), simple("a.deep", needs=("a",), requests=(3, 3)))
    started = Schedule(jobs_of(entries), 1).start()
    assert started
    assert started.scenario.name == "a.offer"


@pytest.mark.parametrize(
    ("statuses", "sent"),
    [([400], 1), ([422], 1), ([404], 1), ([200], 2), ([429, 429, 429], 4), ([500], 2), ([401], 2)],
    ids=["400", "422", "404", "200", "429", "500", "401"],
)
def test_a_refused_offer_keeps_the_deeper_scenarios_back(statuses: list[int], sent: int) -> None:
    left = list(statuses)
    sender = Scripted(lambda request: answer(request, left.pop(0) if left else 200))
    seen = drive(planned(simple("tools.offer", offers="tools"), simple("tools.deep", needs=("tools",))), sender)
    assert len(seen.exchanges) == sent
    reason = f"`tools` was refused: tools.offer answered {statuses[0]} (#1)"
    assert seen.skipped == (() if sent > 1 else (Skipped("tools.deep", "m", reason),))


def test_an_offer_gates_its_own_model_only() -> None:
    offer, deep = simple("t.offer", offers="t"), simple("t.deep", needs=("t",))
    sender = Scripted(lambda request: answer(request, 400 if request.asks("model", value="old") else 200))
    seen = drive([*planned(offer, deep, model="old"), *planned(offer, deep, model="new")], sender)
    assert [row.model for row in seen.skipped] == ["old"]
    assert [exchange.model for exchange in seen.exchanges if exchange.scenario == "t.deep"] == ["new"]


def test_an_endpoints_offer_gates_every_model() -> None:
    offer = simple("t.offer", offers="t", scope=Scope.ENDPOINT)
    sender = Scripted(lambda request: answer(request, 404))
    seen = drive([*planned(offer), *planned(simple("t.deep", needs=("t",)), model="other")], sender)
    assert seen.order == ["t.offer"]


def test_a_need_without_an_offer_in_the_plan_is_sent() -> None:
    assert drive(planned(simple("t.deep", needs=("t",)))).order == ["t.deep"]


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


@pytest.mark.parametrize("fields", [{"expects": Expects.ERROR}, {"invalid": "no messages"}], ids=["error", "invalid"])
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
    assert seen.skipped == (Skipped("a.3", "m", words), Skipped("a.4", "m", words))


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


def test_a_generator_is_fed_what_came_back() -> None:
    fed: list[str] = []

    def flow(context: Context) -> Generator[Request, Exchange, None]:
        for _ in range(2):
            exchange = yield context.request(**BODY)
            fed.append(exchange.id)

    seen = drive(planned(Scenario("a.flow", "test", function=flow, requests=(2, 2), samples=2)), concurrency=1)
    assert fed == ["1", "2", "3", "4"]
    assert [(exchange.sample, exchange.step) for exchange in seen.exchanges] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def _crashes(context: Context) -> Generator[Request, Exchange, None]:
    yield context.request(**BODY)
    raise KeyError("choices")


def _runs_away(context: Context) -> Generator[Request, Exchange, None]:
    while True:
        yield context.request(**BODY)


def _sends_nothing(context: Context) -> Generator[Request, Exchange, None]:
    yield from ()


@pytest.mark.parametrize(
    ("flow", "reason", "sent"),
    [
        (_crashes, "harness crash: KeyError: 'choices'", 1),
        (_runs_away, "harness crash: BrokenScenarioError: it sends more than the 2 requests that it declares", 2),
        (_sends_nothing, "harness crash: BrokenScenarioError: it sends nothing", 0),
    ],
    ids=["crash", "runaway", "nothing"],
)
def test_a_broken_generator_is_named_and_loses_nobody_else(flow: object, reason: str, sent: int) -> None:
    broken = Scenario("a.broken", "test", function=flow, requests=(1, 2))  # type: ignore[arg-type]
    seen = drive(planned(broken, simple("a.good")))
    assert seen.skipped == (Skipped("a.broken", "m", reason),)
    assert seen.order.count("a.broken") == sent
    assert "a.good" in seen.order


def test_a_request_that_is_wrong_by_mistake_is_not_sent() -> None:
    seen = drive(planned(simple("a.bad"), simple("a.meant", invalid="yes")), validate=lambda _: "no messages")
    assert seen.order == ["a.meant"]
    assert "its request is not valid: no messages" in seen.skipped[0].reason


def test_a_cancellation_reaches_every_job() -> None:
    ended: list[int] = []

    async def hang(job: Job) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(job.index)

    async def run() -> None:
        entries = planned(*(simple(f"a.{n}") for n in range(9)))
        task = asyncio.create_task(run_jobs(Schedule(jobs_of(entries), 3), hang))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert sorted(ended) == [0, 1, 2]


STREAMED = b'data: {"choices":[]}\n\ndata: {"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize(
    ("status", "body", "spent"),
    [
        (200, b'{"usage":{"total_tokens":12}}', 12),
        (200, STREAMED, 7),
        (200, b'{"usage":{"total_tokens":-5}}', None),
        (200, b'{"usage":{"total_tokens":true}}', None),
        (200, b'{"usage":' + b"[" * 99_999, None),
        (400, b'{"usage":{"total_tokens":12}}', 0),
        (200, b"", 0),
    ],
    ids=["json", "stream", "negative", "bool", "deep", "error", "empty"],
)
def test_tokens_are_counted_from_usage_or_guessed(status: int, body: bytes, spent: int | None) -> None:
    counted = tokens(answer(Request(body=b"{}"), status, body))
    assert counted == (len(body) // 4 if spent is None else spent)
