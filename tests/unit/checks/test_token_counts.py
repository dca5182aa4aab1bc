"""Counts are doubted where no tokenizer could have made them, and nowhere else."""

from __future__ import annotations

import json

import pytest

from conformance.api.chat.reply import Completion
from conformance.checks.heuristics.token_counts import count_of, countable, describe_miscount
from conformance.model import Exchange, Read, Request

PROSE = "The river left the mountains slowly and carried the first light of the morning with it."


def completion(text, count, thought=0, **choice):
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": count,
        "total_tokens": 3,
        "completion_tokens_details": {"reasoning_tokens": thought},
    }
    body = {"choices": [{"index": 0, "message": {"content": text}, **choice}], "usage": usage}
    read = Read(0.0, json.dumps(body).encode())
    return Completion(Exchange("1", Request(expects="completion"), "u", status=200, raw=(read,)))


DOUBTED = {
    "one": (PROSE, 1, 0, "for a text of 87 characters"),
    "short": ("1, 2, 3", 1, 0, "for a text of 7 characters"),
    "letters": (PROSE, len(PROSE), 0, "number of characters"),
    "hidden-thought": (PROSE, 101, 100, ""),
    "thought-aloud": (f"<think>{PROSE}</think>", 2, 0, ""),
    "right": (PROSE, 17, 0, ""),
    "thinks": (PROSE, 217, 200, ""),
    "as-many-by-chance": (PROSE, len(PROSE), 40, ""),
    "digits": ("1, 2, 3, 4, 5, 6, 7, 8, 9", 25, 0, ""),
    "run": ("=" * 400, 6, 0, ""),
    "han": ("漢字かな" * 20, 4, 0, ""),
    "tiny": ("Hello there", 2, 0, ""),
    "zero": (PROSE, 0, 0, ""),
}


@pytest.mark.parametrize(("text", "count", "thought", "says"), DOUBTED.values(), ids=DOUBTED)
def test_a_count_is_doubted_for_a_reason(text, count, thought, says):
    words = describe_miscount(completion(text, count, thought))
    assert says in words
    assert bool(words) is bool(says)


def test_log_probabilities_are_counted_against_it():
    reply = completion("Hi there", 1, logprobs={"content": [{"token": "Hi"}, {"token": " there"}]})
    assert "2 tokens" in describe_miscount(reply)


def test_a_count_that_is_none_counts_nothing():
    reply = completion("Hi", True)
    assert count_of(reply) is None
    assert not countable(reply)
