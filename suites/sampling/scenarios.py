"""Parameters of every kind, tried together; what is refused together is tried one by one."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario
from conformance.splitting import together

_HI = [{"role": "user", "content": "Say hi."}]
_NULLS = (
    *("temperature", "top_p", "frequency_penalty", "presence_penalty", "n", "stop", "seed"),
    *("logit_bias", "logprobs", "top_logprobs", "stream_options"),
)
_OPTIONAL: tuple[dict[str, Any], ...] = (
    {"stream": None},
    dict.fromkeys(_NULLS),
    {"user": "conformance-user"},
    {"metadata": {"suite": "conformance"}, "store": True},
    {"prompt_cache_key": "conformance-1"},
    {"response_format": {"type": "text"}},
)
_LOW: tuple[dict[str, Any], ...] = (
    {"temperature": 0},
    {"top_p": 0.5},
    {"frequency_penalty": -2, "presence_penalty": 2},
    {"seed": 42},
    {"logit_bias": {"50256": -100}},
)
_HIGH: tuple[dict[str, Any], ...] = (
    {"temperature": 2},
    {"top_p": 1},
    {"frequency_penalty": 0, "presence_penalty": 0},
    {"logit_bias": {}},
)


def _base(context: Context) -> dict[str, Any]:
    return {"model": context.model, "messages": _HI, "$limit": 16}


@scenario("sampling.optional", purpose="Nulls, and fields that must not disturb.", requests=(1, 7), tokens=200)
def optional(context: Context) -> Generator[Request, Exchange, None]:
    """Null stands for the default, and what the server has no use for it lets pass."""
    yield from together(context, _base(context), _OPTIONAL)


@scenario("sampling.values", purpose="Both ends and the neutral value of each.", requests=(2, 11), tokens=360)
def values(context: Context) -> Generator[Request, Exchange, None]:
    """The lower ends together, then the upper ends and what is neutral."""
    yield from together(context, _base(context), _LOW)
    yield from together(context, _base(context), _HIGH)
