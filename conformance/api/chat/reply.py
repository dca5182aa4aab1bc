"""Chat answers, streamed or not, behind one face: choices, usage, text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from conformance.api.answer import Answer, JsonAnswer
from conformance.api.chat.folding import MEDIA_FIELDS, REASONING_FIELDS, one_word
from conformance.model.location import Location

_ENDED = frozenset(
    {"stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "end", "complete", "completed"}
)
"""OpenAI's word for an answer that ended by itself, and what other servers write in its place."""


def has_ended(finish_reason: Any) -> bool:
    """Whether a finish_reason, in whatever vocabulary, says that the answer came to its own end.

    A word that is not OpenAI's is one defect; what else is wrong with the answer is told as well.
    """
    return isinstance(finish_reason, str) and finish_reason.lower() in _ENDED


@dataclass(frozen=True)
class Choice:
    """One choice of an answer: `message` is an object, `logprobs` the list of entries or None."""

    index: Any
    message: dict[str, Any]
    finish_reason: Any
    logprobs: Any
    place: Location

    @property
    def content(self) -> str | None:
        """The text, or None."""
        content = self.message.get("content")
        return content if isinstance(content, str) else None

    @property
    def refusal(self) -> str | None:
        """The refusal text, or None."""
        refusal = self.message.get("refusal")
        return refusal if isinstance(refusal, str) and refusal else None

    @property
    def reasoning(self) -> str | None:
        """The reasoning text under the first vendor name that holds any, or None."""
        texts = (self.message.get(name) for name in REASONING_FIELDS)
        return next((text for text in texts if isinstance(text, str) and text), None)

    @property
    def media(self) -> str | None:
        """The member that holds what the answer says in another form than text, or None."""
        return next((name for name in MEDIA_FIELDS if self.message.get(name)), None)

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """The tool calls that are objects."""
        calls = self.message.get("tool_calls")
        return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []

    @property
    def functions(self) -> list[tuple[str, Any]]:
        """Name and arguments of each called function."""
        functions = (call.get("function") for call in self.tool_calls)
        return [(str(f.get("name")), f.get("arguments")) for f in functions if isinstance(f, dict)]


_LINKS = re.compile(rb'(?<!\\)"(?:annotations|citations|search_results)"\s*:\s*\[\s*[^\]\s]')


def cites_sources(body: bytes) -> bool:
    """Whether a body holds a list of sources that is not empty."""
    named = any(name in body for name in (b"annotations", b"citations", b"search_results"))  # quickly told
    return named and _LINKS.search(body) is not None


def holds_text(value: Any) -> bool:
    """Whether a member holds text, by itself or in an object or a list of objects."""
    if isinstance(value, list):
        return any(holds_text(one) for one in value if isinstance(one, dict))
    if isinstance(value, dict):
        return any(isinstance(one, str) and one.strip() for name, one in value.items() if name != "type")
    return isinstance(value, str) and bool(value.strip())


class Reply(Answer):
    """A chat answer: what `Completion` and `ChatStream` have in common."""

    kind: ClassVar[str] = "reply"

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices, in order of their index for a stream, of appearance otherwise."""
        return ()

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage object, or None."""
        return None

    @property
    def id(self) -> Any:
        """The id, as it stands there."""
        return self.body.get("id")

    @property
    def model(self) -> Any:
        """The model that answered, as it stands there."""
        return self.body.get("model")

    @property
    def usage_place(self) -> Location:
        """Where the usage object stands."""
        return Location.at("/usage")

    @property
    def texts(self) -> frozenset[str]:
        """The names of the members in which its messages hold text."""
        messages = [choice.message for choice in self.choices]
        return frozenset(name for one in messages for name, value in one.items() if holds_text(value))

    @property
    def cites(self) -> bool:
        """Whether sources stand beside the text, whose links a server may have put into it."""
        return cites_sources(self.exchange.content)

    @property
    def broken_off(self) -> str:
        """In words, why what is missing need not be missing: a stream that was cut; empty where all is there."""
        return ""

    @property
    def streamed(self) -> bool:
        """Whether the request asked for a stream."""
        return bool(self.request.param("stream", default=False))


def _entries(logprobs: Any) -> list[Any] | None:
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    return entries if isinstance(entries, list) else None


@dataclass(frozen=True)
class Completion(JsonAnswer, Reply):
    """The answer to a chat request without `stream`."""

    kind: ClassVar[str] = "completion"
    schema: ClassVar[str] = "completion"

    def _looks_empty(self) -> bool:
        return not self.body.get("choices")

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """The choices that are objects; what is missing in them is empty."""
        return tuple(self._choices())

    def _choices(self) -> Iterator[Choice]:
        choices = self.body.get("choices")
        for position, choice in enumerate(choices if isinstance(choices, list) else []):
            if isinstance(choice, dict):
                message, logprobs = choice.get("message"), choice.get("logprobs")
                yield Choice(
                    choice.get("index"),
                    message if isinstance(message, dict) else {},
                    one_word(choice.get("finish_reason")),
                    _entries(logprobs),
                    Location.at(f"/choices/{position}"),
                )

    @property
    def usage(self) -> dict[str, Any] | None:
        """The usage object, or None."""
        usage = self.body.get("usage")
        return usage if isinstance(usage, dict) else None
