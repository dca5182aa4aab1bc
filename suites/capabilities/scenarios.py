"""The offer of tools, which is made in another form where the first is refused."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

_NAME = "get_weather"
_WEATHER = {
    "type": "function",
    "function": {
        "name": _NAME,
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


@scenario(
    "offer.tools",
    purpose="A call of the one tool is required; refused, it is the model's choice; then the tool is named.",
    offers="tools",
    requests=(1, 3),
    tokens=450,
)
def tools(context: Context) -> Generator[Request, Exchange, None]:
    """Servers that know tools do not all know every tool_choice."""
    asked = [{"role": "user", "content": "What is the weather in Paris?"}]
    body: dict[str, Any] = {"model": context.model, "messages": asked, "tools": [_WEATHER]}
    named = {"type": "function", "function": {"name": _NAME}}
    for choice in ({"tool_choice": "required"}, {}, {"tool_choice": named}):
        exchange = yield context.request(json={**body, **choice, "$limit": 100}, refusable=True)
        if not is_refused(exchange):
            return
