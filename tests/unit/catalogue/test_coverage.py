from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from conformance.catalogue.context import Context
from conformance.catalogue.coverage import cover, tags
from conformance.catalogue.scenario import Flow, Scenario
from conformance.model import Request, StopRule


@dataclass(frozen=True)
class Check:
    view: str = "completion"
    scenario: str | None = None
    when: Callable[[Request], bool] | None = None
    stopped: bool = False
    shown_by: tuple[str, ...] = ()
    requirement: str = "r.x"


def made(name: str, body: dict[str, object] | None = None, **keys: object) -> Scenario:
    return replace(Scenario(name, "P.", template={"json": body or {}}), **keys)  # type: ignore[arg-type]


def trip(context: Context) -> Flow:
    yield context.request(json={})


SCENARIOS = {
    one.name: one
    for one in (
        made("chat.basic"),
        made("chat.n", {"n": 2}),
        made("chat.tools", {"tools": [1], "n": 2}, needs=("tools",)),
        made("tools.offer", {"tools": [1]}, offers="tools"),
        made("stream.basic", {"stream": True}, expects="stream"),
        made("stream.abort", {"stream": True}, expects="stream", stop=StopRule(events=1)),
        made("bad.model", expects="error"),
        made("burst.x", expects="balance", opt_in="bursts"),
        Scenario("tools.trip", "P.", function=trip, needs=("tools",), requests=(2, 2)),
    )
}


def many(request: Request) -> bool:
    return bool(request.param("n", 1) > 1)


def many_with_tools(request: Request) -> bool:
    return many(request) and with_tools(request)


def with_tools(request: Request) -> bool:
    return request.param("tools") is not None


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        pytest.param([Check(scenario="bad.model")], {"bad.model"}, id="named"),
        pytest.param([Check(scenario="gone")], set(), id="named and not there"),
        pytest.param([Check()], {"chat.basic"}, id="without needs first"),
        pytest.param([Check(), Check(when=many)], {"chat.n"}, id="one shows both"),
        pytest.param([Check(when=many), Check("stream")], {"chat.n", "stream.basic"}, id="two kinds"),
        pytest.param([Check(when=with_tools)], {"tools.offer"}, id="the offer before what needs it"),
        pytest.param([Check("stream", stopped=True)], {"stream.abort"}, id="stopped ones when asked for"),
        pytest.param([Check("error")], {"bad.model"}, id="error"),
        pytest.param([Check("reply"), Check("stream")], {"stream.basic"}, id="a wider view"),
        pytest.param([Check("transcript")], {"tools.trip"}, id="transcript"),
        pytest.param([Check("run", when=many)], {"chat.n", "chat.tools"}, id="run needs all that fit"),
        pytest.param(
            [Check(when=many), Check(when=many_with_tools)],
            {"chat.n", "chat.tools"},
            id="what a missing capability can hide is not enough",
        ),
        pytest.param([Check("balance")], set(), id="opt-in is never chosen"),
        pytest.param([Check(scenario="chat.n"), Check()], {"chat.n"}, id="named ones count"),
    ],
)
def test_a_small_set_shows_every_check_something(checks: list[Check], expected: set[str]) -> None:
    assert cover(checks, SCENARIOS, Context("m")) == expected


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        pytest.param(Check(), frozenset(), id="nothing in common"),
        pytest.param(Check(when=with_tools), {"cap:tools"}, id="all about tools"),
        pytest.param(Check(scenario="tools.trip"), {"cap:tools"}, id="named"),
        pytest.param(Check("balance"), {"opt:bursts", "opt:burst.x"}, id="opt-in"),
    ],
)
def test_tags(check: Check, expected: set[str]) -> None:
    assert tags([check], SCENARIOS, Context("m")) == {"r.x": expected}


def test_a_check_may_say_what_is_enough_to_show_it() -> None:
    over_all = Check(view="run")
    told = Check(view="run", shown_by=("chat.basic", "no.such"))
    assert cover([told], SCENARIOS, Context(model="m")) == {"chat.basic"}
    assert len(cover([over_all], SCENARIOS, Context(model="m"))) > 1
