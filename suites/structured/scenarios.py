"""Structured output together with what not every server takes beside it; what is refused is asked for in parts."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

Json = dict[str, Any]
_TEXT = {"type": "string"}
KEYWORDS: Json = {
    "tags": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 2},
    "score": {"type": "integer", "minimum": 1, "maximum": 5},
    "day": {"type": "string", "format": "date"},
    "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
}
"""Members with keywords that hosts are known to refuse."""


def _object(properties: Json, **more: Any) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
        **more,
    }


_PERSON = _object({"name": _TEXT})
REFERENCES: Json = {
    "owner": {"$ref": "#/$defs/person"},
    "helper": {"anyOf": [{"$ref": "#/$defs/person"}, {"type": "null"}]},
    "kind": {"type": "string", "const": "bug"},
    "steps": {"type": "array", "items": _object({"do": _TEXT})},
}
"""Members as libraries write them that make schemas of classes; nothing stands beside a $ref."""

_DEFS = {"$defs": {"person": _PERSON}}
_PRIORITY = {"type": "string", "enum": ["low", "medium", "high"]}
_ASK = "Acme Corp reports an outage. How urgent is that, and whose is it?"  # without a word of JSON
_TOOL = {"type": "function", "function": {"name": "get_time", "parameters": _object({"city": _TEXT})}}


def _body(context: Context, prompt: str, name: str, schema: Json) -> Json:
    form = {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}
    return {"model": context.model, "messages": [{"role": "user", "content": prompt}], "response_format": form}


@scenario(
    "structured.keywords",
    purpose="A schema with keywords, references and unions; if that is refused, the references and each keyword.",
    needs=("json_schema",),
    requests=(1, 6),
    tokens=840,
)
def keywords(context: Context) -> Generator[Request, Exchange, None]:
    """All in one schema, as none of it hurts the rest; a second refusal is about the references."""
    both, references = _object(KEYWORDS | REFERENCES, **_DEFS), _object(REFERENCES, **_DEFS)
    exchange = yield _tickets(context, both)
    if is_refused(exchange):
        yield _tickets(context, references)
        for name, schema in KEYWORDS.items():
            yield _tickets(context, _object({name: schema}))


def _tickets(context: Context, schema: Json) -> Request:
    body = _body(context, "Invent one very short ticket as JSON.", "keywords", schema)
    return context.request(json={**body, "$limit": 140})


@scenario(
    "structured.truncated",
    purpose="A document by a schema that cannot fit into five tokens, beside a tool that must not be called.",
    needs=("json_schema",),
    requests=(1, 2),
    tokens=10,
)
def truncated(context: Context) -> Generator[Request, Exchange, None]:
    """Where tools are refused beside a response_format, the document alone."""
    body = _body(context, _ASK, "ticket", _object({"priority": _PRIORITY, "company": _TEXT}))
    exchange = yield context.request(json={**body, "tools": [_TOOL], "tool_choice": "none", "max_tokens": 5})
    if is_refused(exchange):
        yield context.request(json={**body, "max_tokens": 5})
