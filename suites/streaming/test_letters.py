"""The letters of a stream: a text to be repeated comes back as it is, and nothing is said that no model says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.api.chat.folding import Delta
from conformance.api.chat.requests import prompt_of
from conformance.api.chat.stream import ChatStream
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown
from conformance.checks.heuristics.text_damage import DROPPED, MANGLED, Mistake, damage
from conformance.model import Request

_REPEAT = "Repeat exactly: "


def _echoes(request: Request) -> bool:
    return prompt_of(request).startswith(_REPEAT)


def _repeated(stream: ChatStream, mistakes: Mapping[str, tuple[Mistake, ...]]) -> None:
    line = prompt_of(stream.request).removeprefix(_REPEAT)
    texts = [(choice.content, choice.place) for choice in stream.choices if choice.content]
    applicable(texts, "no text")
    for text, place in texts:
        words = damage(line, text, mistakes)
        if words:
            raise broken(f"{shown(line)} as it was sent", f"{words}: {shown(text, 120)}", place)
    conclusive(any(line in text for text, _ in texts), "the answer does not repeat the text")


@check("stream.text.exact", when=_echoes)
def test_a_text_comes_back_as_it_is(stream: ChatStream) -> None:
    _repeated(stream, MANGLED)


@check("stream.text.kept", when=_echoes)
def test_no_character_is_dropped(stream: ChatStream) -> None:
    _repeated(stream, DROPPED)


_NOTHING = frozenset({"None", "null", "undefined", "nil", "NaN"})
_NEVER = frozenset({"[DONE]", "[object Object]", "<nil>"})
"""What programs write where there is nothing; the first few are words of a text as well."""


def _prose(request: Request) -> bool:
    return not any(request.param(name) for name in ("response_format", "tools", "functions"))


@check("stream.text.nothing", when=_prose)
def test_no_delta_names_an_empty_value(stream: ChatStream) -> None:
    with gather("no text in several pieces") as found:
        for choice in stream.folded.choices.values():
            pieces = [(piece, delta) for piece, delta in choice.pieces("content") if piece]
            if len(pieces) > 1:
                with found.each():
                    _says_nothing(prompt_of(stream.request), pieces)


def _says_nothing(prompt: str, pieces: list[tuple[str, Delta]]) -> None:
    """An empty value that stands for itself: first or last of the text, and stuck to the word beside it."""
    texts = [piece for piece, _ in pieces]
    begins = texts[1][0].isupper() or texts[1][0].isdigit()  # else the word may go on: Nonetheless
    stuck = {0: begins, len(texts) - 1: re.search(r"[^\W_]\Z", texts[-2])}
    for at, (piece, delta) in enumerate(pieces):
        if piece in prompt:
            continue
        if piece in _NEVER or (piece in _NOTHING and stuck.get(at)):
            words = f"a delta of its own that says {shown(piece)}"
            raise broken("the text alone", words, delta.place.down("/delta/content"))
