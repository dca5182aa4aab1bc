"""One row for each operation of an API: everything that is known of it stands there, and nowhere else.

A second API is its rows, its views and its schemas. Whoever wants to know something of an operation asks the registry
(`conformance.api.registry`) for its row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from conformance.api.answer import Answer
from conformance.wire.sse import SseEvent

MODEL = "{model}"
"""Stands in a path for the name of a model."""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The event that ends a stream: by its data, or by its type (the field `event:`)."""

    data: str = ""
    type: str = ""

    def is_end(self, event: SseEvent) -> bool:
        """Whether an event ends the stream."""
        return event.data.strip() == self.data if self.data else event.event == self.type


@dataclass(frozen=True, slots=True)
class UsageFields:
    """What the counts of tokens are called, and the members (from the outside in) of the objects that hold them."""

    prompt: str = "prompt_tokens"
    completion: str = "completion_tokens"
    total: str = "total_tokens"
    places: tuple[tuple[str, ...], ...] = (("usage",),)


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """The header that carries the key, and the word before it; `conformance.secrets` must know it by its name."""

    name: str = "Authorization"
    scheme: str = "Bearer"

    def value(self, key: str) -> str:
        """The header's value for a key."""
        return f"{self.scheme} {key}" if self.scheme else key


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One operation of an API.

    `path` is relative to the base URL and may hold `{model}`; it is empty where a profile says it. `view` reads what
    comes back whole, `stream_view` what comes as events, and `shared_view` is the face that both have in common; their
    `kind` is what a scenario `expects`, and the name that checks ask by.
    """

    name: str
    api: str
    view: type[Answer]
    stream_view: type[Answer] | None = None
    shared_view: type[Answer] | None = None
    method: str = "POST"
    path: str = ""

    schema_folder: str = ""  # of all its schemas: absolute, or below schemas/; the API's own by default
    request_schema: str = ""  # the name of its file without `.schema.json`
    body_schemas: tuple[str, ...] = ()  # of what comes back whole, and of its parts
    event_schemas: tuple[str, ...] = ()
    body_in_stream: bool = False  # whether a stream holds the whole body too, in its last event

    generates: bool = True  # whether tokens are made: else an answer costs none
    prompt_members: tuple[str, ...] = ()  # the request's members that cost tokens; the first must be there
    limit_fields: tuple[str, ...] = ()  # what its output limit may be called, the usual name first
    limit_by_profile: bool = False  # whether a profile may say which of these it is
    usage: UsageFields = field(default_factory=UsageFields)
    key_header: KeyHeader = field(default_factory=KeyHeader)
    end: StreamEnd = field(default_factory=StreamEnd)

    foreign_base: str = ".*?"  # a pattern of what stands before the path in a URL that another tool recorded
    objects: tuple[str, ...] = ()  # what the `object` of its answers is: it tells of a request whose URL was scrubbed
    told_by: str = ""  # a member without which a JSON request to this path is one of another API

    @property
    def plain(self) -> str:
        """What a request `expects` whose answer comes whole."""
        return self.view.kind

    @property
    def streamed(self) -> str | None:
        """What a request `expects` whose answer comes as events; None where none does."""
        return self.stream_view.kind if self.stream_view else None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What a request to it may `expect`."""
        return (self.plain, self.streamed) if self.streamed else (self.plain,)

    @property
    def folder(self) -> str:
        """The folder of its schemas: absolute, or below schemas/."""
        return self.schema_folder or self.api

    @property
    def request_schema_file(self) -> str:
        """The schema file of its requests, absolute or below schemas/; empty where it has none."""
        return f"{self.folder}/{self.request_schema}.schema.json" if self.request_schema else ""

    @property
    def views_of_schemas(self) -> dict[str, str]:
        """In which view the documents of each of its schemas are found."""
        whole = self.shared_view if self.body_in_stream and self.shared_view else self.view
        events = self.stream_view or self.view
        return dict.fromkeys(self.body_schemas, whole.kind) | dict.fromkeys(self.event_schemas, events.kind)

    @cached_property
    def _template(self) -> str:
        return re.escape(self.path).replace(re.escape(MODEL), "(?P<model>[^:]+)")

    @cached_property
    def foreign_url(self) -> re.Pattern[str]:
        """What the path of a foreign URL looks like: groups `base`, `path` and, where the path holds one, `model`."""
        return re.compile(f"(?P<base>{self.foreign_base})(?P<path>{self._template})/?", re.DOTALL)

    def serves(self, method: str, path: str) -> bool:
        """Whether a request of this method to this path, a query aside, is one to this operation."""
        return bool(self.path) and method == self.method and bool(re.fullmatch(self._template, path.partition("?")[0]))

    def limit_field(self, by_profile: str) -> str:
        """What the output limit is called, given the word of the profile."""
        return by_profile if self.limit_by_profile or not self.limit_fields else self.limit_fields[0]
