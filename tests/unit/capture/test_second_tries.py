"""What broke is sent once more, alone and within bounds; and whether it was our own machine that was away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Generator

import pytest
from capture_samples import CHAT
from lanes_samples import BODY, Memory, Scripted, answer, planned, simple

from conformance.capture.budget import Budget, Pace
from conformance.capture.driver import Driver
from conformance.capture.heartbeat import Heartbeat
from conformance.capture.lanes import Schedule, run_schedule, schedule_plan
from conformance.capture.progress import Silent
from conformance.capture.second_tries import Repeater
from conformance.capture.sender import RecordedSender
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import Scenario
from conformance.inputs.endpoint import Limits
from conformance.model import Exchange, Outcome, Request, Skipped
from conformance.planning.plan import Planned

GOOD = json.dumps(CHAT | {"usage": {"total_tokens": 1}}).encode()


def good(request: Request) -> Exchange:
    return answer(request, 200, GOOD)


def failing(*numbers: int, **fields: object) -> Callable[[Request], Exchange]:
    """Answers that fail by their number, counted from 1; all of them where none is given."""
    count = 0

    def answers(request: Request) -> Exchange:
        nonlocal count
        count += 1
        bad = not numbers or count in numbers
        return answer(request, **({"status": 500, "body": b""} | fields)) if bad else good(request)  # type: ignore[arg-type]

    return answers


def sent(
    entries: list[Planned],
    answers: Callable[[Request], Exchange],
    *,
    most: int = 40,
    concurrency: int = 8,
    requests: int = 99,
) -> tuple[list[Exchange], tuple[Skipped, ...]]:
    """What is recorded of a plan and of its second tries."""

    async def run() -> tuple[list[Exchange], tuple[Skipped, ...]]:
        async def sleep(_: float) -> None:
            await asyncio.sleep(0)

        writer, limits = Memory(), Limits(requests=requests)
        line = RecordedSender(Scripted(answers), Budget(limits), Pace(None), Silent(), sleep)
        line.open(writer)
        driver = Driver(line, Context, Silent())
        await run_schedule(Schedule(schedule_plan(entries), concurrency), driver.run)
        await Repeater(driver, most, Silent()).run()
        return writer.exchanges, driver.skipped

    return asyncio.run(run())


def many(count: int) -> list[Planned]:
    return planned(*(simple(f"a.n{n}") for n in range(count)))


def test_nothing_is_sent_again_where_nothing_broke() -> None:
    exchanges, _ = sent(many(5), good)
    assert [one.repeats for one in exchanges] == [""] * 5
    assert min(one.beside for one in exchanges) > 0


def test_what_broke_beside_others_is_sent_again_at_the_end_and_alone() -> None:
    exchanges, _ = sent(many(4), failing(2))
    broken = exchanges[1]
    assert (len(exchanges), broken.status) == (5, 500)
    again = exchanges[4]
    assert (again.scenario, again.repeats, again.beside, again.status) == (broken.scenario, broken.id, 0, 200)


@pytest.mark.parametrize(
    ("fields", "sent_again"),
    [
        ({"status": 500}, False),
        ({"status": None, "outcome": Outcome.FIRST_BYTE_TIMEOUT}, True),
        ({"status": 200, "outcome": Outcome.CUT_SHORT}, False),
    ],
    ids=["failed", "stalled", "cut"],
)
def test_what_broke_alone_is_sent_again_only_where_it_stalled(fields: dict[str, object], *, sent_again: bool) -> None:
    exchanges, _ = sent(many(1), failing(1, **fields))
    assert len(exchanges) == 1 + sent_again


@pytest.mark.parametrize("fields", [{"expects": "error"}, {"invalid": "no messages"}], ids=["error", "invalid"])
def test_a_failure_in_answer_to_a_wrong_request_is_an_answer(fields: dict[str, object]) -> None:
    entries = planned(*(simple(f"a.n{n}", **fields) for n in range(3)))
    assert len(sent(entries, failing())[0]) == 3


def test_a_kind_that_is_broken_alone_too_is_given_up() -> None:
    exchanges, _ = sent(many(9), failing())
    assert [bool(one.repeats) for one in exchanges] == [False] * 9 + [True] * 3


def test_a_kind_of_which_one_is_right_is_not() -> None:
    exchanges, _ = sent(many(8), failing(*range(1, 9), 9, 10, 12, 13, 14))
    assert sum(bool(one.repeats) for one in exchanges) == 8


def test_the_number_of_repetitions_is_bounded() -> None:
    exchanges, _ = sent(many(9), failing(*range(1, 10)), most=4)
    assert sum(bool(one.repeats) for one in exchanges) == 4


def test_repetitions_count_in_the_budget() -> None:
    exchanges, skipped = sent(many(4), failing(1, 2), requests=5)
    assert len(exchanges) == 5
    assert [row.reason for row in skipped] == ["over budget: 5 of 5 requests were sent"]


def test_of_a_conversation_every_step_is_sent_again() -> None:
    def talk(context: Context) -> Generator[Request, Exchange, None]:
        first = yield context.request(**BODY)
        if first.ok:
            yield context.request(**BODY)

    talking = Scenario("a.talk", "test", function=talk, requests=(1, 2))
    exchanges, _ = sent(planned(talking, simple("a.one")), failing(1))
    again = [(one.step, one.repeats) for one in exchanges if one.repeats]
    broken = next(one.id for one in exchanges if one.status == 500)
    assert again == [(0, broken), (1, broken)]


# --- our own machine --------------------------------------------------------------------------------------------------


class Clocks:
    """Two clocks, moved by hand."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 100.0, 1_700_000_000.0

    def pass_by(self, seconds: float, *, asleep: float = 0.0) -> None:
        """Let time pass; of `asleep` the monotonic clock knows nothing."""
        self.monotonic += seconds
        self.wall += seconds + asleep


