"""Embeddings are asked of a model that makes them, which is seldom the model under test."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

TEXTS = ["Say hi.", "Say hi.", "The train to Paris leaves at noon."]
"""The first two are equal, so that vectors in a wrong order betray themselves."""

MANY = ["hi"] * 40
"""More texts than servers take that limit a batch to 10, 25 or 32; OpenAI takes 2048."""
_SHORTER = 64

_ABSENT = frozenset({404, 405, 501})
"""Statuses that say that there are no embeddings at all."""


@scenario(
    "embeddings.forms",
    purpose="Several texts in base64, many with a shorter vector, token ids, and an empty text, of an embedding model.",
    requests=(1, 8),
    tokens=180,
    scope="endpoint",
)
def forms(context: Context) -> Generator[Request, Exchange, None]:
    """Where no listed model is named like one that embeds, the model under test is asked, and may refuse."""
    model = context.embedding_model or context.model
    path, named = "/embeddings", bool(context.embedding_model)
    exchange = yield context.request(
        path=path,
        json={"model": model, "input": TEXTS, "encoding_format": "base64"},
        expects="embeddings",
        refusable=not named,
    )
    if not exchange.ok and (not named or exchange.status in _ABSENT):
        return
    for form in ({"input": TEXTS}, {"input": TEXTS[0], "encoding_format": "base64"}) if is_refused(exchange) else ():
        yield _asking(context, model, form)
    parts: list[dict[str, Any]] = [{"input": MANY}, {"input": TEXTS[0], "dimensions": _SHORTER}]
    shorter = yield _asking(context, model, {**parts[1], **parts[0]})
    for part in parts if is_refused(shorter) else ():
        yield _asking(context, model, part)
    yield context.request(path=path, json={"model": model, "input": [[72, 73], [73]]}, expects="embeddings")
    yield context.request(
        path=path, json={"model": model, "input": ""}, expects="error", invalid="the input is an empty text"
    )


def _asking(context: Context, model: str, part: dict[str, Any]) -> Request:
    """What a server may refuse for its size."""
    return context.request(path="/embeddings", json={"model": model, **part}, expects="embeddings", refusable=True)
