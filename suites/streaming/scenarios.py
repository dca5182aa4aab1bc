"""Streams that must be reacted to."""

from __future__ import annotations

from collections.abc import Generator

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario

_COUNT = [{"role": "user", "content": "Count from 1 to 50, separated by commas."}]
_HI = [{"role": "user", "content": "Say hi."}]


@scenario(
    "stream.abort",
    purpose="The client closes a stream early, then asks again.",
    lane="serial",
    requests=(2, 2),
    tokens=250,
)
def abort(context: Context) -> Generator[Request, Exchange, None]:
    yield context.request(
        json={"model": context.model, "messages": _COUNT, "stream": True, "$limit": 200},
        expects="stream",
        stop={"events": 3},
    )
    yield context.request(json={"model": context.model, "messages": _HI, "$limit": 16})
