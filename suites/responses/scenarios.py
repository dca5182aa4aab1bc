"""Conversations over the Responses API, which must look at an answer before they go on."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario
from conformance.wire.responses import ResponseStream

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": None,
}
_ASKED = {"role": "user", "content": "What is the weather in Paris?"}


@scenario(
    "responses.conversation",
    purpose="A streamed call of a tool, its result sent back, and a third turn by previous_response_id.",
    needs=("responses",),
    requests=(3, 3),
    tokens=450,
)
def conversation(context: Context) -> Generator[Request, Exchange, None]:
    """`store` is left out, as the SDKs leave it out, and `strict` is null, as they write it."""
    shared: dict[str, Any] = {"model": context.model, "stream": True, "$limit": 64}
    called = yield context.request(
        path="/responses",
        json={**shared, "input": [_ASKED], "tools": [WEATHER], "tool_choice": "required"},
        expects="response_stream",
    )
    found = [item for item, _ in ResponseStream(called).items_of("function_call")]
    calls = [item for item in found if isinstance(item.get("call_id"), str)]
    told = yield context.request(
        path="/responses",
        json={**shared, "input": [_ASKED, *_with_results(calls)], **({"tools": [WEATHER]} if calls else {})},
        expects="response_stream",
    )
    last = ResponseStream(told).value.get("id")
    yield context.request(
        path="/responses",
        json={
            "model": context.model,
            "input": "Say hi.",
            "previous_response_id": last if isinstance(last, str) else "resp_none",
            "$limit": 16,
        },
        expects="response",
        refusable=True,
    )


def _with_results(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls as the server made them, and a result for each."""
    named = ("type", "call_id", "name", "arguments")
    made = [{name: call.get(name) for name in named} for call in calls]
    results = [
        {"type": "function_call_output", "call_id": call.get("call_id"), "output": '{"weather": "sunny"}'}
        for call in calls
    ]
    return [*made, *results]
