"""Tools in a request and calls in an answer: what was declared, what was demanded, what was called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.api.chat.folding import FoldedCall
from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.stream import ChatStream
from conformance.model import Request
from conformance.model.location import Location
from conformance.wire import strict_json

CUT = ("length", "content_filter")
"""Finish reasons of answers that are not whole."""


@dataclass(frozen=True)
class Called:
    """One tool call of an answer; `value` is its object as it stands there, or folded from a stream."""

    value: dict[str, Any]
    choice: Choice
    place: Location

    @property
    def id(self) -> Any:
        """Its id, as it stands there."""
        return self.value.get("id")

    @property
    def function(self) -> dict[str, Any]:
        """Its function object, or an empty one."""
        function = self.value.get("function")
        return function if isinstance(function, dict) else {}

    @property
    def name(self) -> Any:
        """The function's name, as it stands there."""
        return self.function.get("name")

    @property
    def arguments(self) -> str | None:
        """The arguments as text, or None where they are no text."""
        arguments = self.function.get("arguments")
        return arguments if isinstance(arguments, str) else None

    @cached_property
    def document(self) -> strict_json.Document:
        """The arguments as strict JSON."""
        return strict_json.parse_json(self.arguments or "")


def calls_of(reply: Reply) -> Iterator[Called]:
    """The calls of an answer, over all its choices."""
    for choice in reply.choices:
        for number, value in enumerate(choice.tool_calls):
            yield Called(value, choice, choice.place.down(f"/message/tool_calls/{number}"))


def streamed_calls(reply: Reply) -> list[FoldedCall]:
    """The calls of a stream with their fragments, over all its choices; nothing for an answer that is no stream."""
    choices = reply.folded.choices.values() if isinstance(reply, ChatStream) else ()
    return [call for choice in choices for call in choice.calls.values()]


def declared_functions(request: Request) -> dict[str, dict[str, Any]]:
    """The functions that a request declares, by name."""
    tools = request.param("tools", [])
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return {str(one["name"]): one for one in functions if isinstance(one, dict) and one.get("name")}


def choice_of(request: Request) -> str:
    """What the request says of calls: `none`, `auto`, `required` or `named`."""
    said = request.param("tool_choice", "auto")
    if isinstance(said, dict):
        return "named" if isinstance(said.get("function"), dict) else "auto"
    return {"any": "required"}.get(str(said), str(said))


def named_function(request: Request) -> str:
    """The function that the request demands by name, or an empty text."""
    said = request.param("tool_choice")
    return str(said["function"].get("name")) if isinstance(said, dict) and choice_of(request) == "named" else ""


def is_call_forced(request: Request) -> bool:
    """Whether a call is demanded, so that the server and not the model's wit decides."""
    return choice_of(request) in {"required", "named"}


def at_limit(reply: Reply) -> bool:
    """Whether the answer may have been cut by its output limit: it is used up, or nobody counted."""
    limit = reply.request.param("max_completion_tokens", reply.request.param("max_tokens"))
    counted = (reply.usage or {}).get("completion_tokens")
    return isinstance(limit, int) and (not isinstance(counted, int) or counted >= limit)
