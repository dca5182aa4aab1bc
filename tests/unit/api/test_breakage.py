"""Which answers broke on their way, and what their repetitions say of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from exchanges import ask, chunk, completion, exchange, sse, typed

from conformance.api.breakage import Breakage, breakage_of, is_due_again
from conformance.api.second_tries import find_second_tries
from conformance.model import Exchange, Outcome

WHOLE = sse(chunk({"content": "hi"}), chunk({}, "stop"))
ABANDONED = sse(chunk({"content": "hi"}))
UNENDED = WHOLE.removesuffix(b"data: [DONE]\n\n")
RESPONSE = {"path": "/responses"}


def plain(answer: Any = None, expects: str = "completion", **more: Any) -> Exchange:
    return exchange(ask(), completion("hi") if answer is None else answer, expects, **more)


def streamed(answer: bytes = WHOLE, **more: Any) -> Exchange:
    return exchange(ask(stream=True), answer, "stream", **more)


@pytest.mark.parametrize(
    "one",
    [
        plain(),
        plain(b'{"error": {"message": "no"}}', status=400),
        plain(b'{"error": {"message": "slow down"}}', status=429),
        plain(b'{"error": {"message": "overloaded"}}', status=503),
        plain(b"", status=500, request={"invalid": "no messages"}),
        plain(b"", outcome=Outcome.STOPPED),
        plain(b"", status=None, outcome=Outcome.REFUSED),
        plain(b"", outcome=Outcome.BYTE_LIMIT),
        streamed(),
        streamed(UNENDED),
        streamed(outcome=Outcome.IDLE_TIMEOUT),
        streamed(outcome=Outcome.CUT_SHORT),
        exchange(ask(), typed({"type": "response.completed"}) + b"data: [DONE]\n\n", "response_stream", **RESPONSE),
    ],
    ids=[
        "whole", "refused", "limited", "overloaded", "wrong error", "stopped", "undelivered", "too long", "stream",
        "no [DONE]", "left open after [DONE]", "cut after [DONE]", "response",
    ],
)  # fmt: skip
def test_what_came_to_its_end_is_not_broken(one: Exchange) -> None:
    assert breakage_of(one) is None


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (plain(b"", status=500), Breakage.ANSWER),
        (plain(b'{"id": "ch', outcome=Outcome.CUT_SHORT), Breakage.ANSWER),
        (plain(b'{"id": "ch'), Breakage.ANSWER),
        (plain(b"", status=None, outcome=Outcome.NO_ANSWER, attempt=1), Breakage.ANSWER),
        (streamed(b"", status=502), Breakage.ANSWER),
        (streamed(ABANDONED), Breakage.STREAM),
        (streamed(UNENDED, outcome=Outcome.CUT_SHORT), Breakage.STREAM),
        (streamed(b""), Breakage.STREAM),
        (exchange(ask(), typed({"type": "response.created"}), "response_stream", **RESPONSE), Breakage.STREAM),
        (exchange(ask(), b"data: [DONE]\n\n", "text_stream", path="/completions"), Breakage.STREAM),
        (plain(b"", status=None, outcome=Outcome.FIRST_BYTE_TIMEOUT), Breakage.STALLED),
        (plain(b"", "error", status=None, outcome=Outcome.FIRST_BYTE_TIMEOUT), Breakage.STALLED),
        (streamed(UNENDED, outcome=Outcome.IDLE_TIMEOUT), Breakage.STALLED),
        (streamed(ABANDONED, outcome=Outcome.TOTAL_TIMEOUT), Breakage.STALLED),
    ],
)
def test_what_did_not_is(one: Exchange, kind: Breakage) -> None:
    assert breakage_of(one) is kind


def test_what_broke_alone_is_asked_for_again_only_where_it_stalled_or_our_machine_was_away() -> None:
    assert not is_due_again(streamed(ABANDONED))
    assert is_due_again(streamed(ABANDONED, beside=1))
    assert is_due_again(streamed(ABANDONED, paused=30.0, ended_at=40.0))
    assert not is_due_again(streamed(ABANDONED, paused=1.5, ended_at=40.0)), "that is no reason to break"
    assert is_due_again(plain(b"", status=None, outcome=Outcome.FIRST_BYTE_TIMEOUT))
    assert not is_due_again(plain(beside=7))


# --- repetitions ------------------------------------------------------------------------------------------------------


def run(id_: str, answer: bytes = ABANDONED, scenario: str = "stream.a", **more: Any) -> Exchange:
    return streamed(answer, id=id_, scenario=scenario, beside=0 if more.get("repeats") else 3, **more)


def test_without_repetitions_nothing_is_set_aside() -> None:
    assert find_second_tries([run("1"), run("2", WHOLE, "stream.b")]).aside == frozenset()


def test_a_right_repetition_sets_the_broken_answer_aside_and_tells_of_it() -> None:
    tries = find_second_tries([run("1"), run("2", WHOLE, "stream.b"), run("3", WHOLE, repeats="1")])
    assert tries.aside == {"1"}
    assert [(back.kind, back.first.id, back.again and back.again.id) for back in tries.setbacks] == [
        (Breakage.STREAM, "1", "3")
    ]


def test_a_broken_repetition_is_judged_in_place_of_the_first_and_tells_nothing() -> None:
    tries = find_second_tries([run("1"), run("2", repeats="1")])
    assert (tries.aside, tries.setbacks) == ({"1"}, ())


def test_what_was_not_asked_for_again_goes_with_its_kind() -> None:
    stalled = plain(b"", id="3", status=None, outcome=Outcome.FIRST_BYTE_TIMEOUT, scenario="chat.c")
    tries = find_second_tries([run("1"), run("2", scenario="stream.b"), stalled, run("4", WHOLE, repeats="1")])
    assert tries.aside == {"1", "2"}
    assert [back.first.id for back in tries.setbacks] == ["1", "2"]
    assert tries.unrepeated == {"2": Breakage.STREAM}


def test_of_a_conversation_the_whole_run_is_set_aside() -> None:
    steps = [run("1", WHOLE), run("2", step=1), run("3", WHOLE, repeats="1"), run("4", WHOLE, repeats="2", step=1)]
    tries = find_second_tries([*steps, run("5", WHOLE, repeats="2", step=2)])
    assert tries.aside == {"1", "2"}
    assert [(back.first.id, back.again and back.again.id) for back in tries.setbacks] == [("2", "4")]


@pytest.mark.parametrize("answer", [b"", b'{"error": {"message": "slow down"}}'], ids=["nobody", "limited"])
def test_a_repetition_that_is_no_answer_clears_nobody(answer: bytes) -> None:
    again = plain(answer, id="2", scenario="stream.a", repeats="1", status=429 if answer else None)
    again = again if answer else replace(again, outcome=Outcome.REFUSED)
    tries = find_second_tries([run("1"), again])
    assert (tries.aside, tries.setbacks) == ({"1"}, ())


def test_our_own_silence_is_nobodys_setback() -> None:
    asleep = {"outcome": Outcome.IDLE_TIMEOUT, "paused": 600.0, "ended_at": 31.0}
    again = find_second_tries([run("1", UNENDED, **asleep), run("2", WHOLE, repeats="1")])
    assert (again.aside, again.setbacks, again.unrepeated) == ({"1"}, (), {})
    never = find_second_tries([run("1", UNENDED, **asleep)])
    assert (never.aside, never.setbacks, never.unrepeated) == ({"1"}, (), {"1": None})
    twice = find_second_tries([run("1", UNENDED, **asleep), run("2", UNENDED, repeats="1", **asleep)])
    assert (twice.aside, twice.setbacks, twice.unrepeated) == ({"1", "2"}, (), {"2": None})


def test_what_our_own_silence_did_not_break_is_judged() -> None:
    assert find_second_tries([run("1", WHOLE, paused=600.0, ended_at=31.0)]).aside == frozenset()


def test_the_same_request_of_another_model_is_another_run() -> None:
    other = replace(run("1"), request=replace(run("1").request, body=json.dumps(ask()).encode()), model="n")
    tries = find_second_tries([other, run("2"), run("3", WHOLE, repeats="2")])
    assert {back.first.id for back in tries.setbacks} == {"1", "2"}
