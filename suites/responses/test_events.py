"""The typed events of a streamed response: their order, and that they add up to the response at the end."""

from __future__ import annotations

from itertools import pairwise

from conformance.api.answer import read_date
from conformance.api.chat.payloads import DONE, Payload
from conformance.api.chat.stream import place_of
from conformance.api.responses.folding import Rule
from conformance.api.responses.response import TERMINAL, ResponseStream
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.wording import list_values, name_member, name_value

_TEXT = {"item_id": str, "output_index": int, "content_index": int}
_MEMBERS: dict[str, dict[str, type]] = {
    **{f"response.{state}": {"response": dict} for state in ("created", "queued", "in_progress")},
    **{one: {"response": dict} for one in TERMINAL},
    **{f"response.output_item.{step}": {"output_index": int, "item": dict} for step in ("added", "done")},
    **{f"response.content_part.{step}": {**_TEXT, "part": dict} for step in ("added", "done")},
    "response.output_text.delta": {**_TEXT, "delta": str},
    "response.output_text.done": {**_TEXT, "text": str},
    "response.function_call_arguments.delta": {"item_id": str, "output_index": int, "delta": str},
    "response.function_call_arguments.done": {"item_id": str, "output_index": int, "arguments": str},
}
"""What the events that every client reads must hold."""


READ = (Payload.JSON, Payload.KEEP_ALIVE, Payload.OTHER)
"""Data that clients decode; what is wrong with other kinds is told by the checks of framing."""


def _whole(stream: ResponseStream) -> None:
    """What is missing from a stream that broke off is not the stream's fault twice."""
    unblocked(stream.whole, f"the stream ended with {stream.ending.value}, or tells of an error")


def _ended(stream: ResponseStream) -> None:
    _whole(stream)
    unblocked(stream.terminal is not None, "there is no final response", by="responses.stream.end")


def _not_filtered(stream: ResponseStream) -> None:
    """A filter breaks off what it stops: only a limit closes what it cuts."""
    details = stream.value.get("incomplete_details")
    reason = details.get("reason", "max_output_tokens") if isinstance(details, dict) else "max_output_tokens"
    conclusive(reason == "max_output_tokens", f"the response was broken off: {shown(reason)}")


def _no(rule: Rule, expected: str, stream: ResponseStream) -> None:
    """No contradiction about one rule."""
    found = stream.folded.of(rule)
    if found:
        raise broken(expected, found[0].text, found[0].place)


@check("responses.stream.json")
def test_data_is_strict_json(response_stream: ResponseStream) -> None:
    with gather("no event") as found:
        for event in response_stream.events_of(*READ):
            document = event.document
            with found.each():
                if not document.readable or document.flaws:
                    words = f"{shown(event.data, 120)} ({document.flaws[-1].text})"
                    raise broken("one JSON object", words, place_of(event))


_NUMBERED_SINCE = 1748736000
"""The first of June 2025: before May OpenAI's own events had no sequence_number."""


@check("responses.stream.sequence_number")
def test_events_are_numbered(response_stream: ResponseStream) -> None:
    events = response_stream.typed
    wrong = [one for one in events if not _is_count(one.value.get("sequence_number"))]
    sent = read_date(response_stream.exchange)
    none = not any("sequence_number" in one.value for one in events)
    older = none and sent is not None and sent < _NUMBERED_SINCE
    applicable(not older, "recorded before OpenAI numbered its events")
    if wrong:
        first = wrong[0]
        value = first.value.get("sequence_number")
        words = shown(value) if "sequence_number" in first.value else "it is missing"
        at = first.place.down("/sequence_number")
        raise broken("an integer, at least 0", f"{words}, in {len(wrong)} of {len(events)} events", at)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@check("responses.stream.sequence")
