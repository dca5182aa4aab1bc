"""Several prompts at once, which must look at a refusal before it is anyone's fault."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

PROMPTS = ["Say hi.", "Count from 1 to 100, separated by commas: 1, 2, 3,"]


@scenario(
    "completions.batch",
    purpose="Two prompts in one request, two choices for each, the prompts repeated; in parts if that is refused.",
    needs=("completions",),
    requests=(1, 4),
    tokens=120,
)
def batch(context: Context) -> Generator[Request, Exchange, None]:
    """Many servers know neither `n` nor `echo` here: what is refused together is tried again one by one."""
    parts: list[dict[str, Any]] = [{"n": 2}, {"echo": True}]
    answer = yield _asking(context, {**parts[0], **parts[1]})
    if is_refused(answer):
        alone = yield _asking(context, {})
        for part in parts if alone.ok else ():
            yield _asking(context, part)


def _asking(context: Context, part: dict[str, Any]) -> Request:
    return context.request(
        path="/completions",
        json={"model": context.model, "prompt": PROMPTS, "max_tokens": 5, **part},
        expects="text_completion",
        refusable=bool(part),
    )
