"""Streamed tool calls: what each fragment holds, and that the fragments add up."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from conformance.api.chat.folding import Delta, FoldedCall, FoldedChoice, Fragment
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import declared_functions, streamed_calls
from conformance.checks.check import check
from conformance.checks.expectations import Findings, applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.heuristics.midstream_errors import excuse
from conformance.checks.wording import list_values, name_value
from conformance.model import Request
from conformance.model.location import Location

_LONG = 40
"""Characters that no server makes in one step."""


def _has_tools(request: Request) -> bool:
    return bool(declared_functions(request)) and request.invalid is None


def _firsts(stream: ChatStream, found: Findings, name: str, *, inside: bool) -> None:
    """The first fragment of each call carries a member, a string that is not empty."""
    for call in streamed_calls(stream):
        first = call.fragments[0]
        holder = first.function if inside else first.value
        with found.each():
            if not isinstance(holder.get(name), str) or not holder[name]:
                _all_read(stream)
                late = next((at for at, one in enumerate(call.fragments) if _holds(one, name, inside=inside)), None)
                actual = name_value(holder[name]) if name in holder else "it is missing"
                actual += f", and comes with fragment {late + 1}" if late else ""
                where = f"/function/{name}" if inside else f"/{name}"
                raise broken(f"`{name}` in the first fragment of call {call.index}", actual, first.place.down(where))


def _all_read(stream: ChatStream) -> None:
    """What is missing may stand in an event that clients cannot read: another requirement tells of that."""
    unblocked(not stream.lost, stream.lost)


def _holds(fragment: Fragment, name: str, *, inside: bool) -> bool:
    return bool((fragment.function if inside else fragment.value).get(name))


@check("tools.delta.id", when=_has_tools)
def test_the_first_fragment_has_an_id(stream: ChatStream) -> None:
    with gather("nothing was called") as found:
        _firsts(stream, found, "id", inside=False)


@check("tools.delta.name", when=_has_tools)
def test_the_first_fragment_has_a_name(stream: ChatStream) -> None:
    with gather("nothing was called") as found:
        _firsts(stream, found, "name", inside=True)


@check("tools.delta.type", when=_has_tools)
def test_the_first_fragment_has_a_type(stream: ChatStream) -> None:
    with gather("nothing was called") as found:
        for call in streamed_calls(stream):
            for number, fragment in enumerate(call.fragments):
                kind = fragment.value.get("type")
                with found.each():
                    if number == 0 or kind is not None:
                        if kind is None:
                            _all_read(stream)
                        expect(kind, at=fragment.place.down("/type")).is_in({"function", "custom"})


def _changed(call: FoldedCall) -> bool:
    return len({str(part.value["id"]) for part in call.fragments if part.value.get("id")}) > 1


def _later(stream: ChatStream) -> Iterator[tuple[str, object, object, Fragment]]:
    """Name, value, earlier value and fragment of each id, type and name that a later fragment carries."""
    for call in streamed_calls(stream):
        seen: dict[str, object] = {}
        for number, fragment in enumerate(call.fragments):
            members = (("id", fragment.value), ("type", fragment.value), ("name", fragment.function))
            for name, holder in members:
                if number and name in holder:
                    yield name, holder[name], seen.get(name), fragment
                if holder.get(name):
                    seen.setdefault(name, holder[name])


def _called(stream: ChatStream) -> None:
    applicable(any(len(call.fragments) > 1 for call in streamed_calls(stream)), "no call of several fragments")


@check("tools.delta.repeated", when=_has_tools)
def test_id_and_name_come_once(stream: ChatStream) -> None:
    _called(stream)
    unblocked(
        not any(_changed(call) for call in streamed_calls(stream)), "ids change within a call", by="tools.delta.changed"
    )
    for name, value, before, fragment in _later(stream):
        if value and value == before and name != "type":
            raise broken(f"`{name}` in the first fragment only", f"{shown(value)} again", fragment.place)


@check("tools.delta.changed", when=_has_tools)
def test_id_and_name_stay_the_same(stream: ChatStream) -> None:
    _called(stream)
    for name, value, before, fragment in _later(stream):
        if value and before and value != before and name != "type":
            raise broken(f"`{name}` stays {shown(before)}", shown(value), fragment.place)


@check("tools.delta.blank", when=_has_tools)
def test_id_and_name_are_never_blank(stream: ChatStream) -> None:
    _called(stream)
    for name, value, _, fragment in _later(stream):
        if value == "" and name != "type":
            raise broken(f"no `{name}` after the first fragment", f'{name}: ""', fragment.place)


@check("tools.delta.null", when=_has_tools)
def test_the_type_is_never_null(stream: ChatStream) -> None:
    _not_null(stream, {"type"})


@check("tools.delta.null.id", when=_has_tools)
def test_id_and_name_are_never_null(stream: ChatStream) -> None:
    _not_null(stream, {"id", "name"})


def _not_null(stream: ChatStream, names: set[str]) -> None:
    _called(stream)
    for name, value, _, fragment in _later(stream):
        if value is None and name in names:
            raise broken(f"no `{name}` after the first fragment", f"{name}: null", fragment.place)


@check("tools.delta.contiguous", when=_has_tools)
def test_indexes_count_from_zero(stream: ChatStream) -> None:
    with gather("no call with an index") as found:
        for choice in stream.folded.choices.values():
            indexes = [part.value.get("index") for call in choice.calls.values() for part in call.fragments]
            used = sorted({one for one in indexes if isinstance(one, int)})
            if used:
                with found.each():
                    place = choice.calls[min(choice.calls)].fragments[0].place.down("/index")
                    if used[0] != 0:
                        raise broken("index 0 for the first call", f"the first call has index {used[0]}, not 0", place)
                    gap = next((after for before, after in pairwise(used) if after != before + 1), None)
                    if gap is not None:
                        words = f"a call of index {gap} after those of {list_values(used[: used.index(gap)])}"
                        raise broken("indexes without a gap", words, place)


def _in_order(choice: FoldedChoice) -> list[tuple[int, Fragment]]:
    """The fragments of all calls as they came, with the indexes of their calls."""
    parts = [(call.index, part) for call in choice.calls.values() for part in call.fragments]
    return sorted(parts, key=lambda one: one[1].delta.chunk.number)


@check("tools.delta.order", when=_has_tools)
def test_calls_come_one_after_the_other(stream: ChatStream) -> None:
    unblocked(
        not any(call.repeats for call in streamed_calls(stream)),
        "arguments are sent again",
        by="tools.delta.repeated_arguments",
    )
    with gather("fewer than two calls") as found:
        for choice in stream.folded.choices.values():
            for (before, _), (now, part) in pairwise(_in_order(choice)):
                with found.each():
                    if now < before:
                        actual = f"a fragment of call {now} after one of call {before}"
                        raise broken("the fragments of one call, then those of the next", actual, part.place)


@check("tools.stream.failed", when=_has_tools)
def test_a_stream_does_not_fail_in_a_call(stream: ChatStream) -> None:
    applicable(streamed_calls(stream), "nothing was called")  # before a call it is stream.failed
    for event in stream.error_events:
        error = event.value["error"]
        excused = excuse(error, tools=True, begun=True)
        conclusive(not excused, f"{excused}: {shown(error)}")
        raise broken("the rest of the call", f"an error: {shown(error)}", event.place)


@check("tools.delta.repeated_arguments", when=_has_tools)
def test_arguments_are_never_repeated(stream: ChatStream) -> None:
    _called(stream)
    for call in streamed_calls(stream):
        if call.repeats is not None:
            piece = shown(call.repeats.function.get("arguments"), 120)
            raise broken("the next piece of the arguments", f"{piece}: all that came before, again", call.repeats.place)


def _again(stream: ChatStream) -> Delta | None:
    """A delta with a tool call that repeats all the text before it."""
    for choice in stream.folded.choices.values():
        text = ""
        for delta in choice.deltas:
            content = delta.value.get("content")
            if isinstance(content, str) and content:
                if content == text and delta.value.get("tool_calls"):
                    return delta
                text += content
    return None


@check("tools.delta.mixed", when=_has_tools)
def test_text_and_calls_come_apart(stream: ChatStream) -> None:
    applicable(streamed_calls(stream), "nothing was called")
    again = _again(stream)
    for part in (part for call in streamed_calls(stream) for part in call.fragments):
        content = part.delta.value.get("content")
        if content and part.delta is not again:
            raise broken("either text or tool calls", f"both, with content {shown(content, 80)}", part.place)


@check("tools.delta.text_repeated", when=_has_tools)
def test_text_is_not_sent_again_with_a_call(stream: ChatStream) -> None:
    applicable(streamed_calls(stream), "nothing was called")
    again = _again(stream)
    if again is not None:
        raise broken("text once", f"{shown(again.value['content'], 80)} again, with a tool call", again.place)


@check("tools.delta.finish", when=_has_tools)
def test_the_finish_comes_in_a_chunk_of_its_own(stream: ChatStream) -> None:
    applicable(streamed_calls(stream), "nothing was called")
    for choice in stream.folded.choices.values():
        for reason, delta in choice.finishes:
            if delta.value.get("tool_calls"):
                raise broken("finish_reason in a chunk after the calls", f"{shown(reason)} beside a call", delta.place)


@check("tools.delta.incremental", when=_has_tools)
def test_arguments_come_in_pieces(stream: ChatStream) -> None:
    with gather("no long arguments") as found:
        for call in streamed_calls(stream):
            if len(call.arguments) >= _LONG:
                with found.each():
                    _in_pieces([part.function.get("arguments") for part in call.fragments], "arguments")


def _in_pieces(pieces: list[object], what: str) -> None:
    sent = [len(one) for one in pieces if isinstance(one, str) and one]
    if len(sent) == 1:
        raise broken(f"{what} in several deltas", f"all {sent[0]} characters in one delta", Location.part("the stream"))
