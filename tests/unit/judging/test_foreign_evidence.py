"""What of another tool's recording may be held against an endpoint: values that are its own, compared in their time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.judging.occasions import split_occasions
from conformance.judging.stand_ins import drop_stand_ins
from conformance.model import Exchange, Facet, Finding, Read, Request
from conformance.model.location import Location


def made(source: str, hour: str = "", *, started: float | None = None) -> Exchange:
    headers = (("Date", f"Thu, 01 Jan 2026 {hour} GMT"),) if hour else ()
    lost = frozenset() if started is not None else frozenset({Facet.CLOCK})
    one = Exchange(source, Request(), "https://h/v1", response_headers=headers, source=source, foreign=True)
    return replace(one, started_at=started or 0.0, lost=lost)


@pytest.mark.parametrize(
    ("exchanges", "groups"),
    [
        pytest.param([], [], id="none"),
        pytest.param([made("a#1"), made("a#2")], [["a#1", "a#2"]], id="one file without dates"),
        pytest.param([made("a#1", "10:00:00"), made("a#2", "23:00:00")], [["a#1", "a#2"]], id="one file, a day"),
        pytest.param([made("a#1", "10:00:00"), made("b#1", "10:59:00")], [["a#1", "b#1"]], id="within an hour"),
        pytest.param([made("b#1", "11:01:00"), made("a#1", "10:00:00")], [["a#1"], ["b#1"]], id="later"),
        pytest.param(
            [made("a#1", "10:00:00"), made("b#1", "10:50:00"), made("c#1", "11:40:00")],
            [["a#1", "b#1"], ["c#1"]],
            id="no chain of hours",
        ),
        pytest.param([made("a#1"), made("b#1")], [["a#1"], ["b#1"]], id="files without dates"),
        pytest.param([made("a#1", started=5.0), made("b#1", started=50.0)], [["a#1", "b#1"]], id="by the clock"),
        pytest.param([made("a#1", "nonsense"), made("b#1", "10:00:00")], [["a#1"], ["b#1"]], id="no date"),
    ],
)
def test_files_are_compared_within_an_hour(exchanges: Sequence[Exchange], groups: list[list[str]]) -> None:
    assert [[one.source for one in group] for group in split_occasions(exchanges)] == groups


def test_our_own_recordings_are_one_occasion() -> None:
    own = [Exchange(str(number), Request(), "https://h/v1", source=f"{number}.jsonl#1") for number in range(3)]
    assert split_occasions(own) == [tuple(own)]
    assert len(split_occasions([*own, made("a#1")])) == 2


def about(value: Any, location: Location, *, foreign: bool = True) -> tuple[Finding, ...]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    exchange = Exchange("1", Request(), "https://h/v1", status=200, raw=(Read(0.0, body),), foreign=foreign)
    return drop_stand_ins([Finding("x", "y", location)], {"1": exchange}, "1")


STREAM = b'data: {"id":"a","created":7}\n\ndata: {"id":"REDACTED","created":0}\n\n'


@pytest.mark.parametrize(
    ("value", "location"),
    [
        ({"id": "REDACTED"}, Location.at("/id")),
        ({"created": 0}, Location.at("/created")),
        ({"created_at": 0}, Location.at("/created_at")),
        ({"choices": [{"message": {"content": "<CONTENT>"}}]}, Location.at("/choices/0/message/content")),
        ({"data": [{"id": "m", "owned_by": "[REDACTED]"}]}, Location.listing("m", "owned_by")),
        ({"data": [{"id": "m", "owned_by": "[REDACTED]"}]}, Location.listing("m", "/owned_by")),
        (STREAM, Location.event(2).down("/created")),
        (STREAM, Location.event(2).down("/id")),
    ],
)
def test_findings_about_a_stand_in_are_dropped(value: Any, location: Location) -> None:
    assert not about(value, location)
    assert about(value, location, foreign=False), "what we recorded ourselves is the endpoint's own"


@pytest.mark.parametrize(
    ("value", "location"),
    [
        ({"id": "chatcmpl-1"}, Location.at("/id")),
        ({"usage": {"prompt_tokens": 0}}, Location.at("/usage/prompt_tokens")),
        ({"created": False}, Location.at("/created")),
        ({"created": 0}, Location.at("/id")),
        ({"id": "REDACTED"}, Location.body()),
        ({"id": "REDACTED"}, Location.status()),
        (STREAM, Location.event(1).down("/id")),
        (STREAM, Location.event(9).down("/id")),
        (b"no JSON", Location.at("/id")),
        (b"[" * 100_000, Location.at("/0")),
        ({"choices": []}, Location.at("/choices/99999999999999999999/x")),
    ],
)
def test_findings_about_the_endpoints_own_values_stay(value: Any, location: Location) -> None:
    assert about(value, location)
