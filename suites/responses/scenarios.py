"""Conversations over the Responses API, which must look at an answer before they go on."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.api.responses.response import ResponseStream
from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request
from conformance.wire import strict_json

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
_DEVELOPER = {"role": "developer", "content": "Answer briefly."}
_EARLIER = [
    {"role": "user", "content": "Say hi."},
    {"role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]},
]
"""What was said before, written as clients write it that keep no id: without id, status and annotations."""


@scenario(
    "responses.conversation",
    purpose="A streamed call of a tool, its result sent back in a longer history, and a turn by previous_response_id.",
    needs=("responses",),
    requests=(3, 9),
    tokens=700,
)
def conversation(context: Context) -> Generator[Request, Exchange, None]:
    """`store` is left out, as the SDKs leave it out, and `strict` is null, as they write it."""
    shared: dict[str, Any] = {"model": context.model, "stream": True, "$limit": 64}
    tools = {"tools": [WEATHER]}
    called = yield _turn(context, {**shared, **tools, "tool_choice": "required"}, [_ASKED])
    if is_refused(called):
        called = yield _turn(context, {**shared, **tools}, [_ASKED], refusable=True)
    if is_refused(called):
        called = yield _turn(context, shared, [_ASKED], refusable=True)
    calls = _whole_calls(called)
    rest = {**shared, **(tools if calls else {})}
    turn = [_ASKED, *_with_results(calls)]
    told = yield _turn(context, rest, [_DEVELOPER, *_EARLIER, *turn], refusable=True)
    if is_refused(told):
        told = yield _turn(context, rest, turn)
        for before in ([_DEVELOPER], _EARLIER) if told.ok else ():
            yield _turn(context, rest, [*before, *turn], refusable=True)
    last = ResponseStream(told).value.get("id")
    if isinstance(last, str):
        yield _after(context, last)
    yield _after(context, NO_RESPONSE)


NO_RESPONSE = "resp_conformance_no_such_response"
"""The id of a response that nobody made."""


def _after(context: Context, previous: str) -> Request:
    """A turn that goes on from a response; from one that nobody made it cannot."""
    unknown = previous == NO_RESPONSE
    return context.request(
        path="/responses",
        json={"model": context.model, "input": "Say hi.", "previous_response_id": previous, "$limit": 16},
        expects="error" if unknown else "response",
        refusable=not unknown,
        invalid="previous_response_id names no response" if unknown else None,
    )


def _whole_calls(called: Exchange) -> list[dict[str, Any]]:
    """The calls of a stream that can be sent back: none where the response was cut, or the arguments are no JSON."""
    stream = ResponseStream(called)
    if stream.value.get("status") not in {None, "completed"}:
        return []
    found = [item for item, _ in stream.items_of("function_call")]
    named = [item for item in found if isinstance(item.get("call_id"), str) and isinstance(item.get("name"), str)]
    return [item for item in named if strict_json.parse_json(str(item.get("arguments"))).whole]


_ABSENT = frozenset({404, 405, 501})
"""Statuses that say that there is no such path, where they come before the key is looked at."""


@scenario(
    "responses.wrong_key",
    purpose="A wrong key beside chat: at the first of responses, text completions and embeddings that is there.",
    requests=(1, 3),
    tokens=20,
    scope="endpoint",
    auth="wrong",
)
def wrong_key(context: Context) -> Generator[Request, Exchange, None]:
    """Servers guard path by path, and forget one."""
    for path, said in (("/responses", "input"), ("/completions", "prompt"), ("/embeddings", "input")):
        limit = {} if path == "/embeddings" else {"$limit": 16}
        answer = yield context.request(
            path=path,
            json={"model": context.model, said: "Say hi.", **limit},
            expects="error",
            auth="wrong",
            invalid="the key is wrong",
        )
        if answer.status not in _ABSENT:
            return


def _turn(context: Context, rest: dict[str, Any], items: list[Any], *, refusable: bool = False) -> Request:
    """A turn with these items; one with more than the call and its result may be refused, and is then taken apart."""
    return context.request(
        path="/responses", json={**rest, "input": items}, expects="response_stream", refusable=refusable
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
