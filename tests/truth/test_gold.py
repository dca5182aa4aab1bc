"""No requirement but a provider's own promise fails on an answer in the exact shape that OpenAI gives it."""

from __future__ import annotations

import gold
import pytest
from campaign import CHAT, bench, shown

from conformance.api.chat.reply import Completion
from conformance.api.chat.stream import ChatStream
from conformance.model import Basis, Level, Verdict

NAMES = [row["name"] for row in gold.rows()]
HAZARDS = {
    "chat.logprobs.key": "answers recorded before 2024 lack the member",
    "chat.message.refusal.key": "answers recorded before 2024 lack the member",
    "stream.buffering": "streams of api.openai.com carry neither header (66 of 66 recorded)",
    "usage.details": "answers recorded before 2024 lack the members",
}
"""Rows of level MAY that OpenAI's own shape does not meet."""


def wrong(*exchanges):
    rows = bench().suites.catalogue.requirements
    return {
        one.requirement: f"{rows[one.requirement].level}: {one.crash or shown(one)}"
        for one in bench().judge(gold.recording(*exchanges)).results
        if one.verdict in {Verdict.FAIL, Verdict.ERROR} and rows[one.requirement].basis is not Basis.PROVIDER_DOC
    }


@pytest.mark.parametrize("name", NAMES)
def test_nothing_fails_on_a_golden_exchange(name):
    found = wrong(gold.named(name))
    assert {id_: words for id_, words in found.items() if id_ not in HAZARDS} == {}


def test_only_known_hazards_are_found_in_all_of_them_together():
    found = wrong()
    assert set(found) == set(HAZARDS), found
    assert all(words.startswith(Level.MAY.value) for words in found.values())


def test_names_are_unique():
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("completion.", "stream."))])
def test_a_golden_answer_is_usable(name):
    exchange = gold.named(name)
    view = (ChatStream if exchange.request.expects == "stream" else Completion)(exchange)
    assert view.trouble is None
    assert view.choices


def test_parallel_calls_of_a_golden_stream_fold():
    calls = ChatStream(gold.named("stream.tools")).choices[0].functions
    assert calls == [("get_weather", '{"city": "Paris"}'), ("get_weather", '{"city": "Rome"}')]


def test_gold_and_reference_have_the_same_members():
    recording, _ = bench().baseline(CHAT)
    ours = next(one for one in recording.exchanges if one.scenario == "chat.basic")
    members = set(Completion(ours).body)
    assert members == set(Completion(gold.named("completion.plain")).body)
