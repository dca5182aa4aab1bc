"""One request as a scenario asks for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Auth = Literal["key", "none", "wrong"]
"""Which key goes along with a request: the endpoint's own, none, or a wrong one."""

Headers = tuple[tuple[str, str], ...]
"""Header pairs in the order sent; names keep their case, values are latin-1 text."""


@dataclass(frozen=True, slots=True)
class StopRule:
    """When we stop reading on purpose: after so many events, body bytes, or seconds since the first byte."""

    events: int | None = None
    bytes: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Request:
    """One request as a scenario asks for it; `path` is relative to the base URL and may carry a query.

    `expects` says what is asked for, by a word of the table of surfaces (`conformance.api`), `error` or `other`: the
    view of its exchange follows from this, never from what came back. What a recording leaves out are the defaults.
    `auth` says which key goes along: the endpoint's own, none, or a wrong one.
    `invalid` says in words what is wrong with the request on purpose.
    `refusable`: a 4xx with a proper error body is as good an answer as the one expected.
    """

    method: str = "POST"
    path: str = "/chat/completions"
    headers: Headers = ()
    body: bytes | None = None
    expects: str = "completion"
    needs: tuple[str, ...] = ()
    auth: Auth = "key"
    invalid: str | None = None
    refusable: bool = False
    stop: StopRule | None = None

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or None where there is none or it is not JSON."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None

    def param(self, name: str, default: Any = None) -> Any:
        """A top-level member of the JSON body; null counts as absent."""
        value = self.json.get(name) if isinstance(self.json, dict) else None
        return default if value is None else value

    def asks(self, name: str, *, value: Any = True) -> bool:
        """Whether the JSON body sets `name` to `value`."""
        return bool(self.param(name) == value)