def test_numbers_rise(response_stream: ResponseStream) -> None:
    numbers = [(one.value.get("sequence_number"), one.place) for one in response_stream.typed]
    known = [(number, place) for number, place in numbers if isinstance(number, int)]
    applicable(len(known) > 1, "no two events with a sequence_number")
    for (before, _), (number, place) in pairwise(known):
        if number <= before:
            raise broken(f"a number above {before}", f"{number}", place.down("/sequence_number"))


@check("responses.stream.name")
def test_events_are_named(response_stream: ResponseStream) -> None:
    with gather("no typed event") as found:
        for one in response_stream.typed:
            if one.type:
                with found.each():
                    if one.name != one.type:
                        if not one.name:
                            raise broken("a line `event: ` with the type of the event", "none", one.place)
                        raise broken(f"event: {one.type}", f"event: {one.name}", one.place)


@check("responses.stream.event")
def test_events_hold_their_members(response_stream: ResponseStream) -> None:
    with gather("no event of a known type") as found:
        for one in response_stream.typed:
            for name, kind in _MEMBERS.get(one.type, {}).items():
                with found.each():
                    at = one.place.down(f"/{name}")
                    if name not in one.value:
                        raise broken(f"a member `{name}` in {one.type}", "it is missing", at)
                    expect(one.value[name], at=at, what=one.type).is_a(kind)


@check("responses.stream.created")
def test_created_comes_first(response_stream: ResponseStream) -> None:
    first = response_stream.typed[0]
    applicable(first.type != "error", "the stream tells of an error")
    expect(first.type, at=first.place.down("/type")).equals("response.created")


@check("responses.stream.end")
def test_the_end_is_told_once(response_stream: ResponseStream) -> None:
    unblocked(response_stream.whole or response_stream.terminal is not None, "the stream did not come to its end")
    last, ends = response_stream.typed[-1], response_stream.of(*TERMINAL)
    expect(last.type, at=last.place.down("/type")).is_in(TERMINAL)
    if len(ends) > 1:
        raise broken("one last event", f"{ends[0].type}, then {ends[1].type}", ends[1].place)
    status = last.response.get("status")
    applicable(isinstance(status, str), "its response has no status")
    wanted = last.type.removeprefix("response.")
    if status != wanted:
        raise broken(f"the status {wanted} in {last.type}", shown(status), last.place.down("/response/status"))


@check("responses.stream.id")
def test_the_id_stays_the_same(response_stream: ResponseStream) -> None:
    ids = [(one.response["id"], one.place) for one in response_stream.typed if one.response.get("id")]
    applicable(len(ids) > 1, "no two responses with an id")
    for id_, place in ids:
        expect(id_, at=place.down("/response/id")).equals(ids[0][0])


@check("responses.stream.items")
def test_items_are_opened_and_closed(response_stream: ResponseStream) -> None:
    _whole(response_stream)
    _no(Rule.ITEM, "events of items that are open, with their ids", response_stream)
    items = response_stream.folded.items
    applicable(items or response_stream.items, "no output item")
    if not items:
        raise broken("response.output_item.added for each item", "items in the last event only", response_stream.at)
    for index, item in items.items():
        if item.closed is None:
            _not_filtered(response_stream)
            raise broken(f"response.output_item.done for output_index {index}", "none", item.place)


@check("responses.stream.parts")
def test_parts_are_opened(response_stream: ResponseStream) -> None:
    applicable(response_stream.of("response.output_text.delta"), "no text")
    _no(Rule.PART, "response.content_part.added before its text", response_stream)


@check("responses.stream.in_progress")
def test_progress_is_told(response_stream: ResponseStream) -> None:
    _whole(response_stream)
    applicable(response_stream.of("response.created"), "no response.created")
    read = [one for one in response_stream.typed if one.type]
    unblocked(
        len(read) == len(response_stream.events_of(*READ)),
        "an event has no type, or cannot be read",
        by="responses.stream.type",
    )
    if not response_stream.of("response.in_progress", "response.queued"):
        raise broken("response.in_progress after response.created", "none in the whole stream", response_stream.at)


