"""Conversations with tools, which must look at an answer before they go on."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from conformance.api.chat.reply import Completion
from conformance.api.chat.tools import CUT
from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request
from conformance.wire import strict_json

Json = dict[str, Any]
_CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
_WEATHER: Json = {"name": "get_weather", "description": "The weather of a city.", "parameters": _CITY}
_TIME: Json = {"name": "get_time", "description": "The time of day."}  # without `parameters`: it takes none
_NOTHING: Json = {"type": "object", "properties": {}}


def _tool(function: Json, **more: Any) -> Json:
    return {"type": "function", "function": {**function, **more}}


def _user(content: str) -> Json:
    return {"role": "user", "content": content}


def _message(exchange: Exchange) -> Json:
    """The first message of an answer, or an empty one: also where the limit cut it, for half a call is none."""
    choices = Completion(exchange).choices if exchange.ok else ()
    return choices[0].message if choices and choices[0].finish_reason not in CUT else {}


def _sendable(call: Mapping[str, Any]) -> bool:
    function = call.get("function")
    if not isinstance(function, dict) or not call.get("type"):
        return False
    if not strict_json.parse_json(str(function.get("arguments"))).whole:
        return False
    return all(isinstance(one, str) for one in (call.get("id"), function.get("name"), function.get("arguments")))


def _results(message: Mapping[str, Any]) -> list[Json]:
    """A result for each call of a message; none where the message is no message that could be sent."""
    calls = message.get("tool_calls")
    calls = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    ids = [call.get("id") for call in calls]
    spoken = message.get("role") == "assistant" and isinstance(message.get("content"), str | None)
    if not spoken or not all(_sendable(call) for call in calls) or len(set(ids)) < len(ids):
        return []
    return [{"role": "tool", "tool_call_id": call["id"], "content": '{"weather": "sunny"}'} for call in calls]


@scenario(
    "tools.roundtrip",
    purpose="Tools are called, their results sent back with the server's own message; then a call without parameters.",
    needs=("tools",),
    requests=(1, 6),
    tokens=1100,
)
def roundtrip(context: Context) -> Generator[Request, Exchange, None]:
    """The second request holds the first answer's message unchanged.

    `strict: null` is left out where it is refused, and `parameters` are given where their absence is.
    """
    asked = _user("What is the weather in Paris and in Tokyo? Look up both at once.")
    first = {"model": context.model, "messages": [asked], "$limit": 160}
    forced: Json = {"tool_choice": "required"}
    exchange = yield context.request(json={**first, **forced, "tools": [_tool(_WEATHER, strict=None)]})
    refused = not exchange.ok
    if is_refused(exchange):
        exchange = yield context.request(json={**first, **forced, "tools": [_tool(_WEATHER)]})
    if is_refused(exchange):  # perhaps for the sake of tool_choice
        forced = {}
        exchange = yield context.request(json={**first, "tools": [_tool(_WEATHER, strict=None)]})
        refused = not exchange.ok
        if is_refused(exchange):
            exchange = yield context.request(json={**first, "tools": [_tool(_WEATHER)]})
    message = _message(exchange)
    results = _results(message)
    if not results:
        return
    history = [asked, message, *results]
    body = {"model": context.model, "tools": [_tool(_WEATHER)], "$limit": 80}
    exchange = yield context.request(json={**body, "messages": history})
    answer = _message(exchange)
    if refused or not answer.get("content") or answer.get("tool_calls"):
        return
    history = [*history, answer, _user("Thank you.")]
    body |= {**forced, "messages": history}
    exchange = yield context.request(json={**body, "tools": [_tool(_TIME)]})
    if not exchange.ok:
        yield context.request(json={**body, "tools": [_tool(_TIME, parameters=_NOTHING)]})


def _turn(number: int, city: str, **said: Any) -> list[Json]:
    function = {"name": "get_weather", "arguments": f'{{"city": "{city}"}}'}
    call: Json = {"id": f"call_{number}_{city}", "type": "function", "function": function}
    asked = _user(f"What is the weather in {city}?")
    return [
        asked,
        {"role": "assistant", **said, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "sunny"},
    ]


_VARIANTS: dict[str, Json] = {"null": {"content": None}, "empty": {"content": ""}, "absent": {}}


def _everything() -> list[Json]:
    """One conversation with every way to write an earlier call, the last one with two calls and everything in parts."""
    turns: list[Json] = []
    for number, said in enumerate(_VARIANTS.values()):
        turns += [*_turn(number, "Rome", **said), {"role": "assistant", "content": "It is sunny."}]
    asked, called, result = _turn(8, "Oslo", content=[{"type": "text", "text": "I look it up."}])
    _, second, other = _turn(9, "Kyiv")
    called["tool_calls"] += second["tool_calls"]
    result["content"] = [{"type": "text", "text": "rain"}]
    return [*turns, asked, called, result, other]


@scenario(
    "tools.history",
    purpose="Earlier calls in every way that clients write them; one by one only where all together are refused.",
    requests=(1, 5),
    tokens=400,
)
def history(context: Context) -> Generator[Request, Exchange, None]:
    """No call of the model's is needed for it, so that it is sent whatever becomes of them."""
    body = {"model": context.model, "tools": [_tool(_WEATHER)], "$limit": 40}
    exchange = yield context.request(json={**body, "messages": _everything()}, needs=("tools",))
    if exchange.ok:
        return
    taken = False
    for number, said in enumerate(_VARIANTS.values()):
        exchange = yield context.request(json={**body, "messages": _turn(number, "Rome", **said)}, needs=("tools",))
        taken = taken or exchange.ok
    if not taken:  # whether the history is to blame
        yield context.request(json={**body, "messages": [_user("Say hi.")]}, needs=("tools",))
