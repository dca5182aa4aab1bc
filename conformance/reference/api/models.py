"""The list of models, one model, capability metadata and the balance."""

from __future__ import annotations

from typing import Any

from conformance.reference.api.problems import ApiError
from conformance.reference.dialects import Dialect
from conformance.reference.model_list import MODELS, ModelCard
from conformance.reference.server.call import Call, Json


def models(call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /models`: filtered as the query says, with metadata when it asks for it."""
    detailed = call.query.get("metadata", "").lower() in ("true", "1")
    cards = [card for card in _served(dialect) if _wanted(card, call)]
    return {"object": "list", "data": [card.metadata() if detailed else _entry(card, dialect) for card in cards]}


def _served(dialect: Dialect) -> list[ModelCard]:
    """The models that the dialect has a path for."""
    return [card for card in MODELS.values() if card.kind != "embedding" or "/embeddings" in dialect.paths]


def _wanted(card: ModelCard, call: Call) -> bool:
    query = call.query
    return (
        ("filter" not in query or (query["filter"] == "agents" and card.offers("tools")))
        and query.get("type", card.kind) == card.kind
        and ("capability" not in query or query["capability"] in _capabilities(card))
    )


def _capabilities(card: ModelCard) -> list[str]:
    return [
        card.kind,
        *(["tools"] if card.offers("tools") else []),
        *(["vision"] if "image" in card.modalities else []),
    ]


def _entry(card: ModelCard, dialect: Dialect) -> Json:
    if dialect.entries == "plain":
        return card.entry()
    sized = dialect.entries == "priced"
    return {
        **card.entry(),
        "provider": "reference",
        "model_type": card.kind,
        "display_name": card.id.replace("-", " ").title(),
        "context_length": card.context_length if sized else 0,
        "max_output_tokens": card.max_output_length if sized else 0,
        "capabilities": _capabilities(card),
        "input_price": float(card.prompt_price) * 1e6,
        "output_price": float(card.completion_price) * 1e6,
        "pricing_unit": "per_million_tokens",
        "min_tier": "free",
    }


def model(call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /models/{id}`."""
    name = call.path.split("/", 2)[2]
    if name not in MODELS:
        raise ApiError(404, f"The model '{name}' does not exist", "model", "model_not_found")
    return _entry(MODELS[name], dialect)


def public(_call: Call, _dialect: Dialect, _store: Any) -> list[Json]:
    """The body of FlexAI's public `GET /api/models`: a bare array."""
    return [
        {
            "slug": card.id,
            "model_name": card.id,
            "display_name": card.id.replace("-", " ").title(),
            "category": card.kind,
            "context_window": card.context_length,
            "max_output": card.max_output_length,
            "input_per_mtok": float(card.prompt_price) * 1e6,
            "output_per_mtok": float(card.completion_price) * 1e6,
            "supports": [*card.features, *(["vision"] if "image" in card.modalities else [])],
            "health_status": "healthy",
            "provider": "reference",
        }
        for card in MODELS.values()
    ]


def tools(_call: Call, _dialect: Dialect, _store: Any) -> Json:
    """The body of YuhuanStudio's `GET /responses/tools`: there are none built in here."""
    return {"object": "list", "data": []}


def metadata(_call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /model-metadata`."""
    return {"object": "list", "data": [card.metadata() for card in _served(dialect)]}


def balance(_call: Call, dialect: Dialect, _store: Any) -> Json:
    """The body of `GET /balance`."""
    return dict(dialect.balance or {})