_BEGUN = {"id": str, "object": str, "created_at": int, "model": str, "output": list}
"""What clients take from the response of the first event."""


@check("responses.stream.created.members")
def test_the_first_response_is_one(response_stream: ResponseStream) -> None:
    with gather("no response.created with a response") as found:
        for one in response_stream.of("response.created"):
            for name, kind in _BEGUN.items() if one.response else ():
                with found.each():
                    at = one.place.down(f"/response/{name}")
                    if name not in one.response:
                        raise broken(f"a response with `{name}`", "it is missing", at)
                    if name != "created_at" or not isinstance(one.response[name], float):
                        expect(one.response[name], at=at).is_a(kind)


@check("responses.stream.created.status")
def test_the_response_begins_in_progress(response_stream: ResponseStream) -> None:
    with gather("no status in response.created or response.in_progress") as found:
        for one in response_stream.of("response.created", "response.in_progress"):
            if isinstance(one.response.get("status"), str):
                with found.each():
                    at = one.place.down("/response/status")
                    expect(one.response["status"], at=at, what=one.type).is_in(("in_progress", "queued"))


@check("responses.stream.item.opened")
def test_items_open_in_progress(response_stream: ResponseStream) -> None:
    with gather("no opened message or call with a status") as found:
        for item in response_stream.folded.items.values():
            kind, status = item.opened.get("type"), item.opened.get("status")
            if kind in ("message", "function_call") and isinstance(status, str):
                with found.each():
                    at = item.place.down("/item/status")
                    expect(status, at=at, what=f"{kind} in response.output_item.added").equals("in_progress")


@check("responses.stream.index")
def test_indexes_are_places(response_stream: ResponseStream) -> None:
    with gather("no output item") as found:
        for position, (index, item) in enumerate(response_stream.folded.ordered):
            with found.each():
                if index != position:
                    place, words = item.place.down("/output_index"), f"{index}"
                    words = words if isinstance(index, int) else "it is missing, or no integer"
                    raise broken(f"output_index {position}, the item's place in output", words, place)
                if item.opened.get("type") == "message" and 0 not in (item.parts or {0}):
                    parts = f"content_index {list_values(sorted(item.parts, key=str))}"
                    raise broken("content_index 0 for the first part of an item", parts, item.place)
        _compare_order(response_stream)


def _compare_order(stream: ResponseStream) -> None:
    streamed = [item.opened.get("id") for _, item in stream.folded.ordered]
    final = [item.get("id") for item, _ in stream.items]
    if len(final) < 10 and all(final) and streamed != final and sorted(map(str, streamed)) == sorted(map(str, final)):
        words = f"items streamed in the order {list_values(streamed)}"
        raise broken(f"the order of the final output, {list_values(final)}", words, stream.at.down("/output"))


@check("responses.stream.closed")
def test_texts_and_calls_are_closed(response_stream: ResponseStream) -> None:
    _whole(response_stream)
    with gather("no text, and no arguments") as found:
        for index, item in response_stream.folded.items.items():
            due = [(f"response.{kind}.done", part) for part in item.texts for kind in ("output_text", "content_part")]
            due += [("response.function_call_arguments.done", 0)] if item.arguments is not None else []
            for kind, part in due:
                with found.each():
                    if (kind, part) not in item.ended:
                        _not_filtered(response_stream)
                        raise broken(f"{kind} for output_index {index}", "none in the whole stream", item.place)


@check("responses.stream.call")
def test_a_call_keeps_its_name(response_stream: ResponseStream) -> None:
    folded = response_stream.folded
    closed = [item.closed for item in folded.items.values() if item.closed]
    made = [one for one in closed if one.get("type") == "function_call"]
    calls = {one["call_id"]: one.get("name") for one in made if isinstance(one.get("call_id"), str)}
    applicable(calls, "no function call with a call_id")
    _no(Rule.CALL, "the call_id and name under which the call was opened", response_stream)
    for item, place in response_stream.items_of("function_call"):
        call_id = item.get("call_id")
        if not isinstance(call_id, str) or call_id not in calls:
            wanted = f"one of the streamed call_ids, {list_values(sorted(calls))}"
            raise broken(wanted, name_value(call_id), place.down("/call_id"))
        expect(item.get("name"), at=place.down("/name"), what="the name of the call").equals(calls[call_id])


