"""Answers of the legacy /completions, streamed or not, behind one face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from conformance.api.answer import Answer, JsonAnswer
from conformance.api.chat.payloads import Payload
from conformance.api.chat.stream import Ending, Framing, place_of
from conformance.model.location import Location
from conformance.wire.sse import SseEvent

_ENDED = frozenset({Ending.DONE, Ending.AFTER_DONE, Ending.DONE_TWICE, Ending.NO_DONE})


@dataclass
class TextChoice:
    """One choice; of a stream everything that its chunks said of it, piece by piece."""

    index: Any
    place: Location
    pieces: list[str] = field(default_factory=list)
    finishes: list[tuple[Any, Location]] = field(default_factory=list)  # every finish_reason that is not null
    logprobs: list[tuple[dict[str, Any], Location]] = field(default_factory=list)
    after_finish: list[Location] = field(default_factory=list)  # text that follows the finish_reason

    @property
    def text(self) -> str:
        """The pieces, joined."""
        return "".join(self.pieces)

    @property
    def finish_reason(self) -> Any:
        """The last finish_reason that is not null."""
        return self.finishes[-1][0] if self.finishes else None

    def add(self, choice: dict[str, Any], place: Location) -> None:
        """Take what one body or chunk says of this choice."""
        text, reason, logprobs = choice.get("text"), choice.get("finish_reason"), choice.get("logprobs")
        if isinstance(text, str) and text:
            self.pieces.append(text)
            self.after_finish += [place] if self.finishes else []
        if reason is not None:
            self.finishes.append((reason, place.down("/finish_reason")))
        if isinstance(logprobs, dict):
            self.logprobs.append((logprobs, place.down("/logprobs")))


class TextReply(Answer):
    """A text completion: what `TextCompletion` and `TextStream` have in common."""

    kind: ClassVar[str] = "text_reply"

    @property
    def choices(self) -> tuple[TextChoice, ...]:
        """The choices, in order of their index for a stream, of appearance otherwise."""
        return ()

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage object, or None."""
        return None

    @property
    def id(self) -> Any:
        """The `id`, of a stream that of its first chunk."""
        return self.body.get("id")

    @property
    def usage_place(self) -> Location:
        """Where the usage object stands."""
        return Location.at("/usage")

    @property
    def prompts(self) -> int:
        """How many prompts the request holds."""
        given = self.request.param("prompt")
        several = isinstance(given, list) and any(isinstance(one, str | list) for one in given)
        return len(given) if several else 1


@dataclass(frozen=True)
class TextCompletion(JsonAnswer, TextReply):
    """The answer to a completions request without `stream`."""

    kind: ClassVar[str] = "text_completion"
    schema: ClassVar[str] = "text_completion"

    def _looks_empty(self) -> bool:
        return not self.body.get("choices")

    @cached_property
    def choices(self) -> tuple[TextChoice, ...]:
        """The choices that are objects."""
        made = []
        for position, choice in _choices(self.body):
            one = TextChoice(choice.get("index"), place := Location.at(f"/choices/{position}"))
            one.add(choice, place)
            made.append(one)
        return tuple(made)

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage object, or None."""
        usage = self.body.get("usage")
        return usage if isinstance(usage, dict) else None


@dataclass(frozen=True)
class TextStream(Framing, TextReply):
    """The answer to a completions request with `stream: true`."""

    kind: ClassVar[str] = "text_stream"

    def _unreadable(self) -> str:
        words = super()._unreadable()
        return words or ("" if self.objects else "the stream holds no JSON event that a client could read")

    @cached_property
    def objects(self) -> tuple[tuple[SseEvent, dict[str, Any]], ...]:
        """The events whose data is a JSON object."""
        seen = next((event.index for event in self.events_of(Payload.DONE)), len(self.events))  # clients stop there
        found = ((event, event.document.value) for event, _, _ in self.data_events if event.index < seen)
        return tuple((event, value) for event, value in found if isinstance(value, dict))

    @cached_property
    def chunks(self) -> tuple[tuple[SseEvent, dict[str, Any]], ...]:
        """The objects that are not bare error events."""
        return tuple((event, one) for event, one in self.objects if one.get("choices") or not one.get("error"))

    @property
    def id(self) -> Any:
        """The `id` of the first chunk."""
        return self.chunks[0][1].get("id") if self.chunks else None

    @property
    def _ends_with_error(self) -> bool:
        return bool(self.objects and self.objects[-1][1].get("error"))

    @property
    def finished(self) -> bool:
        """Whether each choice has a finish reason."""
        return bool(self.choices) and all(choice.finish_reason is not None for choice in self.choices)

    @property
    def whole(self) -> bool:
        """Whether the stream came to an end of its own and tells of no error."""
        return self.ending in _ENDED and len(self.chunks) == len(self.objects) and not self.lost

    @cached_property
    def choices(self) -> tuple[TextChoice, ...]:
        """The choices by their index; a choice without one has the index of its position."""
        found: dict[int, TextChoice] = {}
        for event, chunk in self.chunks:
            for position, choice in _choices(chunk):
                index = choice.get("index")
                index = index if isinstance(index, int) and not isinstance(index, bool) else position
                one = found.setdefault(index, TextChoice(index, Location.choice(index)))
                one.add(choice, place_of(event, f"/choices/{position}"))
        return tuple(found[index] for index in sorted(found))

    @property
    def usages(self) -> list[tuple[SseEvent, dict[str, Any]]]:
        """Every usage object with its event."""
        return [(event, chunk["usage"]) for event, chunk in self.chunks if isinstance(chunk.get("usage"), dict)]

    @property
    def usage(self) -> dict[str, Any] | None:
        """The last usage object of the stream, or None."""
        return self.usages[-1][1] if self.usages else None

    @property
    def usage_place(self) -> Location:
        """The event of the last usage object."""
        return place_of(self.usages[-1][0], "/usage") if self.usages else Location.part("the stream")

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """Every chunk, under the chunk's schema."""
        return (("text_chunk", chunk, place_of(event)) for event, chunk in self.chunks)


def _choices(body: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    choices = body.get("choices")
    return [
        (position, choice)
        for position, choice in enumerate(choices if isinstance(choices, list) else [])
        if isinstance(choice, dict)
    ]
