"""Which path answers what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.api import chat, completions, embeddings, models, response_stream, responses
from conformance.reference.api.problems import unknown_path, wrong_method
from conformance.reference.dialects import Dialect
from conformance.reference.server import sending
from conformance.reference.server.call import Call, Json, ServedReply

BASE = "/v1"


@dataclass
class Store:
    """What the server remembers between requests."""

    responses: dict[str, Any] = field(default_factory=dict)


Body = Callable[[Call, Dialect, Store], Any]
Chunks = Callable[[Call, Dialect, Store], list[Json]]
Frames = Callable[[list[Any], Dialect], list[bytes]]


@dataclass(frozen=True)
class Operation:
    """What answers a path and method."""

    surface: str
    body: Body
    chunks: Chunks | None = None
    frames: Frames = sending.data_frames


def _chat(call: Call, dialect: Dialect, _store: Store) -> Json:
    return chat.completion(call, dialect)


def _chat_chunks(call: Call, dialect: Dialect, _store: Store) -> list[Json]:
    return chat.chunks(call, dialect)


_TABLE: dict[str, dict[str, Operation]] = {
    "/chat/completions": {"POST": Operation("chat", _chat, _chat_chunks)},
    "/completions": {"POST": Operation("completions", completions.completion, completions.chunks)},
    "/embeddings": {"POST": Operation("embeddings", embeddings.embeddings)},
    "/responses": {"POST": Operation("responses", responses.response, response_stream.events, response_stream.frames)},
    "/responses/*": {
        "GET": Operation("response", responses.retrieve),
        "DELETE": Operation("response", responses.delete),
    },
    "/models": {"GET": Operation("models", models.models)},
    "/models/*": {"GET": Operation("model", models.model)},
    "/model-metadata": {"GET": Operation("metadata", models.metadata)},
    "/balance": {"GET": Operation("balance", models.balance)},
    "/responses/tools": {"GET": Operation("tools", models.tools)},
    "/api/models": {"GET": Operation("public", models.public)},
}
_OUTSIDE = frozenset({"/api/models"})
"""Paths that lie beside the base."""


def _template(path: str) -> str:
    head, separator, rest = path[1:].partition("/")
    if separator and rest and path not in _TABLE and head in ("models", "responses"):
        return f"/{head}/*"
    return path


def route(call: Call, dialect: Dialect) -> Operation:
    """Finds what answers the call, and writes the surface into it.

    Raises:
        ApiError: 404 for a path that the dialect does not have, 405 for a method that the path does not have.
    """
    whole = call.path
    inside = whole.startswith(f"{BASE}/") and whole.removeprefix(BASE) not in _OUTSIDE
    call.path = whole.removeprefix(BASE) if inside else whole if whole in _OUTSIDE else ""
    if len(call.path) > 1:
        call.path = call.path.rstrip("/")
    template = _template(call.path)
    methods = _TABLE.get(template)
    if methods is None or template.removesuffix("/*") not in dialect.paths:
        raise unknown_path(call.method, whole)
    endpoint = methods.get("GET" if call.method == "HEAD" else call.method)
    call.surface = next(iter(methods.values())).surface if endpoint is None else endpoint.surface
    if endpoint is None:
        allowed = tuple(methods) + (("HEAD",) if "GET" in methods else ())
        raise wrong_method(call.method, whole, (*allowed, "OPTIONS"))
    return endpoint


def preflight(call: Call) -> ServedReply:
    """The answer to a browser that asks whether it may."""
    methods = _TABLE.get(_template(call.path.removeprefix(BASE)), {"GET": None, "POST": None})
    return ServedReply(
        204,
        [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", ", ".join((*methods, "OPTIONS"))),
            (
                "access-control-allow-headers",
                call.headers.get("access-control-request-headers", "authorization, content-type"),
            ),
            ("access-control-max-age", "600"),
        ],
    )
