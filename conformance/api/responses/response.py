"""Answers of the Responses API: the object, and the stream of typed events that ends with the object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from conformance.api.answer import Answer, JsonAnswer
from conformance.api.chat.stream import Ending, Framing, place_of
from conformance.api.responses.folding import FoldedResponse, TypedEvent, fold_events
from conformance.model.location import Location

TERMINAL = ("response.completed", "response.incomplete", "response.failed")
"""Types of the event that ends a stream."""

_ITEM_SCHEMAS = {
    "message": "response_message",
    "function_call": "response_function_call",
    "reasoning": "response_reasoning",
}


class ResponseReply(Answer):
    """A response: what `ResponseObject` and `ResponseStream` have in common."""

    kind: ClassVar[str] = "response_reply"

    @property
    def value(self) -> dict[str, Any]:
        """The response object, of a stream the one in its last event; or an empty one."""
        return {}

    @property
    def at(self) -> Location:
        """Where the response object stands."""
        return Location()

    @property
    def finished(self) -> bool:
        """Whether the response says that it is completed or incomplete."""
        return self.value.get("status") in ("completed", "complete", "incomplete")  # hostile values have no hash

    @property
    def emptied(self) -> bool:
        """Whether items were streamed, and the response holds none."""
        return False

    @property
    def items(self) -> list[tuple[dict[str, Any], Location]]:
        """The output items that are objects."""
        output = self.value.get("output")
        return [
            (item, self.at.down(f"/output/{position}"))
            for position, item in enumerate(output if isinstance(output, list) else [])
            if isinstance(item, dict)
        ]

    def items_of(self, kind: str) -> list[tuple[dict[str, Any], Location]]:
        """The output items of one type."""
        return [(item, place) for item, place in self.items if item.get("type") == kind]

    @property
    def parts(self) -> list[tuple[dict[str, Any], Location]]:
        """The content parts of all messages."""
        return [
            (part, place.down(f"/content/{position}"))
            for item, place in self.items_of("message")
            for position, part in enumerate(_list(item.get("content")))
            if isinstance(part, dict)
        ]

    def item_documents(self) -> Iterator[tuple[str, Any, Location]]:
        """The items and texts of the output that have a schema of their own."""
        for item, place in self.items:
            schema = _ITEM_SCHEMAS.get(str(item.get("type")))
            if schema is not None:
                yield schema, item, place
        yield from (("response_text", part, place) for part, place in self.parts if part.get("type") == "output_text")

    @property
    def text(self) -> str:
        """The text of all output_text parts, joined."""
        texts = (part.get("text") for part, _ in self.parts if part.get("type") == "output_text")
        return "".join(text for text in texts if isinstance(text, str))

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage object, or None."""
        usage = self.value.get("usage")
        return usage if isinstance(usage, dict) else None


@dataclass(frozen=True)
class ResponseObject(JsonAnswer, ResponseReply):
    """The answer to a responses request without `stream`."""

    kind: ClassVar[str] = "response"
    schema: ClassVar[str] = "response"

    def _looks_empty(self) -> bool:
        return not self.body.get("output")

    @property
    def value(self) -> dict[str, Any]:
        """The body."""
        return self.body

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """The body, and what it holds."""
        yield from super().documents()
        yield from self.item_documents()


@dataclass(frozen=True)
class ResponseStream(Framing, ResponseReply):
    """The answer to a responses request with `stream: true`."""

    kind: ClassVar[str] = "response_stream"

    def _unreadable(self) -> str:
        words = super()._unreadable()
        return words or ("" if self.typed else "the stream holds no JSON event that a client could read")

    @cached_property
    def typed(self) -> tuple[TypedEvent, ...]:
        """The events but [DONE] whose data is a JSON object."""
        found = ((event, event.document.value) for event, _, _ in self.data_events)
        return tuple(
            TypedEvent(str(value.get("type") or ""), value, event.event, place_of(event))
            for event, value in found
            if isinstance(value, dict)
        )

    def of(self, *types: str) -> list[TypedEvent]:
        """The events of some types."""
        return [one for one in self.typed if one.type in types]

    @property
    def terminal(self) -> TypedEvent | None:
        """The last event that ends a response, or None."""
        ends = self.of(*TERMINAL)
        return ends[-1] if ends else None

    @property
    def failed(self) -> bool:
        """Whether the stream tells of an error."""
        return any(one.type in {"error", "response.failed"} or one.value.get("error") for one in self.typed)

    @property
    def _ends_with_error(self) -> bool:
        return bool(self.typed) and self.typed[-1].type == "error"

    @property
    def finished(self) -> bool:
        """Whether an event ends the response."""
        return self.terminal is not None

    @property
    def whole(self) -> bool:
        """Whether the stream came to an end of its own and tells of no error."""
        ended = self.ending in {Ending.DONE, Ending.AFTER_DONE, Ending.DONE_TWICE, Ending.NO_DONE}
        return ended and not self.failed and not self.lost

    @cached_property
    def folded(self) -> FoldedResponse:
        """The events folded into output items, as a client does."""
        return fold_events(self.typed)

    @property
    def emptied(self) -> bool:
        """Whether items were streamed, and the final response holds none."""
        return bool(self.folded.items) and not self.items

    @property
    def value(self) -> dict[str, Any]:
        """The response object of the last event."""
        return self.terminal.response if self.terminal else {}

    @property
    def at(self) -> Location:
        """The last event."""
        return self.terminal.place.down("/response") if self.terminal else Location.part("the stream")

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """Every event under the schema of events, the final response and the items under their own."""
        yield from (("response_event", one.value, one.place) for one in self.typed)
        if self.value:
            yield "response", self.value, self.at
            yield from self.item_documents()
        for one in self.of("response.output_item.done"):
            item = one.value.get("item")
            schema = _ITEM_SCHEMAS.get(str(item.get("type"))) if isinstance(item, dict) else None
            if schema is not None:
                yield schema, item, one.place.down("/item")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
