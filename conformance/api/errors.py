"""Error answers: the status and the body of a request that failed, or should have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from conformance.api.answer import Answer, Trouble, kind_of
from conformance.api.own_words import is_blank
from conformance.api.registry import ERROR
from conformance.model.location import Location
from conformance.text import quote


@dataclass(frozen=True)
class ErrorResponse(Answer):
    """An answer with an error status, or an answer to a request that had to fail."""

    kind: ClassVar[str] = "error"

    @property
    def expected(self) -> bool:
        """Whether the request was made to fail."""
        return self.request.expects == ERROR

    @property
    def members(self) -> dict[str, Any]:
        """The error object, or an empty one."""
        return self.error if isinstance(self.error, dict) else {}

    @property
    def trouble(self) -> tuple[Trouble, str] | None:
        """An error answer is what we want here: only no answer at all is trouble, or a success."""
        if self.exchange.status is None:
            return super().trouble
        if self.exchange.status < 400:
            return Trouble.UNREADABLE, f"HTTP {self.exchange.status} in place of an error"
        return None

    @property
    def readable(self) -> bool:
        """Whether the body is a JSON object or array; a page that begins with a number is none."""
        return self.document.readable and isinstance(self.json, dict | list)

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.exchange.content.decode("utf-8", "replace")

    @property
    def message(self) -> str:
        """error.message in full, or an empty text."""
        message = self.members.get("message")
        return message if isinstance(message, str) else ""

    @property
    def blank(self) -> bool:
        """Whether the message only says that something failed behind the endpoint, not what."""
        return is_blank(self.message)

    @property
    def has_code(self) -> bool:
        """Whether there is an error.code that is a word or null."""
        code = self.members.get("code", 0)
        return code is None or (isinstance(code, str) and re.search("[A-Za-z]", code) is not None)

    @property
    def words(self) -> str:
        """Everything that the body says for people or programs, in lower case: the values of all its strings."""
        return " ".join(_strings(self.json)).lower() if self.readable else self.text.lower()

    @property
    def looks(self) -> str:
        """What the body is instead of an error envelope, in words."""
        text = " ".join(self.text.split())
        if not self.readable:
            page = text[:200].lower().startswith(("<!doctype", "<html", "<?xml", "<head"))
            return f"{'an HTML page' if page else 'text'}: {quote(text, 160)}" if text else "no body at all"
        if isinstance(self.json, list):
            return f"an array: {text[:160]}"
        if "error" not in self.body:
            return f"an object without `error`: {text[:160]}"
        kind = "an empty object" if self.body["error"] == {} else kind_of(self.body["error"])
        return f"`error` is {kind}: {text[:160]}"

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """The error object, under its schema; that there is one is for a check to say."""
        if self.members:
            yield "error", self.members, Location.at("/error")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _strings(below)


def tells_only_of_error(body: bytes) -> bool:
    """Whether a body, or the data of an event, holds an error and no choice; by its words, for it may be broken."""
    return b'"error"' in body and b'"choices"' not in body