def beating(clocks: Clocks) -> Heartbeat:
    """A heart that has just beaten."""
    heart = Heartbeat(lambda: clocks.monotonic, lambda: clocks.wall)

    async def beat_once() -> None:
        task = asyncio.ensure_future(heart.beat())
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(beat_once())
    return heart


def test_a_machine_that_is_awake_misses_nothing() -> None:
    clocks = Clocks()
    heart = beating(clocks)
    clocks.pass_by(0.9)
    assert heart.missed_since(100.0) == 0


@pytest.mark.parametrize(
    ("passed", "asleep", "missed"),
    [(20.25, 0.0, 20.0), (0.25, 3600.0, 3600.0), (0.25, -3600.0, 0.0)],
    ids=["late", "asleep", "the wall clock was put back"],
)
def test_a_late_beat_and_a_sleeping_machine_are_told_apart_from_silence(
    passed: float, asleep: float, missed: float
) -> None:
    clocks = Clocks()
    heart = beating(clocks)
    clocks.pass_by(passed, asleep=asleep)
    assert heart.missed_since(100.0) == missed
    assert heart.missed_since(100.0) == missed, "asking twice counts once"
    assert heart.missed_since(heart.now) == 0


def test_an_event_loop_that_is_held_up_is_noted_with_what_was_under_way() -> None:
    def late(request: Request) -> Exchange:
        time.sleep(1.6)
        return answer(request, 200, GOOD)

    async def run() -> list[Exchange]:
        writer = Memory()
        line = RecordedSender(Scripted(late), Budget(Limits()), Pace(None), Silent(), asyncio.sleep)
        line.open(writer)
        beat = asyncio.ensure_future(line.heartbeat.beat())
        await asyncio.sleep(0)
        await Driver(line, Context, Silent()).run(schedule_plan(planned(simple("a.one")))[0])
        beat.cancel()
        return writer.exchanges

    (one,) = asyncio.run(run())
    assert one.paused > 1
    assert one.outcome is Outcome.COMPLETE
