from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from conformance.checks.check import check, check_of
from conformance.checks.expectations import (
    applicable,
    broken,
    conclusive,
    expect,
    expect_each,
    gather,
    shown,
    unblocked,
)
from conformance.checks.outcomes import Blocked, Broken, Inconclusive, NotApplicable
from conformance.model import Finding
from conformance.model.location import Location


class Word(Enum):
    DONE = "[DONE] once and last"
    CUT = "cut short"


def findings(judge: Callable[[], object]) -> list[tuple[str, str]]:
    """Expected and actual of each finding that a judgement raises."""
    try:
        judge()
    except Broken as error:
        return [(one.expected, one.actual) for one in error.findings]
    return []


@pytest.mark.parametrize(
    ("judge", "expected"),
    [
        pytest.param(lambda: expect(1).equals(1), [], id="equal"),
        pytest.param(lambda: expect(1).equals(2), [("2", "1")], id="unequal"),
        pytest.param(lambda: expect(1).equals(True), [("true", "1")], id="one-is-not-true"),
        pytest.param(lambda: expect(1.0).equals(1), [("1", "1.0")], id="float-is-no-integer"),
        pytest.param(lambda: expect(None).equals("a"), [('"a"', "null")], id="null"),
        pytest.param(
            lambda: expect(Word.CUT).equals(Word.DONE), [("[DONE] once and last", "cut short")], id="words-of-an-enum"
        ),
        pytest.param(lambda: expect(3, what="total").equals(4), [("total: 4", "3")], id="named"),
        pytest.param(lambda: expect("a").is_in(["a", "b"]), [], id="in"),
        pytest.param(lambda: expect("c").is_in(["a", "b"]), [('one of "a", "b"', '"c"')], id="not-in"),
        pytest.param(lambda: expect(True).is_in([1]), [("one of 1", "true")], id="true-is-not-in-one"),
        pytest.param(lambda: expect("c").is_in(["a"], "a letter"), [("a letter", '"c"')], id="not-in-words"),
        pytest.param(lambda: expect([1]).is_true("something"), [], id="true"),
        pytest.param(lambda: expect([]).is_true("something", "nothing"), [("something", "nothing")], id="untrue"),
        pytest.param(lambda: expect(2).is_a(int), [], id="integer"),
        pytest.param(lambda: expect(True).is_a(int), [("an integer", "true")], id="boolean-is-no-integer"),
        pytest.param(lambda: expect(True).is_a(bool), [], id="boolean"),
        pytest.param(lambda: expect("2").is_a(int), [("an integer", 'a string: "2"')], id="string-is-no-integer"),
        pytest.param(lambda: expect(2).at_most(2), [], id="at-most"),
        pytest.param(lambda: expect(3).at_most(2), [("at most 2", "3")], id="above"),
        pytest.param(lambda: expect({"a": None}).has("a"), [], id="has-null"),
        pytest.param(lambda: expect({"a": 1}).has("a", "b"), [("members a, b", "no b")], id="has-not"),
    ],
)
def test_expectations(judge: Callable[[], object], expected: list[tuple[str, str]]) -> None:
    assert findings(judge) == expected


@pytest.mark.parametrize(
    ("at", "place"),
    [(Location.at("/id"), ("/id", None)), (Location.event(3, (10, 20)), ("event 3", (10, 20)))],
    ids=["words", "place"],
)
def test_a_finding_says_where(at: Location, place: tuple[str, object]) -> None:
    with pytest.raises(Broken) as caught:
        expect(1, at=at).equals(2)
    (finding,) = caught.value.findings
    assert (finding.at, finding.span) == place
    assert str(caught.value) == "expected 2, got 1"


def test_a_finding_in_words_may_name_its_exchange() -> None:
    assert broken("a", "b", Location.status(), "why", exchange="7").findings == (
        Finding("a", "b", Location.status(), "7", "why"),
    )


def test_gather_reports_all_that_is_wrong() -> None:
    def judge() -> None:
        expect_each(
            [(1, Location.at("/0")), (2, Location.at("/1")), (3, Location.at("/2"))],
            lambda one: one.equals(2),
            "nothing",
        )

    assert findings(judge) == [("2", "1"), ("2", "3")]


def test_gather_lets_other_exceptions_through() -> None:
    with pytest.raises(KeyError), gather() as found, found.each():
        raise KeyError


def test_nothing_to_judge_is_not_applicable() -> None:
    with pytest.raises(NotApplicable, match="an empty list"):
        expect_each([], lambda one: one.equals(1), "an empty list")


@pytest.mark.parametrize(
    ("require", "error"), [(applicable, NotApplicable), (conclusive, Inconclusive), (unblocked, Blocked)]
)
def test_conditions_raise_what_they_are_named_after(require: Callable[..., None], error: type[Exception]) -> None:
    require([1], "not raised")
    with pytest.raises(error, match="the reason"):
        require([], "the reason")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ö", '"ö"'),
        (None, "null"),
        (Word.DONE, "[DONE] once and last"),
        ({1}, "{1}"),
        ("x" * 300, '"' + "x" * 199 + "…"),
    ],
    ids=["text", "null", "enum", "no-json", "long"],
)
def test_values_are_shown_as_people_read_json(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_check_knows_its_view_and_context() -> None:
    @check("area.slug", scenario="a.b", stopped=True, unusable=True)
    def judged(profile: object, stream: object) -> None: ...

    found = check_of(judged)
    assert found is not None
    assert (found.requirement, found.view, found.context, found.scenario) == (
        "area.slug",
        "stream",
        ("profile",),
        "a.b",
    )
    assert (found.stopped, found.unusable, found.takes_view) == (True, True, True)


def test_a_check_without_a_view_runs_once_per_slot() -> None:
    @check("area.slug")
    def judged(offers: object) -> None: ...

    found = check_of(judged)
    assert found is not None
    assert (found.view, found.takes_view) == ("run", False)


def nothing() -> None: ...


def two(stream: object, completion: object) -> None: ...


def strange(stream: object, tmp_path: object) -> None: ...


@pytest.mark.parametrize("function", [nothing, two, strange], ids=lambda one: one.__name__)
def test_a_check_must_ask_for_one_view(function: Callable[..., None]) -> None:
    with pytest.raises(TypeError, match=f"{function.__name__} must ask for exactly one view"):
        check("area.slug")(function)


@pytest.mark.parametrize("thing", [nothing, None, 3], ids=["function", "none", "number"])
def test_other_things_are_no_checks(thing: object) -> None:
    assert check_of(thing) is None
