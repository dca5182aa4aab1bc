from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugin_samples import completion

from conformance.api.errors import ErrorResponse
from conformance.catalogue.suites import Suites
from conformance.checks.check import Check, check, check_of
from conformance.checks.expectations import broken
from conformance.checks.explanations import blame
from conformance.checks.outcomes import Blocked, Inconclusive, NotApplicable
from conformance.judging.folding import MAX_FINDINGS, Slot, judge_check
from conformance.model import (
    Cause,
    CheckResult,
    Exchange,
    Facet,
    Outcome,
    Read,
    Request,
    Unjudged,
    Unrecorded,
    Verdict,
    fold,
)

ERRORS = {
    "finding": broken("a", "b"),
    "assert": AssertionError("it does not hold\nand more"),
    "inconclusive": Inconclusive("the model balked"),
    "not-applicable": NotApplicable("nothing here"),
    "blocked": Blocked("no stream"),
    "blocked-by": Blocked("no stream", by="a.b"),
    "unrecorded": Unrecorded(Facet.READS),
    "crash": KeyError("gone"),
}


def saying(*words: str, **options: Any) -> Check:
    """A check that says these things of the exchanges in turn; `pass` returns."""
    left = list(words)

    @check("area.slug", **options)
    def judged(completion: object) -> None:
        word = left.pop(0)
        if word != "pass":
            raise ERRORS[word]

    found = check_of(judged)
    assert found is not None
    return found


def slot(count: int = 1, **more: Any) -> Slot:
    return Slot("sample", "m", [completion(str(number), "one", "m", **more) for number in range(1, count + 1)])


def judged(*words: str) -> CheckResult:
    return judge_check(saying(*words), slot(len(words)))


@pytest.mark.parametrize(
    ("words", "verdict", "reason", "count"),
    [
        pytest.param(("pass",), Verdict.PASS, "", 1, id="pass"),
        pytest.param(("finding", "pass"), Verdict.FAIL, "1 of 2 judged exchanges", 2, id="any-fail-fails"),
        pytest.param(("assert",), Verdict.FAIL, "1 of 1 judged exchanges", 1, id="plain-assert"),
        pytest.param(("inconclusive", "pass"), Verdict.PASS, "", 1, id="else-any-pass-passes"),
        pytest.param(
            ("not-applicable", "inconclusive"), Verdict.INCONCLUSIVE, "the model balked", 0, id="inconclusive"
        ),
        pytest.param(("not-applicable", "unrecorded"), Verdict.NOT_APPLICABLE, "nothing here", 0, id="not-applicable"),
        pytest.param(("unrecorded",), Verdict.NOT_RUN, "the recording does not hold reads", 0, id="unrecorded"),
        pytest.param(("blocked",), Verdict.NOT_RUN, "blocked: no stream (exchange 1)", 0, id="blocked"),
        pytest.param(
            ("unrecorded", "blocked"), Verdict.NOT_RUN, "blocked: no stream (exchange 2)", 0, id="blocked-goes-first"
        ),
        pytest.param(("crash", "pass"), Verdict.ERROR, "the check crashed", 1, id="crash-is-never-a-pass"),
        pytest.param(("crash", "finding"), Verdict.FAIL, "1 of 1 judged exchanges", 1, id="crash-beside-a-finding"),
    ],
)
def test_judgements_fold(words: tuple[str, ...], verdict: Verdict, reason: str, count: int) -> None:
    result = judged(*words)
    assert (result.verdict, result.reason, result.judged) == (verdict, reason, count)
    assert bool(result.crash) == ("crash" in words)


def test_findings_are_filed_under_their_exchange() -> None:
    result = judged("pass", "finding", "assert")
    assert [(one.exchange, one.expected, one.actual) for one in result.findings] == [
        ("2", "a", "b"),
        ("3", "the assertion holds", "it does not hold"),
    ]
    assert result.exchanges == ("1", "2", "3")


def test_findings_are_limited_and_all_are_counted() -> None:
    result = judged(*["finding"] * (MAX_FINDINGS + 5))
    assert (len(result.findings), result.judged) == (MAX_FINDINGS, MAX_FINDINGS + 5)


def test_an_empty_slot_is_not_run() -> None:
    result = judge_check(saying(), Slot("sample", "m", []))
    assert (result.verdict, result.reason) == (Verdict.NOT_RUN, "no exchange is about this")
    assert result.unjudged == Unjudged(Cause.NOTHING_SEEN)


@pytest.mark.parametrize(
    ("words", "unjudged"),
    [
        pytest.param(("pass",), None, id="pass"),
        pytest.param(("finding", "blocked"), None, id="fail"),
        pytest.param(("blocked",), Unjudged(Cause.BLOCKED, "", "1"), id="blocked"),
        pytest.param(("blocked-by",), Unjudged(Cause.BLOCKED, "a.b", "1"), id="blocked by a requirement"),
        pytest.param(("unrecorded", "blocked"), Unjudged(Cause.BLOCKED, "", "2"), id="blocked goes first"),
        pytest.param(("unrecorded",), Unjudged(Cause.FACET_LOST), id="facet lost"),
        pytest.param(("inconclusive",), Unjudged(Cause.UNDECIDED, "", "1"), id="undecided"),
        pytest.param(("not-applicable",), Unjudged(Cause.ABSENT), id="absent"),
        pytest.param(("crash",), Unjudged(Cause.CRASHED), id="crash"),
    ],
)
def test_why_nothing_was_judged_is_data(words: tuple[str, ...], unjudged: Unjudged | None) -> None:
    assert judged(*words).unjudged == unjudged


