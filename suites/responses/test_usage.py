"""What a response counts: tokens, their parts and their sum, and the limit that they keep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.api.responses.response import ResponseReply, ResponseStream
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, expect, gather, shown, unblocked
from conformance.checks.heuristics.token_counts import fills
from conformance.checks.outcomes import NotApplicable
from conformance.checks.repetition import NEARLY_ALL
from conformance.checks.wording import name_member
from conformance.model.location import Location


@check("responses.usage.there")
def test_a_finished_response_has_usage(response_reply: ResponseReply) -> None:
    applicable(response_reply.finished, "not finished")
    if response_reply.usage is None:
        raise broken("a usage object", name_member(response_reply.value, "usage"), response_reply.at.down("/usage"))


@check("responses.usage.total")
def test_total_is_the_sum(response_reply: ResponseReply) -> None:
    usage = response_reply.usage or {}
    spent, made, total = (usage.get(f"{name}_tokens") for name in ("input", "output", "total"))
    if not (isinstance(spent, int) and isinstance(made, int) and isinstance(total, int)):
        raise NotApplicable("no three counts")
    if total != spent + made:
        at = response_reply.at.down("/usage/total_tokens")
        raise broken(f"{spent} + {made} = {spent + made}", f"{total}", at)


def _output_tokens(response_reply: ResponseReply) -> int:
    counted = (response_reply.usage or {}).get("output_tokens")
    if not isinstance(counted, int):
        raise NotApplicable("no output_tokens to compare")
    return counted


def _count(counts: Any, name: str) -> int | None:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _added(usage: Any, part: int) -> bool:
    """Whether the total counts the part beside input and output, as xAI does: responses.usage.total tells it."""
    spent, made, total = (_count(usage, f"{name}_tokens") for name in ("input", "output", "total"))
    return total is not None and total == (spent or 0) + (made or 0) + part


@check("responses.usage.parts")
def test_details_are_parts_of_the_counts(response_reply: ResponseReply) -> None:
    usage = response_reply.usage or {}
    with gather("no details to compare") as found:
        for name, member in (("input", "cached_tokens"), ("output", "reasoning_tokens")):
            whole, part = _count(usage, f"{name}_tokens"), _count(usage.get(f"{name}_tokens_details"), member)
            if whole is not None and part is not None and not (part > whole and _added(usage, part)):
                with found.each():
                    at = response_reply.at.down(f"/usage/{name}_tokens_details/{member}")
                    expect(part, at=at, what=member).at_most(whole, f"at most {name}_tokens, {whole}")


@check("responses.usage.counted")
def test_input_and_output_are_counted(response_reply: ResponseReply) -> None:
    counted, brought = (_count(response_reply.usage, f"{name}_tokens") for name in ("output", "input"))
    calls = [item.get("name") for item, _ in response_reply.items_of("function_call")]
    applicable(counted is not None and (response_reply.text or calls), "no output_tokens, or no output")
    foreign = response_reply.exchange.foreign  # of March 2025 some of OpenAI's own say so
    applicable(counted or brought or not foreign, "nothing at all is counted in a recording of another tool")
    if brought == 0:
        raise broken("a count above 0, for every input has tokens", "0", response_reply.at.down("/usage/input_tokens"))
    if not counted:
        words = f"0, for {shown(response_reply.text or calls, 60)}"
        raise broken("a count above 0", words, response_reply.at.down("/usage/output_tokens"))


@check("responses.max_output_tokens", when=lambda request: request.param("max_output_tokens") is not None)
def test_the_output_limit_holds(response_reply: ResponseReply) -> None:
    limit, at = response_reply.request.param("max_output_tokens"), response_reply.at.down("/usage/output_tokens")
    counted = expect(_output_tokens(response_reply), at=at, what="output_tokens")
    counted.at_most(limit + 1, f"at most {limit}")  # one token may end the text


@check("responses.incomplete", when=lambda request: request.param("max_output_tokens") is not None)
def test_a_cut_response_says_so(response_reply: ResponseReply) -> None:
    counted, limit = _output_tokens(response_reply), response_reply.request.param("max_output_tokens")
    conclusive(counted >= limit, f"the response needed only {counted} of {limit} tokens")
    applicable(counted <= limit + 1, "the limit did not hold")
    unblocked("status" in response_reply.value, "status is missing, which responses.status says", by="responses.status")
    status = response_reply.value.get("status")
    if status != "incomplete":
        words, at = f"{shown(status)} after {counted} of {limit} tokens", response_reply.at.down("/status")
        raise doubtful('"incomplete"', words, at, certain=_took_all(response_reply, limit, counted), part=NEARLY_ALL)
    unblocked(
        "incomplete_details" in response_reply.value,
        "incomplete_details is missing, which responses.members says",
        by="responses.members",
    )
    details = response_reply.value.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    expect(reason, at=response_reply.at.down("/incomplete_details/reason")).equals("max_output_tokens")


def _took_all(response_reply: ResponseReply, limit: int, counted: int) -> bool:
    """Whether the text took every token of its limit: a token that ends it is counted by some, and is none of it."""
    events = response_reply.of("response.output_text.delta") if isinstance(response_reply, ResponseStream) else ()
    pieces = sum(bool(one.value.get("delta")) for one in events)
    return fills(limit, response_reply.text, pieces, counted)


_NEARLY = 0.8
"""The part of the limit that an answer takes at least which half a character ends before it."""


@check("responses.incomplete.honest", when=lambda request: isinstance(request.param("max_output_tokens"), int))
def test_incomplete_means_that_the_limit_was_reached(response_reply: ResponseReply) -> None:
    value, limit = response_reply.value, response_reply.request.param("max_output_tokens")
    details = value.get("incomplete_details")
    cut = isinstance(details, dict) and details.get("reason") == "max_output_tokens"
    applicable(cut and value.get("status") == "incomplete", "no limit cut it")
    counted, usage = _output_tokens(response_reply), response_reply.usage or {}
    thought = _count(usage.get("output_tokens_details"), "reasoning_tokens") or 0
    counted += thought if _added(usage, thought) else 0
    applicable(counted and counted != len(response_reply.text), "no output_tokens that count tokens")
    if counted < limit:
        words = f"incomplete after {counted} of {limit} tokens, with text {shown(response_reply.text, 60)}"
        at, certain = response_reply.at.down("/incomplete_details/reason"), counted < min(_NEARLY * limit, limit - 1)
        raise doubtful("max_output_tokens only where that limit was reached", words, at, certain=certain)


@check("responses.incomplete.item")
def test_a_cut_item_says_so(response_reply: ResponseReply) -> None:
    applicable(response_reply.value.get("status") == "incomplete", "not incomplete")
    last, place = response_reply.items[-1] if response_reply.items else ({}, response_reply.at)
    applicable(last.get("type") in ("message", "function_call"), "no message or call was cut")
    applicable(isinstance(last.get("status"), str), "its status is missing")
    expect(last["status"], at=place.down("/status"), what="the item that was cut").equals("incomplete")


def _numbers(reply: ResponseReply) -> Iterator[tuple[Any, Location]]:
    """Every index and count that is a whole number, and where it stands; created_at has a requirement of its own."""
    for event in reply.typed if isinstance(reply, ResponseStream) else ():
        for name in ("sequence_number", "output_index", "content_index"):
            yield event.value.get(name), event.place.down(f"/{name}")
    usage = reply.usage or {}
    for name in ("input_tokens", "output_tokens", "total_tokens"):
        yield usage.get(name), reply.at.down(f"/usage/{name}")
    for name, member in (("input_tokens_details", "cached_tokens"), ("output_tokens_details", "reasoning_tokens")):
        details = usage.get(name)
        if isinstance(details, dict):
            yield details.get(member), reply.at.down(f"/usage/{name}/{member}")


@check("responses.integers")
def test_whole_numbers_are_written_as_such(response_reply: ResponseReply) -> None:
    with gather("no number") as found:
        for value, place in _numbers(response_reply):
            if isinstance(value, int | float) and not isinstance(value, bool):
                with found.each():
                    if isinstance(value, float) and value.is_integer():
                        raise broken(f"an integer, {int(value)}", f"{value}, with a decimal point", place)
