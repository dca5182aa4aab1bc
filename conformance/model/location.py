"""Where in an exchange something stands: data for programs, and words for people made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a location names."""

    NOWHERE = "nowhere"
    STATUS = "status"
    HEADER = "header"  # by its name
    HEADERS = "headers"  # all of them
    BODY = "body"
    POINTER = "pointer"  # a value of the body's JSON
    EVENT = "event"  # of a stream, counted from 1
    CHOICE = "choice"  # of a folded stream, by its index
    BYTES = "bytes"  # a range of the decoded body
    END = "end_of_stream"
    LISTING = "listing"  # an entry of a list of models, by its id
    PART = "part"  # anything else that has a name: `the stream`, `arrival times`


@dataclass(slots=True, unsafe_hash=True)  # not frozen: one is made for every chunk, and freezing triples that
class Location:
    """Where something stands; `str()` names it for people: `event 12 /choices/0`.

    `name` is that of a header, an entry or a part; `index` counts events from 1, choices from 0; `pointer` is a JSON
    pointer inside the rest (a member's name inside an entry); `span` a byte range in the decoded body, where known.
    """

    kind: Kind = Kind.NOWHERE
    name: str = ""
    index: int | None = None
    pointer: str = ""
    span: tuple[int, int] | None = None

    @classmethod
    def status(cls) -> Location:
        """The status line."""
        return cls(Kind.STATUS)

    @classmethod
    def header(cls, name: str) -> Location:
        """A response header, there or missing."""
        return cls(Kind.HEADER, name)

    @classmethod
    def headers(cls) -> Location:
        """The response's headers."""
        return cls(Kind.HEADERS)

    @classmethod
    def body(cls) -> Location:
        """The whole body."""
        return cls(Kind.BODY)

    @classmethod
    def at(cls, pointer: str) -> Location:
        """A value of the body's JSON, by its pointer: `/choices/0/index`."""
        return cls(Kind.POINTER, pointer=pointer)

    @classmethod
    def event(cls, index: int, span: tuple[int, int] | None = None) -> Location:
        """An event of a stream; `index` counts from 1."""
        return cls(Kind.EVENT, index=index, span=span)

    @classmethod
    def choice(cls, index: int) -> Location:
        """A choice of a stream, folded from many events."""
        return cls(Kind.CHOICE, index=index)

    @classmethod
    def byte_range(cls, start: int, end: int) -> Location:
        """A range of the decoded body, `end` excluded."""
        return cls(Kind.BYTES, span=(start, end))

    @classmethod
    def end(cls, name: str = "") -> Location:
        """The end of the stream, where something is missing or goes on; `name` is what else to call it."""
        return cls(Kind.END, name)

    @classmethod
    def listing(cls, entry: str, member: str = "") -> Location:
        """An entry of a list, by its id, or a member of it."""
        return cls(Kind.LISTING, entry, pointer=member)

    @classmethod
    def part(cls, name: str) -> Location:
        """A part of an answer that has a name and no place of its own."""
        return cls(Kind.PART, name)

    def down(self, pointer: str) -> Location:
        """The same location, deeper: `event 12` and `/choices/0` give `event 12 /choices/0`."""
        if not pointer:
            return self
        kind = Kind.POINTER if self.kind is Kind.NOWHERE else self.kind
        return Location(kind, self.name, self.index, self.pointer + pointer, self.span)

    def __str__(self) -> str:
        if self.kind is Kind.LISTING:
            return f"{self.name}: {self.pointer}" if self.pointer else self.name
        return " ".join(word for word in (self._base, self.pointer) if word)

    @property
    def _base(self) -> str:
        if self.kind in {Kind.EVENT, Kind.CHOICE}:
            return f"event {self.index}" if self.kind is Kind.EVENT else f"choice {self.index} of the stream"
        if self.kind is Kind.BYTES:
            return f"byte {self.span[0]}" if self.span else "bytes"
        if self.kind is Kind.HEADER:
            return f"header {self.name}"
        return self.name or _WORDS.get(self.kind, "")

    def to_json(self) -> dict[str, Any]:
        """Kind and whatever else is known, but the span."""
        known = {"name": self.name, "index": self.index, "pointer": self.pointer}
        return {"kind": self.kind.value, **{key: value for key, value in known.items() if value not in {"", None}}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], span: tuple[int, int] | None = None) -> Location:
        """What `to_json` made."""
        return cls(Kind(data["kind"]), data.get("name", ""), data.get("index"), data.get("pointer", ""), span)


_WORDS: Mapping[Kind, str] = {
    Kind.STATUS: "status",
    Kind.HEADERS: "headers",
    Kind.BODY: "the body",
    Kind.END: "the end of the stream",
}
NOWHERE = Location()
