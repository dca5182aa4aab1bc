"""Too much of everything: only sent when asked for by name."""

from __future__ import annotations

from collections.abc import Generator

from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

NUMBERS = 100_000
"""Numbers in the long prompt; each costs at least one token."""

_BURST = 120


@scenario(
    "limit.context",
    purpose="A prompt of a hundred thousand numbers, longer than most context windows.",
    lane="exclusive",
    opt_in="large",
    tokens=400_000,
)
def context_window(context: Context) -> Generator[Request, Exchange, None]:
    text = " ".join(map(str, range(NUMBERS)))
    asked = [{"role": "user", "content": f"{text}\nSay hi."}]
    yield context.request(json={"model": context.model, "messages": asked, "$limit": 16}, refusable=True)


@scenario(
    "limit.burst",
    purpose="Small requests one after the other, until one is refused.",
    lane="exclusive",
    opt_in="bursts",
    scope="endpoint",
    requests=(1, _BURST),
    tokens=_BURST * 20,
)
def burst(context: Context) -> Generator[Request, Exchange, None]:
    asked = [{"role": "user", "content": "Say hi."}]
    for _ in range(_BURST):
        body = {"model": context.model, "messages": asked, "max_tokens": 1}
        exchange = yield context.request(json=body, expects="error")  # what is expected to fail is not tried again
        if not exchange.ok:
            return
