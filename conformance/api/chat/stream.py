"""Streams: the framing of any event stream, and a chat stream with its chunks folded."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar

from conformance.api.answer import Answer
from conformance.api.chat.folding import Chunk, FoldedStream, fold_chunks
from conformance.api.chat.payloads import DONE, EventData, Payload, is_alien, read_events
from conformance.api.chat.reply import Choice, Reply, cites_sources, holds_text
from conformance.api.own_words import words_in_value
from conformance.api.registry import stream_end_of
from conformance.api.surface import StreamEnd
from conformance.model import Facet, Outcome
from conformance.model.location import Location
from conformance.text import quote
from conformance.wire import sse, strict_json
from conformance.wire.sse import EventStream, Flaw, SseDefect, SseEvent


class Ending(StrEnum):
    """How a stream ended, seen from its bytes and its connection."""

    DONE = "[DONE] once and last"
    AFTER_DONE = "events after [DONE]"
    DONE_TWICE = "[DONE] more than once"
    NO_DONE = "end of the body without [DONE]"
    ERROR = "an error event"
    CUT_SHORT = "connection closed in mid-stream"
    STALLED = "no more bytes on an open connection"
    LIMIT = "more than the harness reads"
    STOPPED = "stopped by the harness"


_ENDINGS = {
    Outcome.CUT_SHORT: Ending.CUT_SHORT,
    Outcome.PROTOCOL_ERROR: Ending.CUT_SHORT,
    Outcome.IDLE_TIMEOUT: Ending.STALLED,
    Outcome.FIRST_BYTE_TIMEOUT: Ending.STALLED,
    Outcome.TOTAL_TIMEOUT: Ending.LIMIT,
    Outcome.BYTE_LIMIT: Ending.LIMIT,
    Outcome.EVENT_LIMIT: Ending.LIMIT,
    Outcome.STOPPED: Ending.STOPPED,
    Outcome.INTERRUPTED: Ending.STOPPED,
}


_CHUNK = "chat.completion.chunk"
_IDENTITY = ("id", "object", "created", "model")


def place_of(event: SseEvent, pointer: str = "") -> Location:
    """Where an event stands; events are counted from 1 for people."""
    place = Location.event(event.index + 1, (event.start, event.end))
    return place.down(pointer) if pointer else place


@dataclass(frozen=True)
class Framing(Answer):
    """Any answer that should be an event stream: its events, its flaws, when each event arrived."""

    kind: ClassVar[str] = "framing"
    _needs_the_whole: ClassVar[bool] = False

    @cached_property
    def stream(self) -> EventStream:
        """The events of the body."""
        return self.exchange.once("as events", lambda: sse.parse_events(self.exchange.content))

    @cached_property
    def end(self) -> StreamEnd:
        """How a stream ends by the API that was asked."""
        return stream_end_of(self.request)

    @cached_property
    def events(self) -> tuple[SseEvent, ...]:
        """The events that clients see, and the one at the end that they miss for want of a blank line, if it is whole.

        What a torn end does not touch can be judged all the same; that it is torn `stream.tail` tells.
        """
        tail = self.stream.tail
        if tail is None or not self._ended or tail.data_lines != 1:
            return self.stream.events
        whole = tail.document.whole and isinstance(tail.document.value, dict)
        return (*self.stream.events, tail) if whole else self.stream.events

    @property
    def torn(self) -> bool:
        """Whether an event at the end cannot be read, for want of its blank line and of more."""
        tail = self.stream.tail
        return tail is not None and tail not in self.events[-1:]

    @cached_property
    def data_events(self) -> tuple[EventData, ...]:
        """The events but those that end the stream."""
        return tuple(one for one in self.data if not self.end.is_end(one.event))

    @cached_property
    def data(self) -> tuple[EventData, ...]:
        """Every event with what its data is."""
        return self.exchange.once("data of events", lambda: read_events(self.events, self.exchange.content))

    @cached_property
    def _by_kind(self) -> dict[Payload, list[SseEvent]]:
        found: dict[Payload, list[SseEvent]] = {}
        for event, kind, _ in self.data:
            found.setdefault(kind, []).append(event)
        return found

    def events_of(self, *kinds: Payload) -> list[SseEvent]:
        """The events whose data is of these kinds, in their order."""
        found = [event for kind in dict.fromkeys(kinds) for event in self._by_kind.get(kind, ())]
        return sorted(found, key=lambda event: event.index) if len(kinds) > 1 else found

    @property
    def stray_lines(self) -> list[Flaw]:
        """Lines without a field of the standard that hold what clients need, and will not see."""
        broken = self.events_of(Payload.RAW_NEWLINE)
        lines = [flaw for flaw in self.stream.flaws if flaw.kind is SseDefect.UNKNOWN_FIELD]
        return [
            flaw
            for flaw in lines
            if ("{" in flaw.text or DONE in flaw.text) and not any(one.start <= flaw.start < one.end for one in broken)
        ]

    @property
    def lost(self) -> str:
        """In words, why clients miss a part of what was sent; empty where they miss nothing."""
        if self.events_of(Payload.RUN_TOGETHER, Payload.RAW_NEWLINE, Payload.OTHER):
            return "an event cannot be read"
        if self.torn and self.stream.tail is not None and self.stream.tail.data.strip() not in {"", DONE}:
            return "the last event is not ended by a blank line"
        return "a line is no field of an event" if self.stray_lines else ""

    @property
    def is_json(self) -> bool:
        """Whether the body is one JSON value instead of an event stream."""
        if self.events:  # parsing a whole stream as JSON costs as much as parsing its events
            return False
        more = any(flaw.kind is strict_json.JsonDefect.TRAILING for flaw in self.document.flaws)
        return self.document.readable and not more

    def _unreadable(self) -> str:
        if not self.exchange.content:
            return "the stream is empty: not one byte came" if self._ended else "no byte came"
        if self.is_json:
            return "JSON in answer to stream: true"
        return ""

    @property
    def _what_instead(self) -> str:
        """In words, what a stream without a JSON event begins with."""
        shown = next((event.data for event in self.events if event.data.strip() not in {"", DONE}), "")
        if shown:
            return f"; the data of the first is {quote(shown, 60)}"
        return f"; it begins {quote(self.exchange.content[:30].decode('utf-8', 'replace'))}"

    @property
    def _ended(self) -> bool:
        return self.exchange.outcome is Outcome.COMPLETE

    @cached_property
    def _arrivals(self) -> tuple[list[int], list[float]]:
        reads = self.exchange.reads
        return list(accumulate(len(read.data) for read in reads)), [read.at for read in reads]

    def arrival(self, event: SseEvent) -> float:
        """When the last byte of an event arrived, in seconds after the request; raises Unrecorded without timing."""
        ends, times = self._arrivals
        return times[min(bisect_left(ends, event.end), len(times) - 1)]

    @cached_property
    def arrivals(self) -> tuple[float, ...]:
        """When the last byte of each event arrived, as `arrival` has it."""
        return self.exchange.once("arrivals of events", self._arrivals_of_events)

    def _arrivals_of_events(self) -> tuple[float, ...]:
        ends, times = self._arrivals
        last = len(times) - 1
        return tuple([times[min(bisect_left(ends, event.end), last)] for event in self.events])

    @cached_property
    def ending(self) -> Ending:
        """How the stream ended; where its end is among the bytes, whatever became of the connection says nothing."""
        by_connection = _ENDINGS.get(self.exchange.outcome)
        done = [event.index for event in self.events if self.end.is_end(event)]
        if by_connection is not None and not done:
            return by_connection
        if len(done) > 1:
            return Ending.DONE_TWICE
        if done:
            return Ending.DONE if done[0] == len(self.events) - 1 else Ending.AFTER_DONE
        return Ending.ERROR if self._ends_with_error else Ending.NO_DONE

    @property
    def _ends_with_error(self) -> bool:
        return False

    @property
    def finished(self) -> bool:
        """Whether the answer that is streamed came to its end by its own word, however the stream then ended."""
        return self.ending in {Ending.DONE, Ending.AFTER_DONE, Ending.DONE_TWICE}


@dataclass(frozen=True)
class ChatStream(Framing, Reply):
    """The answer to a chat request with `stream: true`; JSON in its place is a stream with a defect."""

    kind: ClassVar[str] = "stream"
    _SETTLED: ClassVar[frozenset[str]] = frozenset(
        {"trouble", "ending", "broken_off", "choices", "texts", "cites", "pieces"}
        | {"id", "model", "usage", "usage_place"}
    )

    def _unreadable(self) -> str:
        words = super()._unreadable()
        if words or self.chunks:
            return words
        if self.error_events:
            said = words_in_value(self.error_events[0].value["error"])
            return f"HTTP {self.status} with an error in place of a stream: {said}"
        return f"the stream holds no JSON event that a client could read{self._what_instead}"

    @cached_property
    def payloads(self) -> tuple[tuple[SseEvent, strict_json.Document], ...]:
        """The events but [DONE], without those alike an earlier one, with their data as strict JSON."""
        return tuple((event, event.document) for event, _, first in self.data_events if first)

    @cached_property
    def _objects(self) -> tuple[Chunk, ...]:
        seen = next((event.index for event in self.events_of(Payload.DONE)), len(self.events))
        heard = [one for one in self.data_events if one.event.index < seen]  # clients stop at [DONE]
        found = [(event, event.document.value, first) for event, _, first in heard]
        found = [one for one in found if isinstance(one[1], dict)]
        timed = Facet.READS not in self.exchange.lost and bool(self.exchange.raw)
        at = self.arrivals if timed else [None] * len(self.events)
        return tuple(
            Chunk(number, value, place_of(event), at[event.index], first)
            for number, (event, value, first) in enumerate(found)
        )

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The JSON objects before [DONE] that are neither bare error events nor of another protocol."""
        return tuple(chunk for chunk in self._objects if not _is_error(chunk.value) and not is_alien(chunk.value))

    @cached_property
    def distinct(self) -> tuple[Chunk, ...]:
        """The chunks without those alike an earlier one: enough for what does not look at the letters of a text."""
        return tuple(chunk for chunk in self.chunks if chunk.first)

    @cached_property
    def strays(self) -> tuple[Chunk, ...]:
        """The few chunks that hold next to nothing by which the others say what they are: one defect, not five."""
        lacks = [(chunk, sum(not _names(chunk.value, name) for name in _IDENTITY)) for chunk in self.distinct]
        found = tuple(chunk for chunk, lack in lacks if lack >= len(_IDENTITY) - 1)
        usual = any(not lack for _, lack in lacks)
        return found if usual and 2 * len(found) < len(self.chunks) else ()

    @property
    def apart(self) -> frozenset[Location]:
        """The places of the strays."""
        return frozenset(chunk.place for chunk in self.strays)

    @cached_property
    def aliens(self) -> tuple[Chunk, ...]:
        """The JSON objects without a single member of a chunk."""
        return tuple(chunk for chunk in self._objects if is_alien(chunk.value))

    @cached_property
    def error_events(self) -> tuple[Chunk, ...]:
        """The JSON objects with a truthy `error` member."""
        return tuple(chunk for chunk in self._objects if chunk.value.get("error"))

    @property
    def _ends_with_error(self) -> bool:
        return bool(self.error_events) and self.error_events[-1].number == self._objects[-1].number

    @property
    def finished(self) -> bool:
        """Whether each choice has a finish reason."""
        return bool(self.choices) and all(choice.finish_reason is not None for choice in self.choices)

    @property
    def whole(self) -> bool:
        """Whether the stream came to an end of its own and tells of no error, so that what is missing is missing."""
        return not self.broken_off

    @cached_property
    def broken_off(self) -> str:
        """In words, why what is missing need not be missing; empty where the stream is whole."""
        if self.ending not in {Ending.DONE, Ending.AFTER_DONE, Ending.DONE_TWICE, Ending.NO_DONE}:
            return f"the stream ended with {self.ending.value}"
        if self.error_events:
            return "the stream tells of an error"
        if self.lost or self.hidden:
            return self.lost or "its choices hold `message` in place of `delta`"
        return "" if self.choices_are_distinct else "its choices have no index"

    @cached_property
    def hidden(self) -> bool:
        """Whether all that it says stands in `message`, where clients of streams do not look."""
        choices = [choice for chunk in self.distinct for choice in chunk.choices]
        told = any(isinstance(choice.get("message"), dict) for choice in choices)
        return told and not any(isinstance(choice.get("delta"), dict) for choice in choices)

    @property
    def choices_are_distinct(self) -> bool:
        """Whether the pieces of several choices can be told apart: each has an index, or there is but one choice."""
        choices = (choice for chunk in self.distinct for choice in chunk.choices)
        return self.request.param("n", 1) == 1 or all(type(choice.get("index")) is int for choice in choices)

    @cached_property
    def folded(self) -> FoldedStream:
        """The chunks folded into messages."""
        return fold_chunks(self.chunks)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """The folded choices in order of their index."""
        folded = self.folded.choices
        return tuple(
            Choice(index, one.message, one.finish_reason, one.logprobs, Location.choice(index))
            for index, one in sorted(folded.items())
        )

    @cached_property
    def texts(self) -> frozenset[str]:
        """The names of the members in which its deltas hold text."""
        deltas = [delta.value for choice in self.folded.choices.values() for delta in choice.distinct]
        return frozenset(name for one in deltas for name, value in one.items() if holds_text(value))

    @cached_property
    def cites(self) -> bool:
        """Whether sources stand beside the text."""
        return cites_sources(self.exchange.content)

    @cached_property
    def pieces(self) -> int:
        """How many deltas bring text or a part of a call."""
        choices = self.folded.choices.values()
        texts = sum(bool(piece) for choice in choices for piece, _ in choice.pieces("content"))
        return texts + sum(len(call.fragments) for choice in choices for call in choice.calls.values())

    @cached_property
    def id(self) -> Any:
        """The first id that is not empty."""
        return next((chunk.value["id"] for chunk in self.distinct if chunk.value.get("id")), None)

    @cached_property
    def model(self) -> Any:
        """The first model that is not empty."""
        return next((chunk.value["model"] for chunk in self.distinct if chunk.value.get("model")), None)

    @cached_property
    def usage(self) -> dict[str, Any] | None:
        """The last usage object of the stream, or None."""
        return self.folded.usages[-1][0] if self.folded.usages else None

    @cached_property
    def usage_place(self) -> Location:
        """The event of the last usage object."""
        return self.folded.usages[-1][1].place.down("/usage") if self.folded.usages else Location.part("the stream")

    @property
    def last_counted(self) -> int:
        """The number of the last chunk but those that bring the moderation that was asked for."""
        return next((one.number for one in reversed(self.chunks) if not self.moderates(one)), -1)

    def moderates(self, chunk: Chunk) -> bool:
        """Whether a chunk brings nothing but the moderation that the request asked for, after all else."""
        asked = self.request.param("moderation") is not None
        return asked and bool(chunk.value.get("moderation")) and not chunk.value.get("choices")

    @property
    def asked_for_usage(self) -> bool:
        """Whether the request set stream_options.include_usage."""
        options = self.request.param("stream_options", {})
        return isinstance(options, dict) and options.get("include_usage") is True

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """The chunks, under the chunk's schema; no constraint of it looks at the letters of a text."""
        return (("chunk", chunk.value, chunk.place) for chunk in self.distinct)


def _names(value: dict[str, Any], name: str) -> bool:
    """Whether one of the members by which a chunk says what it is holds anything."""
    return value.get(name) == _CHUNK if name == "object" else bool(value.get(name))


def _is_error(value: dict[str, Any]) -> bool:
    return bool(value.get("error")) and not value.get("choices")
