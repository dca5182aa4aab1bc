"""Embeddings are asked of a model that makes them, which is seldom the model under test."""

from __future__ import annotations

from collections.abc import Generator

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario

TEXTS = ["Say hi.", "Say hi.", "The train to Paris leaves at noon."]
"""The first two are equal, so that vectors in a wrong order betray themselves."""

_ABSENT = frozenset({404, 405, 501})
"""Statuses that say that there are no embeddings at all."""


@scenario(
    "embeddings.forms",
    purpose="Several texts in base64, a shorter vector, token ids, and an empty text, of a listed embedding model.",
    requests=(1, 4),
    tokens=60,
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
    yield context.request(
        path=path, json={"model": model, "input": TEXTS[0], "dimensions": 64}, expects="embeddings", refusable=True
    )
    yield context.request(path=path, json={"model": model, "input": [[9906, 1917], [1917]]}, expects="embeddings")
    yield context.request(
        path=path, json={"model": model, "input": ""}, expects="error", invalid="the input is an empty text"
    )
