"""What checks say of answers that broke and are right when nothing runs beside them: one finding, however many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from conformance.api.second_tries import Setback
from conformance.checks.expectations import broken
from conformance.checks.outcomes import Inconclusive
from conformance.model import Exchange, Location

_NAMED = 3
"""Exchanges that a finding names."""


def expect_none(setbacks: Sequence[Setback], expected: str, what: str) -> None:
    """Raise one finding for all the setbacks; `what` says in words what became of which: `streams broke off`.

    Raises:
        Broken: there is one.
    """
    if not setbacks:
        return
    words = f"{len(setbacks)} of the {what} ({_how(setbacks)}); {_again(setbacks)}"
    raise broken(expected, words, Location.part("the run"), exchange=setbacks[0].first.id)


def expect_awake(exchange: Exchange) -> None:
    """Judge no time in which our own machine was away.

    Raises:
        Inconclusive: it was, while the exchange ran.
    """
    if exchange.paused:
        raise Inconclusive(f"the machine of the harness was away for {exchange.paused:.1f} s of it")


def _how(setbacks: Sequence[Setback]) -> str:
    """How they ended, each way with its number: `HTTP 500, cut short 3 times`."""
    ways = Counter(_way(back.first) for back in setbacks)
    return ", ".join(way if times == 1 else f"{way} {times} times" for way, times in ways.items())


def _way(exchange: Exchange) -> str:
    if exchange.status is not None and not exchange.ok:
        return f"HTTP {exchange.status}"
    ended = exchange.outcome.value.replace("_", " ")
    return "ended too soon" if ended == "complete" else ended


def _again(setbacks: Sequence[Setback]) -> str:
    """Which were asked for again, and as what: all that were are right."""
    pairs = [(back.first.id, back.again.id) for back in setbacks if back.again is not None]
    named = ", ".join(f"{first} again as {then}" for first, then in pairs[:_NAMED])
    more = len(pairs) - _NAMED
    return f"asked for again with nothing beside it, each is right: {named}" + (f" and {more} more" if more > 0 else "")
