"""Keys whose refusal decides what is asked next."""

from __future__ import annotations

from collections.abc import Generator

from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

_MESSAGES = [{"role": "user", "content": "Say hi."}]


@scenario(
    "auth.wrong_key",
    purpose="A chat request with a key that is well-formed and wrong, and without a model; if it is not the key that "
    "is refused, one with a model.",
    scope="endpoint",
    quick=True,
    requests=(1, 2),
    tokens=22,
    auth="wrong",
)
def wrong_key(context: Context) -> Generator[Request, Exchange, None]:
    """Where the key is refused before the body is read, the wrong key alone is refused too."""
    exchange = yield context.request(
        json={"messages": _MESSAGES},
        expects="error",
        auth="wrong",
        invalid="the key is wrong, and the model is missing",
    )
    if exchange.status not in {401, 429, 503}:
        body = {"model": context.model, "messages": _MESSAGES, "$limit": 16}
        yield context.request(json=body, expects="error", auth="wrong", invalid="the key is wrong")
