"""Log probabilities asked for in ways that must be refused, one by one: a refusal of two is one of any."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

_WRONG: dict[str, dict[str, Any]] = {
    "top_logprobs is above 20": {"logprobs": True, "top_logprobs": 21},
    "top_logprobs stands without logprobs": {"top_logprobs": 2},
}


@scenario(
    "logprobs.too_many",
    purpose="More alternatives than there may be; and some, where no log probabilities are asked for.",
    needs=("logprobs",),
    requests=(2, 2),
    tokens=40,
)
def too_many(context: Context) -> Generator[Request, Exchange, None]:
    """Each by itself."""
    asked = [{"role": "user", "content": "Say hi."}]
    for invalid, part in _WRONG.items():
        body = {"model": context.model, "messages": asked, **part, "$limit": 16}
        yield context.request(json=body, expects="error", invalid=invalid)
