"""How an endpoint words what the engine says: envelopes, usage placement, omitted members, extra paths. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from conformance.errors import UserError
from conformance.reference.problems import ApiError

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dialect:
    """One provider's way of speaking."""

    name: str
    title: str
    key: str = "sk-reference-0123456789abcdef"
    paths: tuple[str, ...] = ("/chat/completions", "/completions", "/embeddings", "/responses", "/models")
    strict_fields: bool = True  # unknown request fields are refused
    error_members: tuple[str, ...] = ("message", "type", "param", "code")
    error_types: Mapping[int, str] = field(default_factory=dict)  # status -> type, over OpenAI's
    unknown_model_status: int = 404
    usage: str = "asked"  # asked: own chunk with include_usage; finish: on the finish chunk of every stream
    first_delta: Mapping[str, Any] | None = field(
        default_factory=lambda: {"role": "assistant", "content": "", "refusal": None}
    )
    finish_chunk: bool = True
    done: bool = True
    omit_chunk: frozenset[str] = _NOTHING  # members that chunks lack
    omit_chunk_choice: frozenset[str] = _NOTHING
    omit_completion: frozenset[str] = _NOTHING
    omit_choice: frozenset[str] = _NOTHING
    omit_message: frozenset[str] = _NOTHING
    reasoning_alias: bool = False  # the thinking is in `reasoning` as well
    balance: Mapping[str, Any] | None = None  # the body of GET /balance
    headers: Mapping[str, str] = field(default_factory=dict)  # sent with every answer; {model} is filled in
    rate_limit_headers: bool = True
    separator: str = "\n\n"  # what ends an event

    def envelope(self, error: ApiError) -> dict[str, Any]:
        """The error body."""
        members = {
            "message": error.message,
            "type": self.error_types.get(error.status, error.type),
            "param": error.param,
            "code": error.code,
        }
        return {"error": {name: members[name] for name in self.error_members}}


DIALECTS: Mapping[str, Dialect] = {
    each.name: each for each in (Dialect("openai", "OpenAI, as api.openai.com answers"),)
}
"""Every dialect, by name."""


def dialect_named(name: str) -> Dialect:
    """The dialect of that name.

    Raises:
        UserError: there is none; the hint names the nearest.
    """
    if name in DIALECTS:
        return DIALECTS[name]
    near = get_close_matches(name, DIALECTS, 1)
    hint = f"Did you mean {near[0]}?" if near else f"Known dialects: {', '.join(DIALECTS)}."
    raise UserError(f"There is no dialect called {name!r}.", hint)
