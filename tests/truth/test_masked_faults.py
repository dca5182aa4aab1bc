"""Nothing masked: of three faults at once, in different areas, each is named in one run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pins
import pytest
from campaign import CHAT, Judged, bench, shown

from conformance.model import Verdict
from conformance.reference.faults import faults_named

TORN = ("stream-done-missing-eof", "finish-reason-end-turn", "usage-missing-in-stream")
TRIPLES = 25
SEED = 20

UNREADABLE = frozenset(
    {
        "auth.scheme_case", "chat.answered", "stream.granted", "stream.complete", "stream.stalled", "stream.failed",
        "stream.blank_line", "stream.newline", "stream.data.json", "stream.lines", "transport.whole", "transport.json",
        "transport.status", "chat.choices", "stream.chunk.choices", "stream.delta", "stream.choice.index",
        "completions.answered", "responses.answered", "embeddings.answered", "models.answered", "error.json",
        "error.envelope", "error.status", "error.refusal.named",
        "chat.content.text", "limit.retry_after.value",
    }
)  # fmt: skip
"""Requirements whose failure leaves nothing of an answer that others could judge."""


def judge_together(*faults: str) -> Judged:
    """The verdicts of a run against a server that has all the faults at once."""
    recording, bent = bench().baseline(CHAT)
    touched = frozenset().union(*(bent.get(one, frozenset()) for one in faults))
    again = bench().capture(CHAT, faults_named(faults), touched)
    sent = {one.scenario for one in again.exchanges}
    kept = tuple(one for one in recording.exchanges if one.scenario not in sent | touched)
    return bench().judge(replace(again, exchanges=(*kept, *again.exchanges)))


def candidates() -> dict[str, frozenset[str]]:
    """The faults that leave something to judge, each with what it breaks alone."""
    found = {}
    for name, entry in pins.load().items():
        fails = pins.tripped([entry])
        if "primary" in entry and "model" not in entry and not fails & UNREADABLE and name not in pins.GAPS:
            found[name] = fails
    return found


def triples() -> Iterator[tuple[str, ...]]:
    """Faults of three areas that break nothing in common; the same ones each time."""
    alone = candidates()
    areas = {name: area for area, entries in pins.by_area().items() for name in entries}
    chosen, names = random.Random(SEED), sorted(alone)
    for _ in range(TRIPLES):
        while True:
            three = tuple(chosen.sample(names, 3))
            apart = all(not alone[one] & alone[other] for one, other in combinations(three, 2))
            if apart and len({areas[one] for one in three}) == 3:
                yield three
                break


@pytest.mark.parametrize("three", list(triples()), ids="+".join)
def test_three_faults_at_once_are_all_named(three: tuple[str, ...]) -> None:
    pinned = pins.load()
    judged = judge_together(*three)
    verdicts = {one.requirement: one for one in judged.results}
    wanted = [pinned[one]["primary"] for one in three]
    masked = [verdicts[one] for one in wanted if verdicts[one].verdict is not Verdict.FAIL]
    assert not masked, [f"{one.requirement}: {one.verdict.value}: {one.reason}" for one in masked]


def test_a_torn_end_hides_neither_the_reason_nor_the_usage() -> None:
    failed = judge_together(*TORN).fails
    assert {"stream.done", "stream.blank_line.last", "stream.finish_reason", "stream.usage.asked"} <= set(failed)
    assert "end_turn" in shown(failed["stream.finish_reason"])


def test_no_reason_speaks_of_an_unrelated_request() -> None:
    streams = [one for one in judge_together(*TORN).results if one.requirement.startswith("stream.")]
    assert not [one.requirement for one in streams if "x_conformance_probe" in one.reason]
