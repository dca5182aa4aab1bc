"""The balance before and after a paid request."""

from __future__ import annotations

from collections.abc import Generator

from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request


@scenario(
    "balance.spend",
    purpose="The balance, a tiny chat, the balance again.",
    profile="llmbase",
    scope="endpoint",
    requests=(3, 3),
    tokens=30,
)
def spend(context: Context) -> Generator[Request, Exchange, None]:
    """What the chat says is judged like any other."""
    read = context.request(method="GET", path=context.paths.get("balance", "/balance"), expects="balance")
    yield read
    yield context.request(
        json={"model": context.model, "messages": [{"role": "user", "content": "Say hi."}], "$limit": 16}
    )
    yield read