@pytest.mark.parametrize(
    ("body", "expects", "more", "by"),
    [
        pytest.param(b"<html>", "completion", {}, "chat.answered", id="no JSON"),
        pytest.param(b"{}", "completion", {"status": 500}, "chat.answered", id="500"),
        pytest.param(b"{}", "stream", {}, "stream.granted", id="no stream"),
        pytest.param(b"", "embeddings", {"status": 500}, "embeddings.answered", id="no embeddings"),
        pytest.param(b"", "models", {"status": 500}, "models.answered", id="no list"),
        pytest.param(b"", "response", {"status": 500}, "responses.answered", id="no response"),
        pytest.param(b"", "text_completion", {"status": 500}, "completions.answered", id="no text"),
        pytest.param(b"{}", "completion", {"outcome": Outcome.CUT_SHORT}, "transport.whole", id="cut"),
        pytest.param(b"", "metadata", {"status": 500}, "", id="nobody tells"),
    ],
)
def test_an_unusable_answer_is_blamed_on_the_row_that_tells_of_it(
    body: bytes, expects: str, more: dict[str, Any], by: str
) -> None:
    looking = replace(saying(), view=expects)
    result = judge_check(looking, slot(request=Request(expects=expects), raw=(Read(0.1, body),), **more))
    assert result.unjudged == Unjudged(Cause.BLOCKED, by, "1")


CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
HIDDEN = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"message":{"content":"a"}}]}\n\n'


@pytest.mark.parametrize(
    ("body", "outcome", "by"),
    [
        pytest.param(CHUNK, Outcome.CUT_SHORT, "stream.complete", id="cut"),
        pytest.param(CHUNK, Outcome.IDLE_TIMEOUT, "stream.stalled", id="stalled"),
        pytest.param(CHUNK + b'data: {"error":{"message":"no"}}\n\n', Outcome.COMPLETE, "stream.failed", id="failed"),
        pytest.param(CHUNK[:-1] + CHUNK, Outcome.COMPLETE, "stream.blank_line", id="joined"),
        pytest.param(CHUNK + b"data: {\n\n", Outcome.COMPLETE, "stream.data.json", id="no JSON"),
        pytest.param(HIDDEN, Outcome.COMPLETE, "stream.delta", id="message in place of delta"),
    ],
)
def test_what_a_broken_stream_hides_is_blamed_on_the_row_that_tells_of_it(
    body: bytes, outcome: Outcome, by: str
) -> None:
    held = slot(request=Request(expects="stream"), raw=(Read(0.1, body),), outcome=outcome)
    result = judge_check(replace(saying(), view="reply"), held)
    assert result.unjudged == Unjudged(Cause.BLOCKED, by, "1")


@pytest.mark.parametrize(
    ("body", "by"),
    [
        (b"no", "error.json"),
        (b'{"object": "error"}', "error.envelope"),
        (b'{"error": {"type": "x"}}', "error.message"),
        (b'{"error": {"message": "No.", "code": 4}}', "error.code"),
        (b'{"error": {"message": "Provider returned error", "code": null}}', "error.reason"),
        (b'{"error": {"message": "No such model.", "code": null}}', ""),
    ],
)
def test_what_an_error_lacks_is_blamed_on_the_row_that_tells_of_it(body: bytes, by: str) -> None:
    held = slot(request=Request(expects="error"), status=400, raw=(Read(0.1, body),))
    assert blame(ErrorResponse(held.exchanges[0])) == by


def test_every_row_that_is_blamed_exists() -> None:
    source = Path(inspect.getfile(blame)).read_text(encoding="utf-8")
    named = set(re.findall(r'"([a-z]+(?:\.[a-z_]+)+)"', source))
    assert len(named) > 15
    assert named <= set(Suites().catalogue.requirements)


@pytest.mark.parametrize(
    ("status", "body", "request_", "verdict", "words"),
    [
        pytest.param(429, b"{}", Request(), Verdict.INCONCLUSIVE, "HTTP 429", id="limited"),
        pytest.param(500, b"{}", Request(), Verdict.NOT_RUN, "blocked: exchange 1 holds no answer", id="failed"),
        pytest.param(400, b'{"error": {"message": "No."}}', Request(), Verdict.NOT_RUN, "blocked", id="refused"),
        pytest.param(
            400,
            b'{"error": {"message": "No."}}',
            Request(needs=("tools",)),
            Verdict.NOT_APPLICABLE,
            "not offered: HTTP 400: No. (#1)",
            id="refused-capability",
        ),
        pytest.param(
            400,
            b'{"error": {"message": "No."}}',
            Request(refusable=True),
            Verdict.NOT_APPLICABLE,
            "not offered: HTTP 400: No. (#1)",
            id="refusable",
        ),
        pytest.param(200, b"<html>", Request(), Verdict.NOT_RUN, "blocked", id="unreadable"),
    ],
)
def test_an_answer_that_is_none_is_not_judged(
    status: int, body: bytes, request_: Request, verdict: Verdict, words: str
) -> None:
    result = judge_check(saying(), slot(request=request_, status=status, raw=(Read(0.1, body),)))
    assert result.verdict is verdict
    assert words in result.reason


