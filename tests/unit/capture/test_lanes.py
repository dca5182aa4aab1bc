"""What may run when, what is sent again, what is left out: over a scripted sender, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace

import pytest
from lanes_samples import BODY, Scripted, answer, drive, planned, simple

from conformance.api.usage import count_tokens
from conformance.capture.lanes import Schedule, ScheduledScenario, run_schedule, schedule_plan
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import Lane, Scenario
from conformance.model import Cause, Exchange, Request, Scope, Skipped


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
    schedule = Schedule(schedule_plan(entries), 8)
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
    started = Schedule(schedule_plan(entries), 1).start()
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
    words = {404: "POST /chat/completions answered 404"}.get(statuses[0], f"HTTP {statuses[0]}")
    reason = f'not offered: tools: {words}: {{"usage": {{"total_tokens": 1}}}} (#1)'
    assert seen.skipped == (() if sent > 1 else (Skipped("tools.deep", "m", reason, Cause.NOT_OFFERED),))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_operation_that_is_not_there_keeps_the_deeper_scenarios_back(status: int) -> None:
    sender = Scripted(lambda request: answer(request, status))
    seen = drive(planned(simple("t.offer", offers="t"), simple("t.deep", needs=("t",))), sender)
    assert seen.order == ["t.offer"]


def test_an_offer_that_is_taken_in_one_of_its_forms_keeps_nothing_back() -> None:
    def flow(context: Context) -> Generator[Request, Exchange, None]:
        for _ in range(2):
            yield context.request(**BODY, refusable=True)

    left = [200, 422]
    sender = Scripted(lambda request: answer(request, left.pop() if left else 200))
    offer = Scenario("t.offer", "test", function=flow, requests=(2, 2), offers="t")
    assert drive(planned(offer, simple("t.deep", needs=("t",))), sender).skipped == ()


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
    assert seen.skipped == (Skipped("a.broken", "m", reason, Cause.CRASHED),)
    assert seen.order.count("a.broken") == sent
    assert "a.good" in seen.order


def _errs_later(context: Context) -> Generator[Request, Exchange, None]:
    yield context.request(**BODY)
    yield context.request(json={"model": "$model", "messages": "Say hi."})


def test_a_later_request_that_is_wrong_by_mistake_is_not_sent() -> None:
    meant = replace(simple("a.meant", invalid="messages are missing"), template={"json": {"model": "$model"}})
    seen = drive(planned(Scenario("a.bad", "test", function=_errs_later, requests=(1, 2)), meant))
    assert sorted(seen.order) == ["a.bad", "a.meant"]
    assert [row.scenario for row in seen.skipped] == ["a.bad"]
    assert "its request is not valid: it breaks openai/request.chat.schema.json at /messages" in seen.skipped[0].reason


def test_a_cancellation_reaches_every_job() -> None:
    ended: list[int] = []

    async def hang(job: ScheduledScenario) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(job.index)

    async def run() -> None:
        entries = planned(*(simple(f"a.{n}") for n in range(9)))
        task = asyncio.create_task(run_schedule(Schedule(schedule_plan(entries), 3), hang))
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
    counted = count_tokens(answer(Request(body=b"{}"), status, body))
    assert counted == (len(body) // 4 if spent is None else spent)