def _constant(stream: ResponseStream, name: str) -> None:
    """A member that is the same in every response object that has it."""
    with gather("no two responses in the stream") as found:
        told = [(one.response[name], one.place) for one in stream.typed if one.response.get(name)]
        for value, place in told[1:]:
            with found.each():
                if value != told[0][0]:
                    at = place.down(f"/response/{name}")
                    raise broken(f"{shown(told[0][0])}, as in the first event", shown(value), at)


@check("responses.stream.constant")
def test_the_time_stays_the_same(response_stream: ResponseStream) -> None:
    _constant(response_stream, "created_at")


@check("responses.stream.model")
def test_the_model_stays_the_same(response_stream: ResponseStream) -> None:
    _constant(response_stream, "model")


@check("responses.stream.text")
def test_deltas_are_the_text(response_stream: ResponseStream) -> None:
    _ended(response_stream)
    _no(Rule.TEXT, "deltas that add up to the text", response_stream)
    streamed = "".join(item.text for item in response_stream.folded.items.values())
    applicable(streamed or response_stream.text, "no text")
    unblocked(response_stream.items, "the final response holds no output", by="responses.stream.final")
    if streamed != response_stream.text:
        wanted = f"the text of the final response, {shown(response_stream.text, 120)}"
        raise broken(wanted, f"deltas that add up to {shown(streamed, 120)}", response_stream.at.down("/output"))


@check("responses.stream.arguments")
def test_deltas_are_the_arguments(response_stream: ResponseStream) -> None:
    _ended(response_stream)
    _no(Rule.ARGUMENTS, "deltas that add up to the arguments", response_stream)
    calls = response_stream.items_of("function_call")
    items = response_stream.folded.items.values()
    streamed = [one.arguments for one in items if one.opened.get("type") == "function_call" or one.arguments]
    applicable(calls or streamed, "no function call")
    for position, (item, place) in enumerate(calls):
        told = streamed[position] if position < len(streamed) else None
        wanted = f"the arguments of the final response, {shown(item.get('arguments'), 120)}"
        if (told or "") != item.get("arguments"):
            words = "no response.function_call_arguments.delta" if told is None else f"deltas of {shown(told, 120)}"
            raise broken(wanted, words, place.down("/arguments"))


@check("responses.stream.final")
def test_the_final_output_is_what_was_streamed(response_stream: ResponseStream) -> None:
    _ended(response_stream)
    items = response_stream.folded.ordered
    applicable(items, "no streamed item")
    streamed = [item.opened.get("type") for _, item in items]
    final = [item.get("type") for item, _ in response_stream.items]
    if streamed != final:
        raise broken(
            f"the streamed items, {list_values(streamed)}", list_values(final), response_stream.at.down("/output")
        )


@check("responses.stream.final.id")
def test_the_final_output_keeps_the_ids(response_stream: ResponseStream) -> None:
    _ended(response_stream)
    streamed = [item.opened.get("id") for item in response_stream.folded.items.values()]
    with gather("no streamed item") as found:
        for item, place in response_stream.items if streamed else []:
            with found.each():
                if item.get("id") not in streamed:
                    wanted = f"one of the streamed ids, {list_values(sorted(map(str, streamed)))}"
                    raise broken(wanted, name_member(item, "id"), place.down("/id"))


@check("responses.stream.no_done")
def test_no_done_follows(response_stream: ResponseStream) -> None:
    done = [event for event in response_stream.events if event.data.strip() == DONE]
    if done:
        raise broken("the end of the stream", "data: [DONE]", place_of(done[0]))
