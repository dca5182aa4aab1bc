"""Reasoning as it is shown: under the names that clients read, both ways, and nothing but thoughts in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from conformance.api.chat.folding import REASONING_FIELDS
from conformance.api.chat.reply import Choice, Reply, holds_text
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import declared_functions
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import broken, doubtful, gather, shown
from conformance.checks.heuristics.markup import markup_in
from conformance.model import Request
from conformance.model.location import Location

_STANDARD = (*REASONING_FIELDS, "reasoning_details")
_OTHERS = (
    "thinking",
    "thinking_content",
    "thinking_blocks",
    "reasoning_text",
    "reasoningContent",
    "thought",
    "thoughts",
    "chain_of_thought",
)
"""Names that other APIs have for it, and clients of this one do not read."""

_TAGS = re.compile(
    r"</?(?:think|thinking|thought|reasoning|seed:think)>|<\|?(?:begin|end)_of_thought\|?>|\[/?THINK\]|◁/?think▷"
)
_LONG = 80
"""Characters that an answer does not have in common with the thoughts before it by chance."""

_PROSE = 40
"""Letters of a thought that is more than the draft of a list or a count."""

_STEERING = (
    "tools",
    "functions",
    "response_format",
    "reasoning",
    "reasoning_format",
    "include_reasoning",
    "thinking",
    "enable_thinking",
    "chat_template_kwargs",
)
"""Parameters that may hide thoughts, or change where they come."""


def _holders(reply: Reply) -> Iterator[tuple[list[dict[str, Any]], Location]]:
    """The message of each choice, or its deltas, with a place."""
    if isinstance(reply, ChatStream):
        for choice in reply.folded.choices.values():
            yield [delta.value for delta in choice.distinct], choice.deltas[0].place
    else:
        yield from (([choice.message], choice.place.down("/message")) for choice in reply.choices)


def _names(holders: list[dict[str, Any]], among: tuple[str, ...]) -> list[str]:
    return [name for name in among if any(holds_text(one.get(name)) for one in holders)]


@check("reasoning.name")
def test_reasoning_has_a_name_that_clients_read(reply: Reply) -> None:
    with gather("no reasoning is shown") as found:
        for holders, place in _holders(reply):
            others = _names(holders, _OTHERS)
            standard = _names(holders, _STANDARD)
            if others or standard:
                with found.each():
                    if not standard:
                        raise broken("reasoning in reasoning_content or reasoning", f"it is in {others[0]}", place)


def _plain(request: Request) -> bool:
    return not any(request.param(name) is not None for name in _STEERING) and not request.invalid


def _counted(reply: Reply) -> bool:
    details = (reply.usage or {}).get("completion_tokens_details")
    counted = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return isinstance(counted, int) and counted > 0


class _Shown:
    """What the answers of one way, streamed or not, show of their thoughts."""

    def __init__(self, replies: list[Reply]) -> None:
        every = (*_STANDARD, *_OTHERS)
        named = [(reply, set(every) & reply.texts) for reply in replies]
        self.names = set().union(*(names for _, names in named))
        self.told = next((reply for reply, names in named if names), None)
        self.hidden = next((reply for reply, names in named if not names and _counted(reply)), None)

    @property
    def silent(self) -> bool:
        """Whether tokens are counted, and no thought is shown in any of them."""
        return self.told is None and self.hidden is not None

    def words(self) -> str:
        """Which names are used."""
        return " and ".join(name for name in _STANDARD if name in self.names)


@check("reasoning.twin", shown_by=("reasoning.stream", "offer.reasoning"))
def test_reasoning_is_shown_alike_both_ways(run: Run) -> None:
    groups: dict[tuple[str, str], list[Reply]] = {}
    for reply in run.replies:
        if _plain(reply.request) and not reply.broken_off:
            asked = json.dumps([reply.request.param("messages"), reply.request.param("reasoning_effort")])
            groups.setdefault((reply.exchange.source.rpartition("#")[0], asked), []).append(reply)
    with gather("no reasoning for the same messages both with a stream and without") as found:
        for replies in groups.values():
            whole = _Shown([one for one in replies if not isinstance(one, ChatStream)])
            stream = _Shown([one for one in replies if isinstance(one, ChatStream)])
            misnamed = (whole.names | stream.names) & set(_OTHERS)  # which reasoning.name is about
            if misnamed:
                continue
            if (whole.told or stream.told) and (whole.told or whole.silent) and (stream.told or stream.silent):
                with found.each():
                    _alike(whole, stream)


def _alike(whole: _Shown, stream: _Shown) -> None:
    for one, other, which in ((whole, stream, "in a stream"), (stream, whole, "without a stream")):
        if other.silent and other.hidden is not None:
            words = f"none {which}, though reasoning_tokens are counted"
            raise broken(
                f"reasoning in {one.words()}, as the other way",
                words,
                Location.part("the message"),
                exchange=other.hidden.exchange.id,
            )
    if whole.names.isdisjoint(stream.names) and stream.told is not None:
        words = f"{stream.words()} in a stream"
        raise broken(
            f"reasoning in {whole.words()}, as without a stream",
            words,
            Location.part("the deltas"),
            exchange=stream.told.exchange.id,
        )


def _thoughts(reply: Reply) -> Iterator[tuple[str, Choice]]:
    return ((choice.reasoning, choice) for choice in reply.choices if choice.reasoning)


def _quoted(text: str) -> bool:
    """Whether a text is one JSON string, quotes and all."""
    try:
        telling = text.startswith('"') and ("\\" in text or len(text) >= _LONG)
        return telling and isinstance(json.loads(text), str)
    except ValueError:
        return False


@check("reasoning.clean")
def test_reasoning_holds_thoughts_only(reply: Reply) -> None:
    prompt = str(reply.request.json)
    with gather("no reasoning is shown") as found:
        for text, choice in _thoughts(reply):
            with found.each():
                place = choice.place.down("/message/reasoning")
                tag = _TAGS.search(text)
                if tag and tag.group() not in prompt:
                    words = f"{tag.group()} in {shown(text, 80)}"
                    raise doubtful("thoughts without the tags around them", words, place)
                said = choice.tool_calls or choice.content  # else the call itself is lost: tools.required, tools.auto
                if said and declared_functions(reply.request) and markup_in(text):
                    certain = choice.tool_calls  # somebody read the call, and left its notation behind
                    words = shown(markup_in(text), 100)
                    raise doubtful("thoughts without the model's markup", words, place, certain=certain)
                if _quoted(text.strip()):
                    raise broken("thoughts as text", f"a JSON string in the string: {shown(text, 60)}", place)


@check("reasoning.copy")
def test_the_answer_is_not_the_reasoning(reply: Reply) -> None:
    with gather("no choice with reasoning and text") as found:
        for text, choice in _thoughts(reply):
            thought, content = text.strip(), (choice.content or "").strip()
            if content:
                with found.each():
                    place = choice.place.down("/message")
                    if len(thought) < _LONG:
                        continue
                    if thought == content:
                        raise broken("reasoning apart from the answer", f"the same in both: {shown(text, 80)}", place)
                    if content.startswith(thought) and sum(map(str.isalpha, thought)) >= _PROSE:
                        raise broken(
                            "the answer only in content", f"the reasoning as well: {shown(thought, 80)}", place
                        )
