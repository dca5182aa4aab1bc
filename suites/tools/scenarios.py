"""Conversations with tools, which must look at an answer before they go on."""

from __future__ import annotations

from collections.abc import Generator

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario
from conformance.wire.reply import Completion

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
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
    "tools.roundtrip", purpose="A tool is called, its result sent back.", needs=("tools",), requests=(1, 2), tokens=250
)
def roundtrip(context: Context) -> Generator[Request, Exchange, None]:
    """The second request holds the first answer's message unchanged."""
    asked = {"role": "user", "content": "What is the weather in Paris?"}
    body = {"model": context.model, "messages": [asked], "tools": [WEATHER], "$limit": 100}
    exchange = yield context.request(json={**body, "tool_choice": "required"})
    choices = Completion(exchange).choices
    calls = choices[0].tool_calls if choices else []
    if not calls:
        return
    results = [{"role": "tool", "tool_call_id": call.get("id"), "content": '{"weather": "sunny"}'} for call in calls]
    yield context.request(json={**body, "messages": [asked, choices[0].message, *results]})
