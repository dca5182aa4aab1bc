"""Silences that are nobody's fault: our machine was away, others ran beside it, the model had nothing to say."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from campaign import bench
from exchanges import ask, chunk, completion, counts, exchange, sse, verdict

from conformance.catalogue.suites import Suites
from conformance.judging.session import JudgingSession
from conformance.judging.slots import Material
from conformance.model import Cause, CheckResult, Exchange, Footer, Header, Outcome, Read, Recording, Verdict
from conformance.recording.format import decode_line, encode

COUNTED = sse(*(chunk({"content": f"{n}, "}) for n in range(12)), chunk({}, "stop"))


def at_once(paused: float) -> Exchange:
    """A stream that came in one piece after a long silence."""
    one = exchange(ask(stream=True), COUNTED, "stream", ended_at=20.0, paused=paused)
    return replace(one, raw=(Read(20.0, COUNTED),))


def left_open(paused: float) -> Exchange:
    return exchange(ask(stream=True), COUNTED, "stream", outcome=Outcome.IDLE_TIMEOUT, ended_at=31.0, paused=paused)


def test_a_burst_after_our_own_pause_is_no_burst_of_the_server() -> None:
    assert verdict("stream.incremental", at_once(0.0)) == "fail"
    assert verdict("stream.incremental", at_once(18.0)) == "inconclusive"


def test_a_connection_that_stayed_open_while_we_slept_was_not_left_open() -> None:
    assert verdict("stream.closed", left_open(0.0)) == "fail"
    assert verdict("stream.closed", left_open(29.0)) == "inconclusive"


def recorded(*exchanges: Exchange) -> Recording:
    return Recording(Header("host", "https://host.example/v1", models=("m",)), exchanges, Footer())


def judged(requirement: str, *exchanges: Exchange) -> CheckResult:
    suites: Suites = bench().suites
    session = JudgingSession(suites, recordings=("given",))  # type: ignore[arg-type]
    session.__dict__["material"] = session.material_of([recorded(*exchanges)])
    row = suites.catalogue.requirements[requirement]
    return session.judge(row, session.slot_names(row)[0])


def stalled(id_: str, scenario: str = "chat.basic", **more: object) -> Exchange:
    cut = json.dumps(completion("hi")).encode()[:20]
    return exchange(ask(), cut, id=id_, scenario=scenario, outcome=Outcome.IDLE_TIMEOUT, ended_at=31.0, **more)


def test_an_answer_that_broke_while_we_slept_is_judged_by_nothing() -> None:
    seen = judged("chat.answered", stalled("1", paused=600.0))
    assert (seen.verdict, seen.unjudged and seen.unjudged.cause) == (Verdict.INCONCLUSIVE, Cause.UNDECIDED)
    assert "our own machine was away for 600.0 s of exchange 1" in seen.reason
    assert judged("transport.whole", stalled("1", paused=600.0)).verdict is Verdict.INCONCLUSIVE
    assert judged("transport.whole", stalled("1")).verdict is Verdict.FAIL


def test_an_answer_that_was_not_asked_for_again_names_the_row_that_is_in_the_way() -> None:
    whole = exchange(ask(), completion("hi"), id="3", scenario="chat.basic", repeats="2")
    given = (stalled("1", "chat.max_tokens"), stalled("2"), whole)
    seen = judged("chat.max_tokens.accepted", *given)
    assert (seen.verdict, seen.unjudged and seen.unjudged.by) == (Verdict.NOT_RUN, "transport.stalls")
    assert judged("transport.stalls", *given).verdict is Verdict.FAIL


def test_a_stall_is_one_finding_however_many_it_held_up() -> None:
    first = [stalled(str(n), f"chat.n{n}") for n in range(1, 11)]
    again = [
        exchange(ask(), completion("hi"), id=str(n + 20), scenario=f"chat.n{n}", repeats=str(n)) for n in range(1, 5)
    ]
    seen = judged("transport.stalls", *first, *again)
    assert len(seen.findings) == 1
    assert seen.findings[0].actual.startswith("10 of the requests had no whole answer in time (idle timeout 10 times)")
    assert "1 again as 21, 2 again as 22, 3 again as 23 and 1 more" in seen.findings[0].actual
    assert judged("transport.whole", *first, *again).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("content", "made", "finish", "said"),
    [("", 1, "stop", "inconclusive"), ("", 0, "stop", "inconclusive"), ("", 9, "stop", "fail"),
     ("", 1, "length", "fail"), ("hi", 2, "stop", "pass")],
    ids=["ended at once", "its end is not counted", "what was made is gone", "cut to nothing", "answered"],
)  # fmt: skip
def test_a_model_that_ends_at_once_says_nothing_of_a_huge_limit(
    content: str, made: int, finish: str, said: str
) -> None:
    answer = completion(content, usage=counts(9, made), finish=finish)
    one = exchange(ask(max_tokens=10**9), answer, scenario="sampling.limit.huge")
    assert verdict("sampling.limit.huge", one) == said


def test_repetitions_are_found_where_several_recordings_are_judged_together() -> None:
    whole = exchange(ask(), completion("hi"), id="2", scenario="chat.basic", repeats="1")
    material = Material([recorded(stalled("1"), whole), recorded(replace(whole, id="1", repeats=""))], bench().suites)
    assert [tries.aside for tries in material.second_tries] == [{"1.1"}, frozenset()]
    backs = [back for tries in material.second_tries for back in tries.setbacks]
    assert [(back.first.id, back.again and back.again.id) for back in backs] == [("1.1", "1.2")]
    assert [one.id for one in material.endpoints["host"]] == ["1.2", "2.1"]


def test_a_recording_keeps_what_was_under_way_beside_and_what_is_repeated() -> None:
    one = exchange(ask(), completion("hi"), id="2", beside=7, repeats="1", paused=2.5, source="")
    told = json.loads(encode(one))
    assert (told["beside"], told["repeats"], told["paused"]) == (7, "1", 2.5)
    assert decode_line(encode(one)) == one
