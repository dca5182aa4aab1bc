"""Tool calls, streamed or not: that they come when demanded, what they hold, and what must not come beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import (
    CUT,
    Called,
    at_limit,
    calls_of,
    choice_of,
    declared_functions,
    is_call_forced,
    named_function,
    streamed_calls,
)
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.heuristics.markup import (
    call_thought_in,
)
from conformance.checks.outcomes import Blocked, Inconclusive
from conformance.checks.wording import explain_violation, name_value
from conformance.model import CapabilityResult, Observed, Request
from conformance.model.location import Location

Offers = Mapping[str, CapabilityResult]
_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")


def _has_tools(request: Request) -> bool:
    return bool(declared_functions(request)) and request.invalid is None


def _whole(reply: Reply) -> None:
    if isinstance(reply, ChatStream) and not reply.whole:
        raise Blocked(reply.broken_off)


def _finish_known(choice: Choice) -> None:
    words = "finish_reason is missing, or of another vocabulary"
    unblocked(choice.finish_reason in _REASONS, words, by="chat.finish_reason")


def _legacy(reply: Reply) -> Iterator[tuple[object, Location]]:
    """Every function_call that is not null, with its place."""
    if isinstance(reply, ChatStream):
        for choice in reply.folded.choices.values():
            yield from (
                (delta.value["function_call"], delta.place.down("/delta/function_call"))
                for delta in choice.distinct
                if delta.value.get("function_call")
            )
    else:
        for one in reply.choices:
            if one.message.get("function_call"):
                yield one.message["function_call"], one.place.down("/message/function_call")


def _said(choice: Choice, names: frozenset[str] = frozenset()) -> str:
    thought = call_thought_in(choice, names)
    if thought:
        return f"no tool call; the call stands in the reasoning: {shown(thought, 120)}"
    return f"no tool call; content {shown(choice.content, 80)}, finish_reason {shown(choice.finish_reason)}"


def _demanded(reply: Reply, wanted: str, offers: Offers | None) -> None:
    """Some call came; where tools are ignored altogether, that is said once."""
    _whole(reply)
    tools = (offers or {}).get("tools")
    words = "tools are ignored altogether: capability.tools"
    unblocked(tools is None or tools.observed is not Observed.IGNORED, words, by="capability.tools")
    words = "the call came as function_call, which tools.legacy is about"
    unblocked(not any(True for _ in _legacy(reply)), words, by="tools.legacy")
    with gather("no choice") as found:
        for choice in reply.choices:
            with found.each():
                ended = choice.finish_reason in _REASONS or not at_limit(reply)
                words = "the limit is used up, and no finish_reason says so"
                unblocked(choice.tool_calls or ended, words, by="chat.finish_reason")
                conclusive(choice.tool_calls or choice.finish_reason not in CUT, "the answer was cut before a call")
                if not choice.tool_calls:
                    raise broken(wanted, _said(choice, frozenset(declared_functions(reply.request))), choice.place)


@check("tools.required", when=lambda request: _has_tools(request) and choice_of(request) == "required")
def test_a_required_call_comes(reply: Reply, offers: Offers) -> None:
    _demanded(reply, "at least one tool call", offers)


@check("tools.named", when=lambda request: _has_tools(request) and choice_of(request) == "named")
def test_the_named_function_is_called(reply: Reply, offers: Offers) -> None:
    wanted = named_function(reply.request)
    _demanded(reply, f"a call of {wanted}", offers)
    for call in calls_of(reply):
        if call.name:
            expect(call.name, at=call.place.down("/function/name")).equals(wanted)


@check("tools.none", when=lambda request: _has_tools(request) and choice_of(request) == "none")
def test_a_forbidden_call_does_not_come(reply: Reply) -> None:
    _whole(reply)
    called = next(calls_of(reply), None)
    if called is not None:
        raise broken("no tool call", f"a call of {shown(called.name)}", called.place)
    for value, _ in _legacy(reply):
        raise broken("no call", f"function_call: {shown(value)}", Location.part("function_call"))


@check("tools.legacy", when=_has_tools)
def test_calls_come_as_tool_calls(reply: Reply) -> None:
    for value, place in _legacy(reply):
        raise broken("no function_call: calls stand in tool_calls", f"function_call: {shown(value, 120)}", place)
    applicable(any(choice.tool_calls for choice in reply.choices), "nothing was called")


@check("tools.declared", when=lambda request: _has_tools(request) and choice_of(request) != "named")
def test_called_functions_were_declared(reply: Reply) -> None:
    names = set(declared_functions(reply.request))
    with gather("nothing was called") as found:
        for call in calls_of(reply):
            with found.each():
                if isinstance(call.name, str) and call.name and call.name not in names:
                    conclusive(is_call_forced(reply.request), f"the model called {call.name} of its own accord")
                    expect(call.name, at=call.place.down("/function/name")).is_in(sorted(names))


@check("tools.id.unique", when=_has_tools)
def test_ids_differ_within_an_answer(reply: Reply) -> None:
    ids = [call.id for call in calls_of(reply) if call.id]
    applicable(ids, "nothing was called")
    again = next((one for at, one in enumerate(ids) if one in ids[:at]), None)
    if again is not None:
        raise broken(
            "an id of its own for each call",
            f"{shown(again)} {ids.count(again)} times",
            Location.part("tool_calls/*/id"),
        )


@check("tools.twice", when=_has_tools)
def test_no_call_comes_twice(reply: Reply) -> None:
    with gather("fewer than two calls") as found:
        for choice in reply.choices:
            calls = (call for call in calls_of(reply) if call.choice is choice and call.document.value)
            made = [(call.name, call.arguments) for call in calls]
            again = next((one for at, one in enumerate(made) if one in made[:at]), None)
            if len(made) > 1:
                with found.each():
                    if again is not None:
                        raise broken(
                            "each call once", f"{again[0]} with `{again[1]}` {made.count(again)} times", choice.place
                        )


@check("tools.id.reused", shown_by=("offer.tools", "tools.roundtrip"))
def test_ids_are_not_used_again(run: Run) -> None:
    first: dict[tuple[str, str], str] = {}
    with gather("fewer than two answers with calls") as found:
        for reply in run.replies:
            recording = reply.exchange.source.rpartition("#")[0]
            for id_ in {str(call.id) for call in calls_of(reply) if call.id}:
                with found.each():
                    earlier = first.setdefault((recording, id_), reply.exchange.id)
                    if earlier != reply.exchange.id and reply.id != _id_of(run, earlier):
                        words = f"{shown(id_)} again, as in exchange {earlier}"
                        raise broken(
                            "an id that was not used before",
                            words,
                            Location.part("tool_calls/*/id"),
                            exchange=reply.exchange.id,
                        )


def _id_of(run: Run, exchange: str) -> object:
    """The id of an answer: a recording of others may hold the same answer twice."""
    return next(reply.id for reply in run.replies if reply.exchange.id == exchange)


@check("tools.finish", when=_has_tools)
def test_a_call_finishes_with_tool_calls(reply: Reply) -> None:
    right = {"tool_calls"} if choice_of(reply.request) != "named" else {"tool_calls", "stop"}
    with gather("nothing was called") as found:
        for choice in reply.choices:
            if any(call.name for call in calls_of(reply) if call.choice is choice) and choice.finish_reason not in CUT:
                _finish_known(choice)
                with found.each():
                    expect(choice.finish_reason, at=choice.place.down("/finish_reason")).is_in(
                        right, " or ".join(sorted(right, reverse=True))
                    )


@check("tools.finish.called", when=_has_tools)
def test_tool_calls_is_said_of_calls_only(reply: Reply) -> None:
    _whole(reply)
    with gather("no choice finished with tool_calls") as found:
        for choice in reply.choices:
            if choice.finish_reason == "tool_calls":
                with found.each():
                    expect(choice.tool_calls, at=choice.place).is_true(
                        "tool calls, as finish_reason says", _said(choice)
                    )


def _finished(reply: Reply) -> Iterator[Called]:
    """The calls of a function that were not cut and whose arguments are text."""
    _whole(reply)
    parts = [part.value for call in streamed_calls(reply) for part in call.fragments]
    unblocked(all(_readable(part) for part in parts), "fragments of calls cannot be read")
    whole = (call for call in calls_of(reply) if call.choice.finish_reason not in CUT)
    return (call for call in whole if call.name and call.arguments is not None)


def _readable(fragment: Mapping[str, Any]) -> bool:
    function = fragment.get("function")
    return isinstance(function, dict) and isinstance(function.get("arguments", ""), str)


@check("tools.arguments.empty", when=_has_tools)
def test_arguments_are_never_empty(reply: Reply) -> None:
    with gather("nothing was called") as found:
        for call in _finished(reply):
            with found.each():
                if not (call.arguments or "").strip():
                    raise broken('"{}" or an object with members', name_value(call.arguments), call.place)


@check("tools.arguments.json", when=_has_tools)
def test_arguments_are_json(reply: Reply) -> None:
    repeated = [call for call in streamed_calls(reply) if call.repeats is not None]
    unblocked(
        not repeated,
        "the pieces repeat what was sent before: tools.delta.repeated_arguments",
        by="tools.delta.repeated_arguments",
    )
    with gather("nothing was called") as found:
        for call in _finished(reply):
            if not (call.arguments or "").strip():
                continue
            with found.each():
                document = call.document
                if not document.whole or not isinstance(document.value, dict):
                    unblocked(not at_limit(reply), "the arguments were cut by the limit")
                    conclusive(
                        is_call_forced(reply.request), "the model called of its own accord, and wrote no JSON object"
                    )
                    why = document.flaws[-1].text if document.flaws else "no object"
                    raise broken(
                        "a JSON object", f"{shown(call.arguments, 120)} ({why})", call.place.down("/arguments")
                    )


def _violations(reply: Reply, *, strict: bool) -> None:
    functions = declared_functions(reply.request)
    with gather("no finished call with such a schema") as found:
        for call in _finished(reply):
            function = functions.get(str(call.name), {})
            readable = call.document.whole and isinstance(call.document.value, dict)
            if readable and bool(function.get("strict")) is strict:
                with found.each():
                    for error in Draft202012Validator(function.get("parameters") or {}).iter_errors(
                        call.document.value
                    ):
                        words = f"{shown(call.arguments, 120)}: {explain_violation(error)}"
                        raise broken("arguments valid by the function's schema", words, call.place.down("/arguments"))


@check("tools.arguments.schema", when=lambda request: _has_tools(request) and is_call_forced(request))
def test_arguments_fit_the_schema(reply: Reply) -> None:
    _violations(reply, strict=False)


@check("tools.strict", when=_has_tools)
def test_strict_arguments_fit_the_schema(reply: Reply) -> None:
    _violations(reply, strict=True)


@check("tools.truncated", when=_has_tools)
def test_a_cut_call_says_length(reply: Reply) -> None:
    _whole(reply)
    with gather("no call was cut by the limit") as found:
        for call in calls_of(reply):
            if not call.document.whole and call.arguments is not None and at_limit(reply):
                _finish_known(call.choice)
                with found.each():
                    expect(call.choice.finish_reason, at=call.choice.place.down("/finish_reason")).equals("length")


@check(
    "tools.parallel.false", when=lambda request: _has_tools(request) and request.param("parallel_tool_calls") is False
)
def test_one_call_at_a_time(reply: Reply) -> None:
    with gather("nothing was called") as found:
        for choice in reply.choices:
            if choice.tool_calls:
                with found.each():
                    names = ", ".join(name for name, _ in choice.functions)
                    if len(choice.tool_calls) > 1:
                        raise broken("at most one tool call", f"{len(choice.tool_calls)}: {names}", choice.place)


_NEAR_THE_END = 32
"""The number from which on a lost end is as long as what a server holds back before a stop sequence."""


def _uncalled(reply: Reply) -> Choice:
    _whole(reply)
    choice = next(iter(reply.choices), None)
    cut = at_limit(reply) if choice and choice.finish_reason not in _REASONS else choice and choice.finish_reason in CUT
    if choice is None or choice.tool_calls or cut or choice.refusal:  # a word of another vocabulary is no cut
        raise Inconclusive("the model called a tool, refused, or was cut")
    return choice


@check("tools.text.stop", scenario="tools.text")
def test_text_before_a_stop_sequence_is_kept(reply: Reply) -> None:
    content = (_uncalled(reply).content or "").rstrip()
    numbers = [int(one) for one in re.findall(r"\d{1,9}", content)]
    if len(numbers) > 2 and numbers == list(range(2, len(numbers) + 2)):
        raise broken(
            "the text from its first piece on: 1, 2, 3, …",
            f"it begins with {shown(content[:8])}",
            Location.part("the content"),
        )
    conclusive(numbers and numbers == list(range(1, len(numbers) + 1)), "the model does not count from 1")
    applicable(numbers[-1] < 36, "the stop sequence was not heeded")
    comma = "," if re.match(r"1,", content) else ""
    conclusive(numbers[-1] >= _NEAR_THE_END, f"the model ended its count early: {shown(content[-8:])}")
    if numbers[-1] < 35 or not content.endswith(comma):
        raise broken(
            f"the text up to the stop sequence: …, 34, 35{comma}",
            f"it ends with {shown(content[-8:])}",
            Location.part("the content"),
        )
