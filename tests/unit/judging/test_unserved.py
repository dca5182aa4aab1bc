"""What fails because no request of its kind is answered at all is blamed on the row that tells of that, and once."""

from __future__ import annotations

import json

import pytest

from conformance.checks.check import Check, check, check_of
from conformance.checks.expectations import broken
from conformance.judging.folding import Slot, judge_check
from conformance.judging.unserved import unserved_kinds
from conformance.model import Cause, Exchange, Read, Request, Unjudged, Verdict
from conformance.model.location import Location


def asked(number: int, status: int = 500, *, stream: bool = True, **more: object) -> Exchange:
    """A chat request and the status of its answer."""
    request = Request(
        method="POST",
        path="/chat/completions",
        body=json.dumps({"model": "m", "messages": [], "stream": stream}).encode(),
        expects="stream" if stream else "completion",
        **more,  # type: ignore[arg-type]
    )
    return Exchange(
        id=str(number), request=request, url="http://h/v1", status=status, model="m", raw=(Read(0.1, b"{}"),)
    )


def failing(at: Location, requirement: str = "area.slug") -> Check:
    """A check that finds something wrong at this place of every answer."""

    @check(requirement, unusable=True)
    def fails(answer: object) -> None:
        raise broken("HTTP 200 with stop", "HTTP 500", at)

    found = check_of(fails)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("exchanges", "kinds"),
    [
        pytest.param([asked(1), asked(2)], {("stream", True)}, id="none answered"),
        pytest.param([asked(1), asked(2, 200)], set(), id="one answered"),
        pytest.param([asked(1), asked(2, 200, stream=False)], {("stream", True)}, id="another kind answered"),
        pytest.param([asked(1, needs=("tools",)), asked(2, refusable=True)], set(), id="no plain request"),
        pytest.param([asked(1, 429), asked(2, 401)], set(), id="limits and keys tell nothing"),
    ],
)
def test_a_kind_is_unserved_where_no_plain_request_of_it_was_answered(
    exchanges: list[Exchange], kinds: set[tuple[str, bool]]
) -> None:
    assert unserved_kinds(exchanges) == kinds


def test_what_fails_with_its_whole_kind_is_blocked_by_the_row_of_the_kind() -> None:
    result = judge_check(failing(Location.status()), Slot("sample", "m", [asked(1), asked(2)]))
    assert result.verdict is Verdict.NOT_RUN
    assert result.unjudged == Unjudged(Cause.BLOCKED, "stream.granted", "1")
    assert "no request of this kind is answered, which stream.granted tells" in result.reason


def test_what_fails_where_others_of_its_kind_are_answered_fails() -> None:
    result = judge_check(failing(Location.status()), Slot("sample", "m", [asked(1), asked(2, 200)]))
    assert result.verdict is Verdict.FAIL


def test_the_row_of_the_kind_itself_fails() -> None:
    result = judge_check(failing(Location.status(), "stream.granted"), Slot("sample", "m", [asked(1)]))
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize("at", [Location.body(), Location.header("x-request-id")], ids=str)
def test_what_is_wrong_with_the_refusal_itself_is_told(at: Location) -> None:
    assert judge_check(failing(at), Slot("sample", "m", [asked(1)])).verdict is Verdict.FAIL
