"""What every view shares: the exchange, its strict JSON, and why it may be no answer to what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar

from conformance.api.own_words import words_in_body, words_in_value
from conformance.model import LIMIT_STATUSES, Exchange, Facet, Outcome, Request, Unrecorded
from conformance.model.location import Location
from conformance.wire import strict_json


def read_date(exchange: Exchange) -> float | None:
    """The Date of an answer in seconds since the epoch, or None where it has none that can be read.

    It is the endpoint's own clock: what it says of a time is compared with that, since ours may be wrong.
    """
    value = next((value for name, value in exchange.response_headers if name.lower() == "date"), "")
    parsed = parsedate_tz(value)
    try:
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None


class Trouble(StrEnum):
    """Why an exchange holds no usable answer to what was asked."""

    UNREACHABLE = "unreachable"
    LIMITED = "limited"  # 429 or 503, for ever
    REFUSED = "refused"  # a status that says no to what was asked, whatever body comes with it
    FAILED = "failed"  # any other status outside 2xx
    UNREADABLE = "unreadable"  # 2xx, and the body is not what was asked for
    CUT = "cut"  # the answer did not arrive in full


ABSENT_STATUSES = frozenset({404, 405, 501})
"""Statuses that say that there is no such operation, or nothing there that could answer."""

_NO_REFUSALS = frozenset({401, 403, 408, 425, 429})
"""Client errors that say nothing of what was asked: about keys, or to be tried again."""


@dataclass(frozen=True)
class Answer:
    """Any exchange, read tolerantly; never raises on bad input. Views for one kind of answer derive from it."""

    exchange: Exchange
    kind: ClassVar[str] = "answer"

    @property
    def request(self) -> Request:
        """The request as sent."""
        return self.exchange.request

    @property
    def status(self) -> int | None:
        """The HTTP status, or None where none came."""
        return self.exchange.status

    def header(self, name: str) -> str | None:
        """The first value of a response header, or None."""
        return self.exchange.header(name)

    def lacks(self, name: str) -> bool:
        """Whether a response header did not come; Unrecorded where another tool may have left it out."""
        absent = self.header(name) is None
        if absent and Facet.READS in self.exchange.lost:
            raise Unrecorded(Facet.RESPONSE_HEADERS)
        return absent

    def seconds_from(self, moment: float) -> float:
        """How far a moment lies from when the answer was made, in seconds; raises Unrecorded where that is not known.

        An answer takes its time: whatever lies between its request and its Date is no distance.
        """
        started = self.exchange.started
        date = read_date(self.exchange)
        if date is None:
            return moment - started
        begun = date - self.exchange.headers_at
        return min(0.0, moment - begun) or max(0.0, moment - date)

    @property
    def media_type(self) -> str | None:
        """The Content-Type without parameters in lower case, or None where the header is missing."""
        value = self.header("content-type")
        return None if value is None else value.partition(";")[0].strip().lower()

    @cached_property
    def document(self) -> strict_json.Document:
        """The body as strict JSON."""
        return self.exchange.once("as json", lambda: strict_json.parse_json(self.exchange.content))

    @property
    def json(self) -> Any:
        """The value of the body; None where it is not JSON."""
        return self.document.value

    @property
    def body(self) -> dict[str, Any]:
        """The body's JSON object, or an empty one."""
        return self.json if isinstance(self.json, dict) else {}

    @cached_property
    def error(self) -> Any:
        """The truthy top-level `error` member of the body, or None."""
        return self.body.get("error") or None

    @cached_property
    def trouble(self) -> tuple[Trouble, str] | None:
        """Why this is no usable answer, with words for people; None where it is one."""
        exchange = self.exchange
        if exchange.status is None:
            kind = Trouble.UNREACHABLE if exchange.undelivered else Trouble.FAILED
            return kind, self.said
        if not exchange.ok:
            return self._trouble_of_status(exchange.status)
        if exchange.outcome is not Outcome.COMPLETE and self._needs_the_whole:
            return Trouble.CUT, f"the answer is not whole ({exchange.outcome.value.replace('_', ' ')})"
        unreadable = self._unreadable()
        return (Trouble.UNREADABLE, unreadable) if unreadable else None

    _needs_the_whole: ClassVar[bool] = True

    def _trouble_of_status(self, status: int) -> tuple[Trouble, str]:
        if status in LIMIT_STATUSES:
            return Trouble.LIMITED, self.said
        refused = status in ABSENT_STATUSES or (400 <= status < 500 and status not in _NO_REFUSALS)
        return (Trouble.REFUSED if refused else Trouble.FAILED), self.said

    @property
    def own_words(self) -> str:
        """What the server says of a failure, whatever the shape of its body; empty where it says nothing."""
        if self.exchange.ok:
            return words_in_value(self.error)
        known = self.document.readable and isinstance(self.json, dict | list)
        return words_in_value(self.json) if known else words_in_body(self.exchange.content)

    @property
    def said(self) -> str:
        """Status and the server's own words, or how the answer failed to come."""
        if self.status is None:
            return f"no answer ({self.exchange.outcome.value.replace('_', ' ')})"
        if self.own_words:
            return f"HTTP {self.status}: {self.own_words}"
        bodyless = self.status >= 400 and self.request.method != "HEAD" and not self.exchange.content
        return f"HTTP {self.status} and no body" if bodyless else f"HTTP {self.status}"

    @property
    def refusal(self) -> str:
        """In words, what a refusal says of what was asked for; of a whole operation where the status speaks of it."""
        said = self.trouble[1] if self.trouble else self.said
        if self.status not in ABSENT_STATUSES:
            return said
        path = self.request.path.partition("?")[0]
        more = f": {self.own_words}" if self.own_words else ""
        return f"{self.request.method} {path} answered {self.status}{more}"

    @property
    def error_message(self) -> str:
        """error.message where the body has one, shortened; else an empty text: for programs, see `own_words`."""
        message = self.error.get("message") if isinstance(self.error, dict) else None
        return message[:200] if isinstance(message, str) else ""

    def _unreadable(self) -> str:
        """In words, why a 2xx body is not what was asked for; empty where it is."""
        return ""

    def _unreadable_json(self) -> str:
        if not self.document.readable:
            return f"the body is not JSON ({self.document.flaws[-1].text})"
        return "" if isinstance(self.json, dict) else f"the body is {kind_of(self.json)}, not an object"

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """The bodies in it that have a schema: the schema's name, the value, and where it stands."""
        return iter(())

    @property
    def apart(self) -> frozenset[Location]:
        """The places of documents that one requirement tells of as a whole; what they break hangs on it."""
        return frozenset()

    _SETTLED: ClassVar[frozenset[str]] = frozenset({"trouble"})
    """What the views of a whole run ask of each answer, and what is kept of it."""

    def settle(self) -> None:
        """Work out what a whole run asks for and forget the rest; what is asked for none the less is read again."""
        for name in self._SETTLED:
            getattr(self, name)
        for name in self.__dict__.keys() - self._SETTLED - {"exchange"}:
            del self.__dict__[name]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers that this view is made of: itself, or for a group its members."""
        return (self,)


@dataclass(frozen=True)
class JsonAnswer(Answer):
    """An answer whose body should be one JSON object of a named schema."""

    schema: ClassVar[str] = ""

    def _unreadable(self) -> str:
        words = self._unreadable_json()
        if not words and self.error is not None and self._looks_empty():
            return f"HTTP {self.status} with an error object: {self.own_words}"
        return words

    def _looks_empty(self) -> bool:
        return True

    def documents(self) -> Iterator[tuple[str, Any, Location]]:
        """The body, under the view's own schema."""
        if self.schema:
            yield self.schema, self.json, Location()


def kind_of(value: Any) -> str:
    """A JSON value's type in words: `an array`, `a string`, `null`."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")
