"""The text of an answer: that there is one, and that nothing of the layers below shows in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.api.chat.reply import Choice, Completion, Reply, has_ended
from conformance.api.chat.requests import prompt_of
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, gather, shown
from conformance.checks.heuristics.text_damage import MANGLED, damage, letters_lost
from conformance.checks.heuristics.token_counts import tokens_unseen
from conformance.checks.repetition import NEARLY_ALL
from conformance.checks.wording import tell_member
from conformance.model import Request
from conformance.model.location import Location

_CONTROL = re.compile(
    r"<\|(?:im_(?:start|end)|endoftext|e(?:nd|ot|om)(?:_\w+)?|(?:start|end)_header_id|begin_of_text"
    r"|assistant|user|system|channel|message|start|return|call)\|>|<\|(?:im_(?:start|end)|eot_id|endoftext)\b"
    r"|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<<SYS>>|<\uff5c[^\uff5c>]{1,40}\uff5c>"
    r"|<(?:eos|bos|pad|unk|sop|eop|EOS|EOT|end_of_utterance|unused\d{1,4}|0x[0-9A-F]{2})>|</?assistant>"
    r"|\[(?:EOS|PAD|UNK)\](?=\s*\Z)|\A\s*\[(?:BOS|gMASK)\]|assistant(?:final|analysis|commentary)"
    r"|\A[\u0120\u010a](?!\w)|\A[\u0120\u010a](?=[A-Z](?:[a-z]|\b))|(?<=[a-z.,!?])[\u0120\u010a]|(?<=[a-z])\u2581(?=[a-z])"
)
"""Words of templates and vocabularies; U+0120, U+010A and U+2581 are what vocabularies write for white space."""

_ANY_TOKEN = re.compile(r"<\|[A-Za-z_]{2,40}\|>")
_STRUCK = re.compile(r"(?<!\A)<s>[^<>]*</s>(?!\Z)")
"""Text that is struck out, in HTML: no pair of tokens, which would stand around all of the answer."""

_LEADING_ROLE = re.compile(r"\A\s*(?:assistant\s*(?::|\n)|(?-i:model\n))", re.IGNORECASE)
_NEXT_ROLE = re.compile(r"\n\s*(?:user|human|assistant)\s*:\s*\Z", re.IGNORECASE)
"""The name of a role where a template puts it: before the answer, or before the turn that would follow."""


def _asks_for_text(request: Request) -> bool:
    names = ("stop", "tools", "functions", "response_format")
    return not any(request.param(name) for name in names)


def _texts(reply: Reply) -> Iterator[tuple[str, Location]]:
    for choice in reply.choices:
        if choice.content:
            yield choice.content, choice.place.down("/message/content")


def _cut(reply: Reply) -> set[Location]:
    """Where the texts stand that the limit cut."""
    return {choice.place.down("/message/content") for choice in reply.choices if choice.finish_reason == "length"}


def _says_nothing(choice: Choice) -> bool:
    called = choice.tool_calls or choice.message.get("function_call")
    spoken = choice.refusal or choice.reasoning or choice.media
    return not ((choice.content or "").strip() or called or spoken)


@check("chat.content.text", when=_asks_for_text)
def test_a_finished_answer_holds_text(reply: Reply) -> None:
    with gather("no choice came to its own end") as found:
        for choice in reply.choices:
            content = choice.message.get("content")
            if has_ended(choice.finish_reason) and "content" in choice.message and not isinstance(content, list):
                with found.each():
                    if _says_nothing(choice):
                        counted = (reply.usage or {}).get("completion_tokens")
                        words = f"content {shown(content)}, completion_tokens {shown(counted)}"
                        wanted, place = "text, for the answer ends with stop", choice.place.down("/message")
                        raise doubtful(
                            wanted, words, place, certain=not content and tokens_unseen(reply), part=NEARLY_ALL
                        )


@check("chat.content_filter")
def test_a_blocked_answer_says_why(reply: Reply) -> None:
    with gather("nothing was blocked") as found:
        for choice in reply.choices:
            if choice.finish_reason == "content_filter":
                with found.each():
                    if _says_nothing(choice):
                        words = f"{tell_member(choice.message, 'content')} and no refusal"
                        raise broken("text, or a refusal", words, choice.place.down("/message"))


def _around(text: str, found: re.Match[str]) -> str:
    return shown(text[max(found.start() - 30, 0) : found.end() + 30])


def _token(text: str, request: Request) -> re.Match[str] | None:
    """A control token in a text; where there are tools, rows of theirs look for tokens of any name."""
    text = _STRUCK.sub(lambda found: " " * len(found.group()), text)
    found = _CONTROL.search(text)
    return found or (None if request.param("tools") else _ANY_TOKEN.search(text))


@check("chat.content.control")
def test_no_control_token_shows(reply: Reply) -> None:
    prompt = str(reply.request.json)
    with gather("no text") as found:
        for text, place in _texts(reply):
            with found.each():
                leaked = _token(text, reply.request)
                if leaked and leaked.group() not in prompt:
                    words = f"{shown(leaked.group())} in {_around(text, leaked)}"
                    raise doubtful("the answer's own text", words, place)


def _names_a_role(request: Request, role: str) -> bool:
    """Whether the prompt speaks of the role itself, so that the answer may do so too."""
    messages = request.param("messages", [])
    texts = [one.get("content") for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    return role in str(texts).casefold()


@check("chat.content.role", when=_asks_for_text)
def test_no_role_shows(reply: Reply) -> None:
    cut = _cut(reply)  # a play that the limit cuts may end so
    with gather("no text") as found:
        for text, place in _texts(reply):
            with found.each():
                role = _LEADING_ROLE.search(text) or (None if place in cut else _NEXT_ROLE.search(text))
                if role and not _names_a_role(reply.request, role.group().strip(" \n:").casefold()):
                    words = f"the name of a role: {_around(text, role)}"
                    raise doubtful("the answer alone", words, place)


@check("chat.content.unicode")
def test_no_character_is_broken(reply: Reply) -> None:
    applicable("\ufffd" not in str(reply.request.json), "the prompt holds U+FFFD")
    cut = _cut(reply)
    with gather("no whole text") as found:
        for text, place in _texts(reply):
            if place not in cut:
                with found.each():
                    damaged = re.search("\ufffd|[\ud800-\udfff]", text)
                    if damaged:
                        words = f"a broken one in {_around(text, damaged)}"
                        certain = damaged.group() != "\ufffd" or letters_lost(prompt_of(reply.request), text)
                        raise doubtful("whole characters", words, place, certain=certain)


_REPEAT = re.compile(r"Repeat exactly[^:]{0,40}: ")
_WRITTEN_OTHERWISE = {words: made for words, made in MANGLED.items() if "Latin-1" not in words}
"""Mistakes in the letters but the one that a row of the transport tells."""


@check("chat.content.exact", when=lambda request: _REPEAT.match(prompt_of(request)) is not None)
def test_a_text_comes_back_as_it_is(completion: Completion) -> None:
    line = _REPEAT.sub("", prompt_of(completion.request), count=1)
    texts = [*_texts(completion)]
    applicable(texts, "no text")
    for text, place in texts:
        words = damage(line, text, _WRITTEN_OTHERWISE)
        if words:
            raise broken(f"{shown(line)} as it was sent", f"{words}: {shown(text, 120)}", place)
    conclusive(any(line in text for text, _ in texts), "the answer does not repeat the text")


@check("chat.content.space", when=_asks_for_text)
def test_the_text_begins_without_white_space(reply: Reply) -> None:
    with gather("no text") as found:
        for text, place in _texts(reply):
            with found.each():
                if text[0].isspace():
                    raise doubtful("text that begins with a word", shown(text[:40]), place)
