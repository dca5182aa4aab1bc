"""Calls that leak into the text: markup, arguments or actions beside what stands in tool_calls."""

from __future__ import annotations

import re

from conformance.api.chat.reply import Reply
from conformance.api.chat.tools import calls_of, declared_functions
from conformance.checks.check import check
from conformance.checks.expectations import broken, conclusive, gather, shown, unblocked
from conformance.checks.heuristics.markup import (
    call_acted_in,
    call_alone_in,
    call_spelt_in,
    call_written_in,
    markup_in,
)
from conformance.model import Request

_SCRAP = re.compile(r"\s*[<>\[\]{}|｜/\"][<>\[\]{}|｜/\"\s]*")
"""What is left of markup when its words were taken out: brackets, bars, quotes; no text of anybody's."""


def _has_tools(request: Request) -> bool:
    return bool(declared_functions(request)) and request.invalid is None


@check("tools.leak.markup", when=_has_tools)
def test_no_markup_of_calls_in_the_text(reply: Reply) -> None:
    """A tag beside no call, in a text that names no function, is babble: the model may never have seen a tool."""
    names = declared_functions(reply.request)
    with gather("no content and no call") as found:
        for choice in reply.choices:
            content = choice.content or ""
            if content or choice.tool_calls:
                with found.each():
                    leaked = markup_in(content)
                    scrap = choice.tool_calls and _SCRAP.fullmatch(content)
                    about_a_call = choice.tool_calls or any(name in content for name in names)
                    conclusive(about_a_call or not leaked, f"a stray tag, and no call: {shown(leaked, 80)}")
                    if leaked or scrap:
                        actual = f"content with {shown(leaked or content, 120)}"
                        raise broken("text without the model's own notation for calls", actual, choice.place)


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
