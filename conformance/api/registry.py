"""The surfaces that are known, and what follows from their rows; worked out when a row is registered.

The tables stay the same objects, so that a look at them costs no more than a look into a dict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.api.answer import Answer
from conformance.api.surface import MODEL, KeyHeader, StreamEnd, Surface, UsageFields
from conformance.model import Request

ERROR = "error"
"""What a request `expects` that has to fail, whatever the operation."""

OTHER = "other"
"""What a request `expects` that is none of the operations of an API."""

SURFACES: dict[str, Surface] = {}
"""Every row by its name."""

BY_KIND: dict[str, Surface] = {}
"""The row of what a request `expects`."""

READ_AS: dict[str, type[Answer]] = {}
"""The view of what a request `expects`."""

STREAMS: set[str] = set()
"""What requests `expect` whose answers come as events."""

ASKED_BY: dict[str, frozenset[str]] = {}
"""The views that follow from what a request `expects`: name → what it expects then."""

VIEW_OF_SCHEMA: dict[str, str] = {}
"""The view in which the documents of a schema are found."""


def register(*surfaces: Surface) -> None:
    """Add rows.

    Raises:
        ValueError: its name, a view or a schema of it has the name of another row's.
    """
    for one in surfaces:
        views = {*one.kinds, *([one.shared_view.kind] if one.shared_view else ())}
        taken = (
            {one.name} & {*SURFACES} | views & {*ASKED_BY, ERROR, OTHER} | {*one.views_of_schemas} & {*VIEW_OF_SCHEMA}
        )
        if taken:
            raise ValueError(f"the surface {one.name}: another has {', '.join(sorted(taken))}")
        SURFACES[one.name] = one
        _derive(one)


def withdraw(*names: str) -> None:
    """Take rows out again."""
    kept = [one for name, one in SURFACES.items() if name not in names]
    for table in (SURFACES, BY_KIND, READ_AS, STREAMS, ASKED_BY, VIEW_OF_SCHEMA):
        table.clear()
    register(*kept)


@contextmanager
def hold_surfaces(*surfaces: Surface) -> Iterator[None]:
    """Rows that are known for as long as this lasts."""
    register(*surfaces)
    try:
        yield
    finally:
        withdraw(*(one.name for one in surfaces))


def _derive(one: Surface) -> None:
    BY_KIND.update(dict.fromkeys(one.kinds, one))
    READ_AS[one.plain] = one.view
    ASKED_BY[one.plain] = frozenset({one.plain})
    if one.stream_view:
        READ_AS[one.stream_view.kind] = one.stream_view
        ASKED_BY[one.stream_view.kind] = frozenset({one.stream_view.kind})
        STREAMS.add(one.stream_view.kind)
    if one.shared_view:
        ASKED_BY[one.shared_view.kind] = frozenset(one.kinds)
    VIEW_OF_SCHEMA.update(one.views_of_schemas)


def expectation_of(word: str) -> str:
    """The word itself, where a request may `expect` it.

    Raises:
        ValueError: no surface has it.
    """
    if word not in BY_KIND and word not in {ERROR, OTHER}:
        raise ValueError(f"{word!r} is nothing that a request may expect: {', '.join(expectations())}")
    return word


def expectations() -> tuple[str, ...]:
    """Everything that a request may `expect`."""
    return (*BY_KIND, ERROR, OTHER)


def surface_of(request: Request) -> Surface | None:
    """The row of a request, by what it expects or else by its path; None where it is of no operation."""
    known = BY_KIND.get(request.expects)
    return known or next((one for one in SURFACES.values() if one.serves(request.method, request.path)), None)


def surface_at(path: str) -> Surface | None:
    """The row of a request with a body that goes to this path."""
    return next((one for one in SURFACES.values() if one.serves("POST", path)), None)


def charged_as(request: Request) -> Surface | None:
    """The row by which a request costs tokens: its own, or at a strange path the one whose prompt it holds."""
    body = request.json if isinstance(request.json, dict) else {}
    likely = (one for one in SURFACES.values() if one.generates and one.prompt_members[0] in body)
    return surface_of(request) or (next(likely, None) if request.method == "POST" else None)


def key_header_of(request: Request) -> KeyHeader:
    """The header that carries the key of a request."""
    return (surface_of(request) or _usual()).key_header


def stream_end_of(request: Request) -> StreamEnd:
    """How the stream ends that a request asks for."""
    return (surface_of(request) or _usual()).end


def usage_fields_of(request: Request) -> UsageFields:
    """What the answer to a request calls its counts of tokens."""
    return (surface_of(request) or _usual()).usage


def _usual() -> Surface:
    """The row of requests that are of no operation: the first one, as an endpoint answers such requests somehow."""
    return next(iter(SURFACES.values()))


def surface_of_url(method: str, path: str) -> tuple[Surface, re.Match[str]] | None:
    """The row of a URL's path that another tool recorded, and what of it is base, path and model."""
    ranked = sorted(SURFACES.values(), key=lambda one: -len(one.path))  # a short path may be the end of a long one
    rows = (one for one in ranked if one.path and one.method == method)
    return next(((one, found) for one in rows if (found := one.foreign_url.fullmatch(path))), None)


def operations() -> tuple[str, ...]:
    """The paths of all operations that name no model, the longest first: a short one may be the end of a long one."""
    paths = {one.path for one in SURFACES.values() if one.path and MODEL not in one.path}
    return tuple(sorted(paths, key=lambda path: (-len(path), path)))


def schema_folders() -> tuple[str, ...]:
    """The folders of all schemas, absolute or below schemas/."""
    return tuple(dict.fromkeys(one.folder for one in SURFACES.values()))
