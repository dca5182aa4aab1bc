"""Parameters of every kind, tried together; what is refused together is tried one by one."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.catalogue.batched_requests import is_refused, send_together
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

Messages = list[dict[str, str]]
Flow = Generator[Request, Exchange, None]

_HI: Messages = [{"role": "user", "content": "Say hi."}]
_SYSTEM_ONLY: Messages = [{"role": "system", "content": "Say hi."}]
_HALF: Messages = [{"role": "user", "content": "Say hi \ud83d now."}]
_BEGUN: Messages = [
    {"role": "user", "content": "Count from 1 to 9."},
    {"role": "assistant", "content": "1, 2, 3,"},
]
_HALF_AND_BEGUN: Messages = [
    {"role": "user", "content": "Say hi \ud83d now, then count from 1 to 9."},
    {"role": "assistant", "content": "Hi! 1, 2, 3,"},
]
"""Half a character cannot be written as UTF-8; clients that slice strings send it as an escape."""

_NULLS = (
    *("temperature", "top_p", "frequency_penalty", "presence_penalty", "n", "stop", "seed"),
    *("logit_bias", "logprobs", "top_logprobs", "stream_options", "reasoning_effort"),
)
_LIMITS = ("max_tokens", "max_completion_tokens")
_OPTIONAL: tuple[dict[str, Any], ...] = (
    {"stream": None},
    {"user": "conformance-user"},
    {"metadata": {"suite": "conformance"}, "store": True},
    {"prompt_cache_key": "conformance-1"},
    {"response_format": {"type": "text"}},
    {"service_tier": "auto", "modalities": ["text"]},
    {"verbosity": "medium", "safety_identifier": "conformance-1"},
)
# The id is a small one, which every vocabulary has.
_FAR: tuple[dict[str, Any], ...] = (
    {"temperature": 2},
    {"top_p": 0.5},
    {"frequency_penalty": -2, "presence_penalty": 2},
    {"seed": 42},
    {"logit_bias": {"72": -100}},
    {"stream": False, "n": 1, "logprobs": False},
)
_NEUTRAL: tuple[dict[str, Any], ...] = (
    {"stop": ["STOPHERE", "zzz one", "zzz two", "zzz three"]},
    {"temperature": 0},
    {"top_p": 1},
    {"frequency_penalty": 0, "presence_penalty": 0},
    {"logit_bias": {}},
)


def _base(context: Context) -> dict[str, Any]:
    return {"model": context.model, "messages": _HI, "$limit": 16}


def _odd(context: Context, messages: Messages, parts: Iterable[Mapping[str, Any]] = ()) -> Request:
    """A request whose messages are out of the ordinary, with all the parts; half a character goes as an escape."""
    whole = {name: value for part in parts for name, value in part.items()}
    request = context.request(json={**_base(context), **whole}, refusable=True)
    return replace(request, body=json.dumps({**request.json, "messages": messages}).encode())


def _tried(context: Context, parts: tuple[dict[str, Any], ...], odd: Messages, *alone: Messages) -> Flow:
    """All the parts with odd messages; where that is refused each oddity alone, then the parts with plain messages."""
    exchange = yield _odd(context, odd, parts)
    if is_refused(exchange):
        for messages in alone:
            yield _odd(context, messages)
        yield from send_together(context, _base(context), parts)


@scenario(
    "sampling.optional",
    purpose="Nulls, and fields that must not disturb; half a character, and an answer that is begun.",
    requests=(1, 32),
    tokens=1180,
)
def optional(context: Context) -> Flow:
    """Null stands for the default, and what the server has no use for it lets pass."""
    other = tuple(name for name in _LIMITS if name != context.output_limit_field)
    nulls = dict.fromkeys((*_NULLS, *other))
    yield from _tried(context, (nulls, *_OPTIONAL), _HALF_AND_BEGUN, _HALF, _BEGUN)


@scenario(
    "sampling.values",
    purpose="Both ends and the neutral value of each; a system message alone; four stop strings of which none comes.",
    requests=(2, 22),
    tokens=820,
)
def values(context: Context) -> Flow:
    """What is far from neutral together, then all that is neutral in a stream, which ends with half a stop string."""
    yield from _tried(context, _FAR, _SYSTEM_ONLY, _SYSTEM_ONLY)
    echo = {"role": "user", "content": "Repeat exactly: alpha beta gamma STOP"}
    base = {"model": context.model, "messages": [echo], "stream": True, "$limit": 40}
    yield from send_together(context, base, _NEUTRAL, expects="stream")


_BEYOND: tuple[dict[str, Any], ...] = ({"top_p": 1.5}, {"frequency_penalty": 3}, {"presence_penalty": 3})


@scenario(
    "sampling.bounds.bad",
    purpose="A top_p above 1, and each of the penalties above 2: one by one, for a refusal of all is one of any.",
    requests=(3, 3),
    tokens=60,
)
def bounds(context: Context) -> Flow:
    """Each value by itself."""
    for part in _BEYOND:
        ((name, value),) = part.items()
        yield context.request(json={**_base(context), **part}, expects="error", invalid=f"{name} is {value}")
