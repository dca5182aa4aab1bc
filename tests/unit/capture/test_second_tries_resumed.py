"""A capture that was broken off among its second tries is gone on with: none is lost, and none is sent twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from capture_samples import CHAT, Memory, models, no_sleep
from lanes_samples import BODY

from conformance.capture import CaptureResult, Earlier, Settings, capture
from conformance.catalogue.scenario import Scenario
from conformance.inputs.endpoint import Endpoint
from conformance.model import Exchange, Header, Outcome, Read, Recording, Request
from conformance.planning.plan import Plan, Planned
from conformance.planning.pricing import Price

COUNT = 6
SCENARIOS = [Scenario(f"chat.n{n}", "test", template={"json": {**BODY["json"], "user": f"n{n}"}}) for n in range(COUNT)]
PLAN = Plan(
    Endpoint("test", "http://test/v1", models=("m",)),
    tuple(Planned(scenario, "m", 1, 0) for scenario in SCENARIOS),
    maximum=Price(24),
)


class Crowded:
    """Fails while others are under way, the first `until` times."""

    def __init__(self, until: int = 3) -> None:
        self.left, self.flights = until, 0
        self.asked: list[str] = []

    async def send(self, request: Request) -> Exchange:
        self.flights += 1
        await asyncio.sleep(0.01)
        crowded = self.flights > 1 and self.left > 0
        self.left -= crowded
        await asyncio.sleep(0.01)
        self.flights -= 1
        self.asked.append(str(request.param("user", "probe")))
        body = models("m")[1] if request.path == "/models" else CHAT
        raw = (Read(0.1, json.dumps(body).encode()),)
        return Exchange("", request, "http://test", status=500 if crowded else 200, raw=() if crowded else raw)

    async def aclose(self) -> None:
        """Nothing is open."""


def captured(sender: Crowded, earlier: Earlier | None = None) -> tuple[Memory, CaptureResult]:
    writer = Memory()
    return writer, capture(PLAN, writer.open, settings=Settings(sender=sender, sleep=no_sleep, earlier=earlier))


def kept(recording: Recording, writer: Memory) -> Earlier:
    """The recording, to be gone on with in `writer`."""

    def reopen(header: Header, ids: frozenset[str]) -> Memory:
        writer.exchanges = [one for one in recording.exchanges if one.id in ids]
        return writer.open(header)

    return Earlier(recording, reopen)


def test_repetitions_are_the_last_of_a_capture_and_say_what_they_repeat() -> None:
    writer, _ = captured(Crowded())
    broken = {one.id: one.scenario for one in writer.exchanges if one.status == 500}
    again = {one.repeats: one.scenario for one in writer.exchanges[-3:]}
    assert len(broken) == 3
    assert broken == again
    assert len(writer.exchanges) == 2 + COUNT + 3


@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_repetitions_that_are_there_are_not_sent_again(left: int) -> None:
    writer, result = captured(Crowded())
    whole = writer.exchanges
    begun = Recording(result.header, tuple(whole[: len(whole) - left]))
    again, sender = Memory(), Crowded(until=0)
    captured(sender, kept(begun, again))
    assert sorted(sender.asked) == sorted(str(one.request.param("user")) for one in whole[len(whole) - left :])
    assert [(one.scenario, one.repeats) for one in again.exchanges] == [(one.scenario, one.repeats) for one in whole]
    assert again.footer is not None


def test_a_repetition_that_was_cut_is_sent_anew() -> None:
    writer, result = captured(Crowded())
    last = replace(writer.exchanges[-1], outcome=Outcome.INTERRUPTED)
    begun = Recording(result.header, (*writer.exchanges[:-1], last))
    again, sender = Memory(), Crowded(until=0)
    captured(sender, kept(begun, again))
    assert sender.asked == [str(last.request.param("user"))]
    assert sum(bool(one.repeats) for one in again.exchanges) == 3
