"""Calls that leak into the text: markup, arguments or actions beside what stands in tool_calls."""

from __future__ import annotations

import re

from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.tools import calls_of, declared_functions
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, doubtful, gather, shown, unblocked
from conformance.checks.heuristics.markup import (
    call_acted_in,
    call_alone_in,
    call_spelt_in,
    call_written_in,
    holds_a_call,
    markup_in,
)
from conformance.checks.repetition import is_the_rule
from conformance.model import Request

_SCRAP = re.compile(r"\s*[<>\[\]{}|｜/\"][<>\[\]{}|｜/\"\s]*")
"""What is left of markup when its words were taken out: brackets, bars, quotes; no text of anybody's."""


def _has_tools(request: Request) -> bool:
    return bool(declared_functions(request)) and request.invalid is None


def _may_speak(request: Request) -> bool:
    return request.invalid is None


def _babbles(reply: Reply) -> bool:
    """Whether a text holds such markup though there are no tools: then it is no notation for calls."""
    said = [choice.content or "" for choice in reply.choices]
    alone = not declared_functions(reply.request) and not any(holds_a_call(text, frozenset()) for text in said)
    return alone and any((found := markup_in(text)) and found not in str(reply.request.json) for text in said)


@check("tools.leak.markup", when=_may_speak, shown_by=("offer.tools", "tools.auto"))
def test_no_markup_of_calls_in_the_text(run: Run) -> None:
    asked = [reply for reply in run.replies if declared_functions(reply.request) and not reply.broken_off]
    said = [(one, choice) for one in asked for choice in one.choices if choice.content or choice.tool_calls]
    applicable(said, "no content and no call")
    leaks = [(reply, choice, leaked) for reply, choice in said if (leaked := _leaked(choice))]
    stray = [one for one in leaks if not _is_of_a_call(*one[:2])]
    rule = is_the_rule((one.request for one, _, _ in stray), (one.request for one, _ in said))
    babbles = any(_babbles(reply) for reply in run.replies)
    applicable(not babbles or len(stray) < len(leaks) or not stray, "such markup comes without tools as well")
    with gather() as found:
        for reply, choice, leaked in leaks:
            certain = _is_of_a_call(reply, choice)
            if certain or not babbles:
                with found.each():
                    wanted = "text without the model's own notation for calls"
                    words, id_ = f"content with {shown(leaked, 120)}", reply.exchange.id
                    raise doubtful(wanted, words, choice.place, certain=certain or rule, exchange=id_)


def _leaked(choice: Choice) -> str:
    """The markup in a text, or a text that is nothing else beside a call."""
    content = choice.content or ""
    return markup_in(content) or (content if choice.tool_calls and _SCRAP.fullmatch(content) else "")


def _is_of_a_call(reply: Reply, choice: Choice) -> bool:
    """Whether the markup is what is left, or all there is, of a call; one stray tag is a model's babble."""
    names = frozenset(declared_functions(reply.request))
    return bool(choice.tool_calls) or holds_a_call(choice.content or "", names)


@check("tools.leak.none", when=_has_tools)
def test_nothing_is_no_word(reply: Reply) -> None:
    with gather("no call") as found:
        for choice in reply.choices:
            if choice.tool_calls:
                with found.each():
                    if (choice.content or "").strip() in {"None", "null", "undefined", "nil"}:
                        raise broken("content null, beside calls", f"the text {shown(choice.content)}", choice.place)


@check("tools.leak.arguments", when=_has_tools)
def test_no_call_is_written_into_the_text(reply: Reply) -> None:
    names = frozenset(declared_functions(reply.request))
    with gather("no content and no call") as found:
        for choice in reply.choices:
            content = choice.content or ""
            arguments = tuple(call.arguments or "" for call in calls_of(reply) if call.choice is choice)
            if content or arguments:
                unblocked(
                    not markup_in(content),
                    "the text holds markup of calls, which tools.leak.markup is about",
                    by="tools.leak.markup",
                )
                with found.each():
                    leaked = _written_beside(content, names, arguments) if arguments else call_alone_in(content, names)
                    if leaked:
                        raise broken("the call in tool_calls only", f"content with {shown(leaked, 120)}", choice.place)


def _written_beside(content: str, names: frozenset[str], arguments: tuple[str, ...]) -> str:
    return call_written_in(content, names, arguments) or call_spelt_in(content, names)


@check("tools.leak.action", when=_has_tools)
def test_no_action_stands_beside_a_call(reply: Reply) -> None:
    names = frozenset(declared_functions(reply.request))
    with gather("no call") as found:
        for choice in reply.choices:
            if choice.tool_calls:
                with found.each():
                    leaked = call_acted_in(choice.content or "", names)
                    if leaked:
                        raise broken("the call in tool_calls only", f"content with {shown(leaked, 120)}", choice.place)
