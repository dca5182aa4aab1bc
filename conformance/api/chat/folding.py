"""Folding chat.completion.chunk objects into messages, as a client does; contradictions are noted, never raised.

Every delta is kept with its place, so that a check can look at the pieces as well as at the whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from conformance.model.location import Location
from conformance.text import quote
from conformance.wire import strict_json

REASONING_FIELDS = ("reasoning_content", "reasoning")
"""Names under which vendors stream reasoning text."""

MEDIA_FIELDS = ("audio", "images", "videos")
"""Names under which an answer holds speech or pictures: OpenAI's own, then those of routers."""


@dataclass(slots=True)  # not frozen: one is made for every chunk, and freezing triples what that takes
class Chunk:
    """One JSON object of a stream; `number` counts chunks from 0, `at` is its arrival in seconds or None.

    It is `first` unless a chunk before it is alike, with but another text. `choices` holds the choices that are
    objects, or nothing.
    """

    number: int
    value: dict[str, Any]
    place: Location
    at: float | None = None
    first: bool = True
    choices: list[dict[str, Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        choices = self.value.get("choices")
        self.choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


@dataclass(slots=True)  # not frozen, as a chunk is not
class Delta:
    """One choice of one chunk: `value` is its delta (an empty object where it has none), `choice` the whole.

    `position` is that of the choice among the chunk's objects.
    """

    value: dict[str, Any]
    choice: dict[str, Any]
    chunk: Chunk
    position: int

    @property
    def place(self) -> Location:
        """Where the choice stands."""
        return self.chunk.place.down(f"/choices/{self.position}")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One entry of delta.tool_calls."""

    value: dict[str, Any]
    delta: Delta
    place: Location

    @property
    def function(self) -> dict[str, Any]:
        """Its function object, or an empty one."""
        function = self.value.get("function")
        return function if isinstance(function, dict) else {}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two pieces of a stream that cannot both be true, in words."""

    text: str
    place: Location


@dataclass
class FoldedCall:
    """The fragments of one tool call."""

    index: int
    fragments: list[Fragment] = field(default_factory=list)

    def _first(self, *values: Any) -> Any:
        return next((value for value in values if value), None)

    @property
    def id(self) -> Any:
        """The first id that is not empty."""
        return self._first(*(fragment.value.get("id") for fragment in self.fragments))

    @property
    def name(self) -> Any:
        """The first function name that is not empty."""
        return self._first(*(fragment.function.get("name") for fragment in self.fragments))

    @property
    def arguments(self) -> str:
        """The fragments of the arguments, joined."""
        pieces = (fragment.function.get("arguments") for fragment in self.fragments)
        return "".join(piece for piece in pieces if isinstance(piece, str))

    @property
    def repeats(self) -> Fragment | None:
        """The first fragment that begins with all the arguments before it, where the joined pieces are no JSON.

        The arguments `{}` beside the name are what a gateway begins every call with, and nothing repeats them.
        """
        head = self.fragments[0].function
        if strict_json.parse_json(self.arguments).whole or (head.get("name") and head.get("arguments") == "{}"):
            return None
        before = ""
        for fragment in self.fragments:
            piece = fragment.function.get("arguments")
            if isinstance(piece, str) and piece:
                if before and piece.startswith(before):
                    return fragment
                before += piece
        return None

    @property
    def message(self) -> dict[str, Any]:
        """The call as a non-streaming answer would hold it."""
        kind = self._first(*(fragment.value.get("type") for fragment in self.fragments)) or "function"
        return {"id": self.id, "type": kind, "function": {"name": self.name, "arguments": self.arguments}}


@dataclass
class FoldedChoice:
    """Everything that a stream said of one choice."""

    index: int
    deltas: list[Delta] = field(default_factory=list)
    calls: dict[int, FoldedCall] = field(default_factory=dict)
    finishes: list[tuple[Any, Delta]] = field(default_factory=list)  # every finish_reason that is not null

    @cached_property
    def distinct(self) -> list[Delta]:
        """The deltas without those alike an earlier one: enough for what does not look at the letters of a text."""
        return [delta for delta in self.deltas if delta.chunk.first]

    def pieces(self, name: str) -> list[tuple[str, Delta]]:
        """The strings, empty or not, that the deltas hold for one text member."""
        if name not in self._pieces:
            found = ((delta.value.get(name), delta) for delta in self.deltas)
            self._pieces[name] = [(piece, delta) for piece, delta in found if isinstance(piece, str)]
        return self._pieces[name]

    @cached_property
    def _pieces(self) -> dict[str, list[tuple[str, Delta]]]:
        return {}

    def text(self, name: str) -> str | None:
        """The pieces of one text member joined; None where no delta holds a string there."""
        pieces = self.pieces(name)
        return "".join([piece for piece, _ in pieces]) if pieces else None

    @property
    def reasoning(self) -> str | None:
        """The reasoning text under the first of the vendors' names that is used."""
        return next((text for name in REASONING_FIELDS if (text := self.text(name))), None)

    @property
    def logprobs(self) -> list[Any] | None:
        """The entries of logprobs.content over all chunks; None where no chunk has any logprobs object."""
        objects = [d.choice["logprobs"] for d in self.deltas if isinstance(d.choice.get("logprobs"), dict)]
        if not objects:
            return None
        lists = (one["content"] for one in objects if isinstance(one.get("content"), list))
        return [entry for entries in lists for entry in entries]

    @property
    def finish_reason(self) -> Any:
        """The last finish_reason that is not null."""
        return self.finishes[-1][0] if self.finishes else None

    @property
    def message(self) -> dict[str, Any]:
        """The message as a non-streaming answer would hold it."""
        roles = [delta.value["role"] for delta in self.deltas if delta.value.get("role")]
        message: dict[str, Any] = {"role": roles[0] if roles else None}
        message |= {"content": self.text("content"), "refusal": self.text("refusal")}
        message |= {name: text for name in REASONING_FIELDS if (text := self.text(name)) is not None}
        if self.calls:
            message["tool_calls"] = [self.calls[index].message for index in sorted(self.calls)]
        return message


@dataclass
class FoldedStream:
    """A whole stream: its choices by index, its usage objects, and what contradicts what."""

    choices: dict[int, FoldedChoice] = field(default_factory=dict)
    usages: list[tuple[dict[str, Any], Chunk]] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)


def one_word(value: Any) -> Any:
    """A value that is compared with words: as it stands, but an array or object as text, for sets hold neither."""
    return str(value) if isinstance(value, list | dict) else value


def fold_chunks(chunks: Iterable[Chunk]) -> FoldedStream:
    """Fold the chunks of one stream in the order in which they came."""
    stream = FoldedStream()
    for chunk in chunks:
        usage = chunk.value.get("usage")
        if isinstance(usage, dict):
            stream.usages.append((usage, chunk))
        for position, choice in enumerate(chunk.choices):
            _fold_choice(stream, chunk, position, choice)
    return stream


def _fold_choice(stream: FoldedStream, chunk: Chunk, position: int, choice: dict[str, Any]) -> None:
    index = choice.get("index")
    if isinstance(index, bool) or not isinstance(index, int):
        index = position  # what a tolerant client does
    folded = stream.choices.get(index)
    if folded is None:
        folded = stream.choices[index] = FoldedChoice(index)
    value = choice.get("delta")
    delta = Delta(value if isinstance(value, dict) else {}, choice, chunk, position)
    if folded.finishes and _says_something(delta.value):
        stream.contradictions.append(Contradiction("a delta follows the finish_reason", delta.place))
    folded.deltas.append(delta)
    if delta.value.get("tool_calls"):
        _fold_calls(stream, folded, delta)
    reason = one_word(choice.get("finish_reason"))
    if reason is not None:
        if folded.finishes:
            earlier = folded.finishes[-1][0]
            stream.contradictions.append(
                Contradiction(f"finish_reason {quote(reason)} after finish_reason {quote(earlier)}", delta.place)
            )
        folded.finishes.append((reason, delta))


def _says_something(delta: dict[str, Any]) -> bool:
    return any(delta.get(name) for name in ("content", "refusal", "tool_calls", *REASONING_FIELDS))


def _fold_calls(stream: FoldedStream, folded: FoldedChoice, delta: Delta) -> None:
    calls = delta.value.get("tool_calls")
    for position, value in enumerate(calls if isinstance(calls, list) else []):
        if not isinstance(value, dict):
            continue
        fragment = Fragment(value, delta, delta.place.down(f"/delta/tool_calls/{position}"))
        index = _call_index(folded, value, position)
        call = folded.calls.setdefault(index, FoldedCall(index))
        _note_changes(stream, call, fragment)
        call.fragments.append(fragment)


def _call_index(folded: FoldedChoice, value: dict[str, Any], position: int) -> int:
    """The index that the fragment names; without one, the call of the same id, else a new or the last call."""
    index = value.get("index")
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    same = next((key for key, call in folded.calls.items() if value.get("id") and call.id == value["id"]), None)
    if same is not None:
        return same
    if value.get("id"):
        return len(folded.calls)
    return max(folded.calls, default=position)


def _note_changes(stream: FoldedStream, call: FoldedCall, fragment: Fragment) -> None:
    for name, now, before in (
        ("id", fragment.value.get("id"), call.id),
        ("name", fragment.function.get("name"), call.name),
    ):
        if now and before and now != before:
            text = f"the {name} of tool call {call.index} changes from {quote(before)} to {quote(now)}"
            stream.contradictions.append(Contradiction(text, fragment.place))
