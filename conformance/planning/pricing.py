"""What scenarios cost: requests and estimated tokens, at least and at most.

A token is taken for four characters of prompt. At least means: every capability refused, every answer empty. At most
means: every answer as long as its limit allows, with headroom where a model may think. Retries are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.api.registry import charged_as
from conformance.catalogue.context import THINKING_HEADROOM, Context
from conformance.catalogue.scenario import Scenario
from conformance.model import Request

CHARACTERS_PER_TOKEN = 4
UNLIMITED = 1024
"""Tokens that an answer without a limit is taken for."""

IMAGE = 4 * 1024
"""Characters that an inlined file is taken for."""

PROBE_PROMPT = 16
PROBE_LIMIT = 16


@dataclass(frozen=True, slots=True)
class Price:
    """What a run costs: requests and estimated tokens."""

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: Price) -> Price:
        return Price(self.requests + other.requests, self.tokens + other.tokens)

    def __mul__(self, times: int) -> Price:
        return Price(self.requests * times, self.tokens * times)


FREE = Price()


def price(scenario: Scenario, context: Context, *, thinking: bool | None = None) -> tuple[Price, Price]:
    """The least and the most that one sample of a scenario costs.

    Args:
        scenario: what is sent.
        context: to whom.
        thinking: whether the model thinks before it speaks, None if unknown.
    """
    request = scenario.build(context)
    prompt, answer = prompt_tokens(request), answer_tokens(request)
    headroom = THINKING_HEADROOM if answer and thinking is None else 0
    fewest, most = scenario.requests
    one = (prompt + answer) * most if scenario.tokens is None else max(scenario.tokens, prompt)
    highest = one + headroom * most
    least = Price() if scenario.needs else Price(fewest, prompt)
    return least, Price(most, highest)


def probe_price(*, thinking: bool | None = None) -> tuple[Price, Price]:
    """The least and the most that the probe's tiny chat with one model costs."""
    headroom = THINKING_HEADROOM if thinking is not False else 0
    return Price(1, PROBE_PROMPT), Price(1, PROBE_PROMPT + PROBE_LIMIT + headroom)


def prompt_tokens(request: Request) -> int:
    """The tokens that a request's prompt is taken for."""
    body, surface = request.json, charged_as(request)
    if not isinstance(body, dict) or surface is None:
        return 0
    asked = (body.get(name) for name in surface.prompt_members)
    characters = sum(min(len(text), IMAGE) if text.startswith("data:") else len(text) for text in _texts(list(asked)))
    return -(-characters // CHARACTERS_PER_TOKEN)


def answer_tokens(request: Request) -> int:
    """The tokens that an answer may take: its limit (1024 without one) times the number of choices."""
    surface = charged_as(request)
    if surface is None or not surface.generates or not isinstance(request.json, dict):
        return 0
    limits = (_count(request.param(name)) for name in surface.limit_fields)
    limit = next((limit for limit in limits if limit), UNLIMITED)
    return limit * (_count(request.param("n")) or 1)


def _count(value: Any) -> int:
    """A sane positive whole number, else 0: invalid requests hold anything."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 100_000 else 0


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
