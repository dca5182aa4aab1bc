"""Findings of one kind in one answer are one finding, with the first place, some others and their number."""

from __future__ import annotations

from typing import Any

from conformance.judging.alike import MAX_PLACES, join_alike
from conformance.model import Finding, Location


def events(count: int, actual: str = "it is missing", exchange: str = "7") -> list[Finding]:
    places = [Location.event(number, (number * 10, number * 10 + 5)) for number in range(3, 3 + count)]
    return [Finding("a member `sequence_number`", actual, place, exchange) for place in places]


def test_twenty_events_of_one_kind_are_one_finding() -> None:
    (one,) = join_alike(events(20))
    assert (one.location, one.places, len(one.also)) == (Location.event(3, (30, 35)), 20, 19)
    assert one.where == "event 3 and at least 19 more events"
    assert one.also[0].span == (40, 45)


def test_of_very_many_places_some_are_kept_and_all_are_counted() -> None:
    (one,) = join_alike(events(5000))
    assert (len(one.also), one.places) == (MAX_PLACES, 5000)


def test_values_that_change_from_event_to_event_are_one_kind() -> None:
    found = [Finding('"id-0"', f'"id-{at}"', Location.event(at).down("/id"), "7") for at in range(2, 9)]
    (one,) = join_alike(found)
    assert (one.actual, one.places) == ('"id-2"', 7)


def test_choices_and_entries_of_one_kind_are_one_finding() -> None:
    lacks = [Finding("a string", "null", Location.at(f"/choices/{at}/message/content"), "7") for at in range(4)]
    listed = [Finding("a date", "none", Location.listing(f"model-{at}", "created"), "7") for at in range(3)]
    choices, entries = join_alike([*lacks, *listed])
    assert choices.where == "/choices/0/message/content and 3 more places"
    assert entries.where == "model-0: created and 2 more entries"


def other(**changed: Any) -> Finding:
    given = {"expected": "a", "actual": "b", "location": Location.at("/choices/0/index"), "exchange": "7", **changed}
    return Finding(**given)


def test_what_differs_in_more_than_the_place_stays_apart() -> None:
    apart = [
        other(),
        other(expected="c"),
        other(actual="c"),
        other(exchange="8"),
        other(message="c"),
        other(location=Location.at("/choices/0/text")),
        other(location=Location.header("date")),
        other(location=Location.header("server")),
    ]
    assert join_alike(apart) == tuple(apart)


def test_the_same_said_twice_is_said_once() -> None:
    assert join_alike([other(), other()]) == (other(),)
