"""Folding the typed events of a streamed response into output items; contradictions are noted, never raised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance.api.chat.folding import Contradiction
from conformance.model.location import Location
from conformance.text import quote


class Rule(StrEnum):
    """What a contradiction is about."""

    ITEM = "item"  # an output item that is not opened, not closed, or changes its identity
    PART = "part"  # a piece of a content part that was not opened
    TEXT = "text"  # pieces that do not add up to what is said to be the whole
    ARGUMENTS = "arguments"
    CALL = "call"  # a function call whose call_id or name changes between its opening and its end


@dataclass(frozen=True, slots=True)
class TypedEvent:
    """One event: `name` is the SSE field `event:`, `type` the member of the same meaning."""

    type: str
    value: dict[str, Any]
    name: str
    place: Location

    @property
    def response(self) -> dict[str, Any]:
        """Its response object, or an empty one."""
        response = self.value.get("response")
        return response if isinstance(response, dict) else {}


@dataclass
class StreamedItem:
    """One output item: how it was opened and closed, and the pieces of its text by content index."""

    opened: dict[str, Any]
    place: Location
    closed: dict[str, Any] | None = None
    parts: set[int | str] = field(default_factory=set)
    texts: dict[int | str, str] = field(default_factory=dict)
    arguments: str | None = None  # the pieces of the arguments, joined
    ended: set[tuple[str, int | str]] = field(default_factory=set)  # types of closing events, with their content index

    @property
    def text(self) -> str:
        """The streamed text of all parts."""
        return "".join(self.texts.values())


@dataclass
class FoldedResponse:
    """The items by output index, or by their id where events have none, and what contradicts what."""

    items: dict[int | str, StreamedItem] = field(default_factory=dict)
    contradictions: list[tuple[Rule, Contradiction]] = field(default_factory=list)

    @property
    def ordered(self) -> list[tuple[int | str, StreamedItem]]:
        """The items in the order of their indexes; where one has none, in the order in which they were opened."""
        items = list(self.items.items())
        return (
            sorted(items, key=lambda one: str(one[0]).rjust(9)) if all(isinstance(i, int) for i, _ in items) else items
        )

    def note(self, rule: Rule, text: str, place: Location) -> None:
        """Keep a contradiction."""
        self.contradictions.append((rule, Contradiction(text, place)))

    def of(self, rule: Rule) -> list[Contradiction]:
        """The contradictions about one rule."""
        return [one for about, one in self.contradictions if about is rule]


def fold_events(events: Iterable[TypedEvent]) -> FoldedResponse:
    """Fold the events of one stream in the order in which they came."""
    folded = FoldedResponse()
    for event in events:
        step = _STEPS.get(event.type)
        if step is not None:
            step(folded, event)
    return folded


def _key(event: TypedEvent, name: str) -> int | str:
    """An index of an event; what is no integer stands for itself in words."""
    value = event.value.get(name)
    return value if isinstance(value, int) else repr(value)


def _index_of(folded: FoldedResponse, event: TypedEvent) -> int | str:
    """The item that an event is about: its output_index, and where that is missing the id of the item."""
    item = event.value.get("item")
    id_ = event.value.get("item_id") or (item.get("id") if isinstance(item, dict) else None)
    if event.value.get("output_index") is not None or not isinstance(id_, str) or not id_:
        return _key(event, "output_index")
    return next((index for index, one in folded.items.items() if one.opened.get("id") == id_), id_)


def _added(folded: FoldedResponse, event: TypedEvent) -> None:
    index, item = _index_of(folded, event), event.value.get("item")
    if index in folded.items:
        folded.note(Rule.ITEM, f"output_index {quote(index)} is opened twice", event.place)
    folded.items[index] = StreamedItem(item if isinstance(item, dict) else {}, event.place)


def _item_of(folded: FoldedResponse, event: TypedEvent) -> StreamedItem | None:
    index = _index_of(folded, event)
    item = folded.items.get(index)
    if item is None:
        text = f"{event.type} for output_index {quote(index)}, which response.output_item.added did not open"
        folded.note(Rule.ITEM, text, event.place)
        return None
    if item.closed is not None:
        folded.note(Rule.ITEM, f"{event.type} for output_index {index}, which is done already", event.place)
    id_, own = event.value.get("item_id"), item.opened.get("id")
    if id_ and own and id_ != own:
        folded.note(
            Rule.ITEM, f"{event.type} has item_id {quote(id_)}, its item was opened as {quote(own)}", event.place
        )
    return item


def _done(folded: FoldedResponse, event: TypedEvent) -> None:
    item, value = _item_of(folded, event), event.value.get("item")
    if item is None or not isinstance(value, dict):
        return
    for name in ("id", "type"):
        if item.opened.get(name) != value.get(name):
            text = f"the {name} of an item changes from {quote(item.opened.get(name))} to {quote(value.get(name))}"
            folded.note(Rule.ITEM, text, event.place)
    if value.get("type") == "function_call":
        _compare_calls(folded, item.opened, value, event.place)
    item.closed = value


def _compare_calls(folded: FoldedResponse, opened: dict[str, Any], closed: dict[str, Any], place: Location) -> None:
    for name in ("call_id", "name"):
        before, after = opened.get(name), closed.get(name)
        if before != after:
            text = f"the {name} of a call changes from {quote(before)} to {quote(after)}"
            folded.note(Rule.CALL, text, place.down(f"/item/{name}"))


def _part_added(folded: FoldedResponse, event: TypedEvent) -> None:
    item = _item_of(folded, event)
    if item is not None:
        item.parts.add(_key(event, "content_index"))


def _text(folded: FoldedResponse, event: TypedEvent) -> None:
    item, index = _item_of(folded, event), _key(event, "content_index")
    if item is None:
        return
    if index not in item.parts:
        text = f"{event.type} for content_index {quote(index)}, which response.content_part.added did not open"
        folded.note(Rule.PART, text, event.place)
        item.parts.add(index)
    delta = event.value.get("delta")
    item.texts[index] = item.texts.get(index, "") + (delta if isinstance(delta, str) else "")


def _part_done(folded: FoldedResponse, event: TypedEvent) -> None:
    item = _item_of(folded, event)
    if item is not None:
        item.ended.add((event.type, _key(event, "content_index")))


def _text_done(folded: FoldedResponse, event: TypedEvent) -> None:
    item = _item_of(folded, event)
    if item is not None:
        item.ended.add((event.type, _key(event, "content_index")))
    streamed = item.texts.get(_key(event, "content_index"), "") if item else None
    whole = event.value.get("text")
    if streamed is not None and isinstance(whole, str) and whole != streamed:
        text = f"the deltas add up to {quote(streamed, 120)}, {event.type} says {quote(whole, 120)}"
        folded.note(Rule.TEXT, text, event.place)


def _arguments(folded: FoldedResponse, event: TypedEvent) -> None:
    item, delta = _item_of(folded, event), event.value.get("delta")
    if item is not None and isinstance(delta, str):
        item.arguments = (item.arguments or "") + delta


def _arguments_done(folded: FoldedResponse, event: TypedEvent) -> None:
    item, whole = _item_of(folded, event), event.value.get("arguments")
    if item is not None:
        item.ended.add((event.type, 0))
    if item is None or not isinstance(whole, str):
        return
    if item.arguments is not None and item.arguments != whole:
        text = f"the deltas add up to {quote(item.arguments, 120)}, {event.type} says {quote(whole, 120)}"
        folded.note(Rule.ARGUMENTS, text, event.place)


_STEPS = {
    "response.output_item.added": _added,
    "response.output_item.done": _done,
    "response.content_part.added": _part_added,
    "response.content_part.done": _part_done,
    "response.output_text.delta": _text,
    "response.output_text.done": _text_done,
    "response.function_call_arguments.delta": _arguments,
    "response.function_call_arguments.done": _arguments_done,
}
