"""The text of a stream: whole, each piece once and in its order, every character intact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from conformance.api.chat.folding import MEDIA_FIELDS, REASONING_FIELDS, Delta, FoldedChoice
from conformance.api.chat.reply import has_ended
from conformance.api.chat.requests import prompt_of
from conformance.api.chat.stream import ChatStream, place_of
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, gather, shown, unblocked
from conformance.checks.heuristics.text_damage import letters_lost
from conformance.checks.heuristics.token_counts import tokens_unseen
from conformance.checks.outcomes import Blocked
from conformance.checks.repetition import NEARLY_ALL
from conformance.checks.wording import list_values
from conformance.model.location import Location
from conformance.wire.sse import SseDefect
from conformance.wire.strict_json import JsonDefect

_NAMES = ("content", "refusal", *REASONING_FIELDS)
_LONG = 60
"""Characters of an answer that a stream should bring in more than one piece."""


def _pieces(choice: FoldedChoice, name: str) -> list[tuple[str, Delta]]:
    """The pieces of one text member that are not empty."""
    return [(piece, delta) for piece, delta in choice.pieces(name) if piece]


def _texts(stream: ChatStream) -> Iterator[tuple[str, list[tuple[str, Delta]]]]:
    """Every text of the stream in its pieces, with its name."""
    for choice in stream.folded.choices.values():
        for name in _NAMES:
            pieces = _pieces(choice, name)
            if pieces:
                yield name, pieces


def _cumulative(pieces: list[str]) -> int:
    """The position where the third piece in a row starts with all of the one before it, and grows; else 0."""
    run = 0
    for position in range(1, len(pieces)):
        before, now = pieces[position - 1 : position + 1]
        run = run + 1 if now.startswith(before) and len(now) > len(before) else 0
        if run == 3:
            return position
    return 0


@check("stream.text")
def test_a_finished_answer_says_something(stream: ChatStream) -> None:
    if stream.broken_off:
        raise Blocked(stream.broken_off)
    ours = bool(stream.exchange.scenario)  # whose prompts let no stop string come first
    applicable(ours or not stream.request.param("stop"), "a stop string may come before all text")
    with gather("no choice came to its own end") as found:
        for choice in stream.folded.choices.values():
            readable = all(isinstance(delta.value.get("content"), str | None) for delta in choice.distinct)
            if has_ended(choice.finish_reason) and readable and any(delta.value for delta in choice.distinct):
                with found.each():
                    shown_otherwise = any(delta.value.get(name) for delta in choice.deltas for name in MEDIA_FIELDS)
                    if not (choice.calls or shown_otherwise or any(choice.text(name) for name in _NAMES)):
                        words, place = "no text at all, and finish_reason stop", choice.deltas[-1].place
                        raise doubtful("an answer", words, place, certain=tokens_unseen(stream), part=NEARLY_ALL)


@check("stream.text.cumulative")
def test_deltas_are_not_cumulative(stream: ChatStream) -> None:
    with gather("no text in several pieces") as found:
        for name, pieces in _texts(stream):
            if len(pieces) > 3:
                with found.each():
                    position = _cumulative([piece for piece, _ in pieces])
                    if position:
                        text, delta = pieces[position]
                        words = f"the whole text so far: {shown(text, 80)}"
                        raise broken("the new piece only", words, delta.place.down(f"/delta/{name}"))


@check("stream.text.repeated")
def test_the_text_is_not_sent_again(stream: ChatStream) -> None:
    _not_restarted(stream)
    with gather("no text in several pieces") as found:
        for name, pieces in _texts(stream):
            if len(pieces) > 3 and not _cumulative([piece for piece, _ in pieces]):
                with found.each():
                    _not_again(name, pieces)


_OPENING = 20
"""Characters by which a text that starts anew is known."""


def _restart(choice: FoldedChoice) -> tuple[Delta, str] | None:
    """A delta with the role again after which the text starts anew, and that text: somebody has tried again."""
    roles = [at for at, delta in enumerate(choice.deltas) if delta.value.get("role")]
    alone = any(at not in roles for at, delta in enumerate(choice.deltas) if [*_contents([delta])])
    for at in roles[1:] if alone and len(roles) <= 3 else ():  # some send the role with every delta
        before, after = ("".join(_contents(part)) for part in (choice.deltas[:at], choice.deltas[at:]))
        if len(before) >= _OPENING // 2 and after.startswith(before[:_OPENING]):
            return choice.deltas[at], after
    return None


def _contents(deltas: list[Delta]) -> Iterator[str]:
    return (text for delta in deltas if isinstance(text := delta.value.get("content"), str) and text)


def _not_restarted(stream: ChatStream) -> None:
    for choice in stream.folded.choices.values() if stream.choices_are_distinct else ():
        again = _restart(choice)
        if again:
            delta, text = again
            words = f"the role again, and the text from its start: {shown(text, 80)}"
            raise broken("each piece once", words, delta.place.down("/delta"))


def _not_again(name: str, pieces: list[tuple[str, Delta]]) -> None:
    so_far = ""
    for position, (piece, delta) in enumerate(pieces):
        if position > 2 and len(piece) >= 12 and piece.strip() == so_far.strip():
            words = f"all of the text again: {shown(piece, 80)}"
            raise broken("each piece once", words, delta.place.down(f"/delta/{name}"))
        so_far += piece


@check("stream.text.doubled")
def test_no_piece_is_sent_twice(stream: ChatStream) -> None:
    unblocked(stream.choices_are_distinct, "choices have no index", by="stream.choice.index")
    with gather("no text of at least six pieces") as found:
        for name, pieces in _texts(stream):
            if len(pieces) > 5:
                with found.each():
                    pairs = list(zip(pieces[::2], pieces[1::2], strict=False))
                    same = [one[0] for one, two in pairs if one[0] == two[0]]
                    if len(same) == len(pairs) and len(set(same)) > 2:
                        words = f"every piece twice: {list_values(piece for piece, _ in pieces[:6])}"
                        raise broken("each piece once", words, pieces[1][1].place.down(f"/delta/{name}"))


@check("stream.text.order", scenario="stream.basic")
def test_the_count_is_in_order(stream: ChatStream) -> None:
    if stream.broken_off:
        raise Blocked(stream.broken_off)
    texts = dict(_texts(stream))
    applicable("content" in texts, "no text")
    pieces = [piece for piece, _ in texts["content"]]
    unblocked(not _cumulative(pieces), "the deltas are cumulative", by="stream.text.cumulative")
    unblocked(
        not any(_restart(choice) for choice in stream.folded.choices.values()),
        "the text starts anew",
        by="stream.text.repeated",
    )
    text = "".join(pieces)
    found = [*re.finditer(r"(?<!\d)\d{1,4}(?!\d)", text)]
    numbers, wanted = [int(one.group()) for one in found], list(range(1, 21))
    counts = [at for at in range(len(numbers)) if numbers[at : at + 20] == wanted]
    if counts:
        for at in counts[1:]:
            if not re.search(r"\w", text[found[at - 1].end() : found[at].start()]):
                raise broken("1 to 20 once, as asked", f"all of it again: {shown(text)}", Location.part("the text"))
        return
    conclusive(len(set(wanted) & set(numbers)) >= 15, f"the model did not count to 20: {shown(text, 80)}")
    conclusive(all(has_ended(choice.finish_reason) for choice in stream.choices), "the count was cut")
    conclusive(numbers != wanted[: len(numbers)], f"the model ended its count early: {shown(text[-40:])}")
    words = "1 to 20 in order, as asked: no piece lost, doubled or out of order"
    raise doubtful(words, shown(text), Location.part("the text"), certain=_has_a_seam(text, numbers))


def _has_a_seam(text: str, numbers: list[int]) -> bool:
    """Whether a count shows that pieces were lost or came again: no model that skips a number writes so."""
    glued = any(before - after > 1 and after > 1 for before, after in pairwise(numbers))
    return glued or not _SMOOTH.fullmatch(text.strip())


_SMOOTH = re.compile(r"(\d{1,4})((?:,\s?)\d{1,4})*\.?")
"""A list of numbers without a seam; where a piece was lost, two commas stand side by side, or two numbers as one."""


@check("stream.text.pieces")
def test_a_long_answer_comes_in_pieces(stream: ChatStream) -> None:
    with gather("no long text") as found:
        for name, pieces in _texts(stream):
            if sum(len(piece) for piece, _ in pieces) >= _LONG and name == "content":
                with found.each():
                    if len(pieces) == 1:
                        words = f"all {len(pieces[0][0])} characters in one"
                        raise broken("the text in several deltas", words, pieces[0][1].place.down("/delta/content"))


@check("stream.text.characters")
def test_no_character_is_cut(stream: ChatStream) -> None:
    invalid = any(flaw.kind is SseDefect.INVALID_UTF8 for flaw in stream.stream.flaws)
    unblocked(not invalid, "the bytes are not UTF-8", by="stream.utf8")
    asked = stream.request.body or b""
    applicable("\ufffd".encode() not in asked and b"\\ufffd" not in asked.lower(), "the prompt holds U+FFFD")
    with gather("no character beyond ASCII") as found:
        for event, document in stream.payloads:
            halves = [flaw for flaw in document.flaws if flaw.kind is JsonDefect.LONE_SURROGATE]
            if halves:
                with found.each():
                    raise broken("whole characters", halves[0].text, place_of(event))
        for choice in stream.folded.choices.values():
            for name in _NAMES:
                pieces = _pieces(choice, name)
                certain = letters_lost(prompt_of(stream.request), "".join(piece for piece, _ in pieces))
                for piece, delta in pieces[:-1] if choice.finish_reason == "length" else pieces:
                    if not piece.isascii():
                        with found.each():
                            _whole_characters(piece, delta.place.down(f"/delta/{name}"), certain=certain)


def _whole_characters(piece: str, place: Location, *, certain: bool) -> None:
    if "\ufffd" in piece:
        raise doubtful("whole characters", f"U+FFFD in {shown(piece, 60)}", place, certain=certain, part=NEARLY_ALL)
