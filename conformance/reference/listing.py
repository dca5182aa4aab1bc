"""The list of models, one model, capability metadata and the balance."""

from __future__ import annotations

from typing import Any

from conformance.reference.call import Call, Json
from conformance.reference.catalogue import MODELS
from conformance.reference.dialects import Dialect
from conformance.reference.problems import ApiError


def models(call: Call, _dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /models`, with metadata when the query asks for it."""
    detailed = call.query.get("metadata", "").lower() in ("true", "1")
    return {"object": "list", "data": [card.metadata() if detailed else card.entry() for card in MODELS.values()]}


def model(call: Call, _dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /models/{id}`."""
    name = call.path.split("/", 2)[2]
    if name not in MODELS:
        raise ApiError(404, f"The model '{name}' does not exist", "model", "model_not_found")
    return MODELS[name].entry()


def metadata(_call: Call, _dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /model-metadata`."""
    return {"object": "list", "data": [card.metadata() for card in MODELS.values()]}


def balance(_call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /balance`."""
    return dict(dialect.balance or {})
