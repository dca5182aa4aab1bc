"""What the chunks of a chat stream say of themselves: ids, roles, choices, the finish."""

from __future__ import annotations

from conformance.api.chat.folding import Chunk
from conformance.api.chat.stream import ChatStream
from conformance.checks.check import check
from conformance.checks.expectations import broken, expect, gather, shown, unblocked
from conformance.checks.explanations import APART
from conformance.checks.outcomes import Blocked
from conformance.checks.wording import name_member


def _whole(stream: ChatStream) -> None:
    """What is missing from a stream that broke off is not the stream's fault twice."""
    if stream.broken_off:
        raise Blocked(stream.broken_off)


def _constant(stream: ChatStream, name: str) -> None:
    """Every value of a member that is there, and not empty, is the first one."""
    first: Chunk | None = None
    with gather(f"no chunk with `{name}`") as found:
        for chunk in stream.distinct:
            if chunk.value.get(name):
                first = first or chunk
                with found.each():
                    expect(chunk.value[name], at=chunk.place.down(f"/{name}")).equals(first.value[name])


@check("stream.id.constant")
def test_the_id_stays_the_same(stream: ChatStream) -> None:
    _constant(stream, "id")


@check("stream.created.constant")
def test_the_time_stays_the_same(stream: ChatStream) -> None:
    _constant(stream, "created")


@check("stream.model.constant")
def test_the_model_stays_the_same(stream: ChatStream) -> None:
    _constant(stream, "model")


def _may_be_empty(stream: ChatStream, chunk: Chunk) -> bool:
    """Whether a chunk without a choice carries usage, or is the one that should."""
    if stream.moderates(chunk):
        return True
    if not stream.asked_for_usage:
        return False
    return bool(chunk.value.get("usage")) or (stream.usage is None and chunk.number == stream.last_counted)


@check("stream.choices.empty")
def test_only_usage_comes_without_a_choice(stream: ChatStream) -> None:
    wanted = "a choice, unless it carries the usage that was asked for" if stream.asked_for_usage else "a choice"
    unasked = "choices: [], beside usage that nobody asked for"
    with gather("no chunk") as found:
        bare = [one for one in stream.distinct if one.value.get("choices") == [] and not _may_be_empty(stream, one)]
        found.judged += len(stream.distinct)
        for chunk in bare:
            if chunk.place not in stream.apart:
                with found.each():
                    words = unasked if chunk.value.get("usage") and not stream.asked_for_usage else "choices: []"
                    raise broken(wanted, words, chunk.place.down("/choices"))
    unblocked(not bare, "a chunk without a choice is no chunk at all", by=APART)


@check("stream.choices.range")
def test_indexes_are_below_n(stream: ChatStream) -> None:
    count = max(int(stream.request.param("n", 1)), 1)
    with gather("no choice in any chunk") as found:
        for index, choice in stream.folded.choices.items():
            with found.each():
                words = "0" if count == 1 else f"0 to {count - 1}"
                expect(index, at=choice.deltas[0].place.down("/index")).is_in(range(count), words)


@check("stream.message")
def test_no_choice_has_a_message(stream: ChatStream) -> None:
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            for delta in choice.distinct:
                with found.each():
                    if "message" in delta.choice:
                        words = "next to delta" if "delta" in delta.choice else "in place of delta"
                        raise broken("delta alone", f"a message {words}", delta.place.down("/message"))


@check("stream.role.first")
def test_the_role_comes_first(stream: ChatStream) -> None:
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            first = choice.deltas[0]
            with found.each():
                if first.value.get("role") != "assistant" and first.choice.get("delta") is not None:
                    later = any(delta.value.get("role") for delta in choice.distinct)
                    actual = name_member(first.value, "role") + ("" if later else ", and no role in any later delta")
                    raise broken('"assistant"', actual, first.place.down("/delta/role"))


@check("stream.role.content")
def test_the_first_delta_has_content(stream: ChatStream) -> None:
    with gather("no delta with a role") as found:
        for choice in stream.folded.choices.values():
            first = choice.deltas[0]
            if first.value.get("role"):
                with found.each():
                    wanted = 'content, "" or null, next to the role'
                    expect("content" in first.value, at=first.place.down("/delta")).is_true(wanted, "it is missing")


@check("stream.role.once")
def test_the_role_comes_once(stream: ChatStream) -> None:
    unblocked(stream.choices_are_distinct, "choices have no index", by="stream.choice.index")
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            again = [delta for delta in choice.deltas if delta.value.get("role")][1:]
            with found.each():
                if again:
                    raise broken(
                        "the role in the first delta only", "the role again", again[0].place.down("/delta/role")
                    )


@check("stream.delta.role.null")
def test_the_role_is_never_null(stream: ChatStream) -> None:
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            for delta in choice.distinct:
                with found.each():
                    if "role" in delta.value and delta.value["role"] is None:
                        raise broken('"assistant", or no role', "null", delta.place.down("/delta/role"))


@check("stream.finish")
def test_each_choice_finishes(stream: ChatStream) -> None:
    _whole(stream)
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            with found.each():
                if not any(reason for reason, _ in choice.finishes):
                    what = "none in the whole stream"
                    raise broken("a chunk with a finish_reason", what, choice.deltas[-1].place.down("/finish_reason"))


@check("stream.finish.once")
def test_each_choice_finishes_once(stream: ChatStream) -> None:
    unblocked(not stream.error_events, "the stream tells of an error", by="stream.failed")
    unblocked(stream.choices_are_distinct, "choices have no index", by="stream.choice.index")
    with gather("no choice finishes") as found:
        for choice in stream.folded.choices.values():
            finishes = [(reason, delta) for reason, delta in choice.finishes if reason]
            if finishes:
                with found.each():
                    if len(finishes) > 1:
                        words = f"{len(finishes)}: " + ", ".join(shown(reason) for reason, _ in finishes[:5])
                        place = finishes[1][1].place.down("/finish_reason")
                        raise broken("one finish_reason, on the last delta of the choice", words, place)


@check("stream.finish.last")
def test_nothing_follows_the_finish(stream: ChatStream) -> None:
    members = ("content", "refusal", "tool_calls", "reasoning_content", "reasoning")
    with gather("no choice finishes") as found:
        for choice in stream.folded.choices.values():
            finishes = [delta for reason, delta in choice.finishes if reason]
            if not finishes:
                continue
            late = [delta for delta in choice.deltas if delta.chunk.number > finishes[-1].chunk.number]
            with found.each():
                for delta in late:
                    said = [name for name in members if delta.value.get(name)]
                    if said:
                        words = f"{said[0]} after finish_reason {shown(choice.finish_reason)}"
                        raise broken("nothing more of the choice", words, delta.place.down("/delta"))


@check("stream.finish.empty")
def test_the_finish_carries_no_text(stream: ChatStream) -> None:
    with gather("no choice finishes") as found:
        for choice in stream.folded.choices.values():
            if choice.finishes and choice.finishes[-1][0]:
                delta = choice.finishes[-1][1]
                with found.each():
                    text = delta.value.get("content")
                    if text and len(choice.finishes) == 1:
                        raise broken("an empty delta", f"content {shown(text)}", delta.place.down("/delta/content"))


@check("stream.finish_reason.key")
def test_every_choice_has_a_finish_reason(stream: ChatStream) -> None:
    with gather("no choice in any chunk") as found:
        for choice in stream.folded.choices.values():
            for delta in choice.distinct:
                with found.each():
                    if "finish_reason" not in delta.choice:
                        raise broken("finish_reason, null before the end", "it is missing", delta.place)