def test_a_check_may_ask_for_answers_that_are_none() -> None:
    result = judge_check(saying("finding", unusable=True), slot(status=500))
    assert result.verdict is Verdict.FAIL


def seen(exchanges: list[Exchange], **options: Any) -> tuple[str, ...]:
    """The exchanges that a check judges."""
    return judge_check(saying(*["pass"] * 9, **options), Slot("sample", "m", exchanges)).exchanges


def about_n(request: Request) -> bool:
    return bool(request.param("n", 1) > 1)


def test_a_check_sees_what_it_asks_for() -> None:
    plain = completion("1", "one", "m", scenario="a")
    two = completion("2", "one", "m", scenario="b", request=Request(body=b'{"n": 2}'))
    stopped = completion("3", "one", "m", scenario="c", outcome=Outcome.STOPPED)
    interrupted = completion("4", "one", "m", scenario="d", outcome=Outcome.INTERRUPTED)
    everything = [plain, two, stopped, interrupted]
    assert seen(everything) == ("1", "2")
    assert seen(everything, when=about_n) == ("2",)
    assert seen(everything, scenario="a") == ("1",)
    assert seen(everything, stopped=True, unusable=True) == ("1", "2", "3")


def test_only_the_last_attempt_is_judged() -> None:
    tries = [completion(str(number), "one", "m", scenario="a", attempt=number) for number in range(3)]
    assert seen(tries) == ("2",)


def test_recordings_judged_together_hide_nothing_of_each_other() -> None:
    both = [completion(f"{number}.1", "one", "m", scenario="a") for number in (1, 2)]
    assert seen(both) == ("1.1", "2.1")


def transcripts(exchanges: list[Exchange]) -> list[tuple[str, ...]]:
    """The transcripts that a check is given."""
    given = []

    @check("area.slug")
    def judged(transcript: Any) -> None:
        given.append(tuple(answer.exchange.id for answer in transcript.answers))

    found = check_of(judged)
    assert found is not None
    judge_check(found, Slot("sample", "", exchanges))
    return given


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"step": 1}, [("1", "2")], id="steps-of-one"),
        pytest.param({"sample": 1}, [("1",), ("2",)], id="samples"),
        pytest.param({"model": "other"}, [("1",), ("2",)], id="models"),
        pytest.param({"scenario": "b"}, [("1",), ("2",)], id="scenarios"),
    ],
)
def test_a_transcript_is_one_run_of_a_scenario(change: dict[str, Any], expected: list[tuple[str, ...]]) -> None:
    first = completion("1", "one", "m", scenario="a")
    assert transcripts([first, replace(first, id="2", **change)]) == expected


def test_context_is_handed_over() -> None:
    given = []

    def body(completion: Any, offers: Any) -> None:
        given.append((completion.exchange.id, offers))

    exchanges = [completion("1", "one", "m")]
    judge_check(
        Check("area.slug", body, "completion", ("offers",)), Slot("sample", "m", exchanges, {"offers": {"tools": 1}})
    )
    assert given == [("1", {"tools": 1})]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], Verdict.NOT_RUN),
        ([Verdict.NOT_RUN, Verdict.NOT_APPLICABLE], Verdict.NOT_APPLICABLE),
        ([Verdict.PASS, Verdict.ERROR], Verdict.ERROR),
        ([Verdict.ERROR, Verdict.FAIL], Verdict.FAIL),
    ],
    ids=["nothing", "not-applicable", "error", "fail"],
)
def test_verdicts_fold(verdicts: list[Verdict], expected: Verdict) -> None:
    assert fold(verdicts) is expected


@pytest.mark.parametrize("blocked", [False, True], ids=["trouble", "blocked"])
def test_of_several_exchanges_the_one_in_trouble_is_named_and_not_the_last(blocked: bool) -> None:
    @check("area.slug", scenario="two.steps", unusable=blocked)
    def steps(transcript: object) -> None:
        raise Blocked("the first step failed", by="a.b")

    found = check_of(steps)
    assert found is not None
    failed = completion("1", "one", "m", scenario="two.steps", step=0, status=500)
    after = completion("2", "two", "m", scenario="two.steps", step=1)
    result = judge_check(found, Slot("sample", "m", [failed, after]))
    assert (result.verdict, result.unjudged and result.unjudged.exchange) == (Verdict.NOT_RUN, "1")
    assert "exchange 1" in result.reason
