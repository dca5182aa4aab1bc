"""Log probabilities: there when asked for, in the right shape, and of the text that was answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.api.chat.reply import Choice, Reply
from conformance.api.errors import ErrorResponse
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, expect_each, gather, shown, unblocked
from conformance.checks.refusals import expect_refused
from conformance.checks.wording import list_values
from conformance.model import CapabilityResult, Observed, Request
from conformance.model.location import Location

_ROUNDING = 1e-4
"""What half precision adds to the logarithm of a certainty: api.openai.com sent 0.00003."""

_PARTIAL = 3
"""Bytes of a character that the limit cut."""


def _asked(request: Request) -> bool:
    return request.param("logprobs") is True and request.invalid is None


def _entries(reply: Reply) -> Iterator[tuple[dict[str, Any], Location]]:
    """Every entry of logprobs.content that is an object."""
    for choice in reply.choices:
        for position, entry in enumerate(choice.logprobs or []):
            if isinstance(entry, dict):
                yield entry, choice.place.down(f"/logprobs/content/{position}")


def _tops(entry: Mapping[str, Any]) -> list[Any]:
    tops = entry.get("top_logprobs")
    return tops if isinstance(tops, list) else []


@check("logprobs.present", when=_asked)
def test_logprobs_come_when_asked_for(reply: Reply, offers: Mapping[str, CapabilityResult]) -> None:
    cell = offers.get("logprobs")
    unblocked(
        cell is None or cell.observed is not Observed.IGNORED,
        "capability.logprobs is ignored",
        by="capability.logprobs",
    )
    with gather("no choice has text") as found:
        for choice in reply.choices:
            if choice.content:
                with found.each():
                    if not choice.logprobs:
                        raise broken(
                            "logprobs.content with an entry for each token", "none", choice.place.down("/logprobs")
                        )


@check("logprobs.negative", when=_asked)
def test_logprobs_are_not_positive(reply: Reply) -> None:
    values = [(entry.get("logprob"), place) for entry, place in _entries(reply)]
    numbers = [(value, place) for value, place in values if isinstance(value, int | float)]
    expect_each(numbers, lambda value: value.at_most(_ROUNDING, "at most 0"), "no entry")


@check("logprobs.top.count", when=lambda request: _asked(request) and request.param("top_logprobs") is not None)
def test_no_more_alternatives_than_asked_for(reply: Reply) -> None:
    wanted = reply.request.param("top_logprobs")
    counts = [(len(_tops(entry)), place.down("/top_logprobs")) for entry, place in _entries(reply)]
    expect_each(counts, lambda count: count.at_most(wanted, f"at most {wanted} alternatives"), "no entry")


@check("logprobs.top.unasked", when=lambda request: _asked(request) and not request.param("top_logprobs"))
def test_no_alternatives_come_unasked(reply: Reply) -> None:
    counts = [(len(_tops(entry)), place.down("/top_logprobs")) for entry, place in _entries(reply)]
    expect_each(counts, lambda count: count.at_most(0, "no alternative, for none was asked for"), "no entry")


@check("logprobs.top.order", when=lambda request: _asked(request) and request.param("top_logprobs", 0) > 1)
def test_likely_alternatives_come_first(reply: Reply) -> None:
    with gather("no entry with two alternatives") as found:
        for entry, place in _entries(reply):
            values = [top.get("logprob") for top in _tops(entry) if isinstance(top, dict)]
            if len(values) > 1 and all(isinstance(value, int | float) for value in values):
                with found.each():
                    if values != sorted(values, reverse=True):
                        raise broken("falling logprobs", list_values(values), place.down("/top_logprobs"))


def _joined(entries: list[Any]) -> bytes | None:
    """The text that the entries spell: from bytes where all have them, else from tokens."""
    if not all(isinstance(entry, dict) and isinstance(entry.get("token"), str) for entry in entries):
        return None
    if all(isinstance(entry.get("bytes"), list) for entry in entries):
        try:
            return b"".join(bytes(entry["bytes"]) for entry in entries)
        except (TypeError, ValueError):
            return None
    return "".join(entry["token"] for entry in entries).encode("utf-8", "replace")


def _cut_inside(choice: Choice, spelt: bytes) -> bool:
    """Whether the tokens are the text but for the first bytes of a character that the limit cut."""
    whole = (choice.content or "").rstrip("\ufffd").encode("utf-8", "replace")
    rest = spelt.removeprefix(whole).replace("\ufffd".encode(), b"")
    return choice.finish_reason == "length" and spelt.startswith(whole) and len(rest) <= _PARTIAL


@check("logprobs.text", when=_asked)
def test_tokens_spell_the_text(reply: Reply) -> None:
    with gather("no choice with text and entries") as found:
        for choice in reply.choices:
            spelt = _joined(choice.logprobs) if choice.logprobs else None
            if spelt is not None and choice.content:
                with found.each():
                    if spelt != choice.content.encode("utf-8", "replace") and not _cut_inside(choice, spelt):
                        words = shown(spelt.decode("utf-8", "replace"), 100)
                        raise broken(
                            f"tokens that spell {shown(choice.content, 100)}", words, choice.place.down("/logprobs")
                        )


@check("logprobs.unasked", when=lambda request: not request.param("logprobs"))
def test_no_logprobs_unasked(reply: Reply) -> None:
    applicable(reply.choices, "no choice")
    for choice in reply.choices:
        if choice.logprobs:
            raise broken("null, or no logprobs", f"{len(choice.logprobs)} entries", choice.place.down("/logprobs"))


@check("logprobs.too_many", scenario="logprobs.too_many", unusable=True)
def test_too_many_alternatives_are_refused(error: ErrorResponse) -> None:
    expect_refused(error, what=error.request.invalid or "")
