"""Streams that must be reacted to."""

from __future__ import annotations

from collections.abc import Generator

from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

_COUNT = [{"role": "user", "content": "Count from 1 to 50, separated by commas."}]
_ECHO = [{"role": "user", "content": "Repeat exactly: naïve café 漢字かな 😀🎉 Ωмир"}]


@scenario(
    "stream.abort",
    purpose="The client closes a stream early, then asks for another, in many scripts and without usage.",
    lane="serial",
    requests=(2, 2),
    tokens=300,
)
def abort(context: Context) -> Generator[Request, Exchange, None]:
    yield context.request(
        json={"model": context.model, "messages": _COUNT, "stream": True, "$limit": 200},
        expects="stream",
        stop={"events": 3},
    )
    options = {"include_usage": False}
    yield context.request(
        json={"model": context.model, "messages": _ECHO, "stream": True, "stream_options": options, "$limit": 40},
        expects="stream",
    )
