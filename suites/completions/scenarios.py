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
    requests=(1, 6),
    tokens=160,
)
def batch(context: Context) -> Generator[Request, Exchange, None]:
    """Many servers know neither `n` nor `echo` here: what is refused together is tried again one by one."""
    parts: list[dict[str, Any]] = [{"n": 2}, {"echo": True}]
    answer = yield _asking(context, {**parts[0], **parts[1]})
    if is_refused(answer):
        alone = yield _asking(context, {})
        one = {} if alone.ok else {"prompt": PROMPTS[0]}
        for part in parts:
            yield _asking(context, {**part, **one})


def _asking(context: Context, part: dict[str, Any]) -> Request:
    return context.request(
        path="/completions",
        json={"model": context.model, "prompt": PROMPTS, "max_tokens": 5, **part},
        expects="text_completion",
        refusable=bool(part),
    )


IDS = [72, 73, 74]
"""Small ids, which every vocabulary has."""


@scenario(
    "completions.score",
    purpose="A prompt in token ids to be scored, as evaluation harnesses send it; in parts if that is refused.",
    needs=("completions",),
    requests=(1, 4),
    tokens=60,
)
def score(context: Context) -> Generator[Request, Exchange, None]:
    """Token ids, echo and logprobs each by itself where they are refused together."""
    text, ids = {"prompt": PROMPTS[0]}, {"prompt": [IDS]}
    scored = {"max_tokens": 1, "temperature": 0}
    answer = yield _asking(context, {**ids, **scored, "echo": True, "logprobs": 1})
    for part in ({}, {**text, "echo": True}, {**text, "logprobs": 1}) if is_refused(answer) else ():
        yield _asking(context, {**ids, **scored, **part})
