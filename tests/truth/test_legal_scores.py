"""Log probabilities that contradict nothing, though they look as some fault does: one test for each requirement."""

from __future__ import annotations

import pytest
from exchanges import ask, completion, exchange, verdict


def entry(token, value, *tops, **more):
    made = {"token": token, "logprob": value, "bytes": list(token.encode())}
    alternatives = [{"token": one, "logprob": score, "bytes": list(one.encode())} for one, score in tops]
    return {**made, "top_logprobs": alternatives, **more}


def scored(*entries, **asked):
    body = completion("".join(one["token"] for one in entries))
    body["choices"][0]["logprobs"] = {"content": list(entries), "refusal": None}
    return exchange(ask(logprobs=True, **asked), body)


@pytest.mark.parametrize(
    ("one", "more", "said"),
    [
        (entry("{", 0.0, ("The", -0.2), ("{", -9.0)), {"response_format": {"type": "json_object"}}, "not_run"),
        (entry("x", 0.0, ("a", -0.3), ("b", -1.5)), {"logit_bias": {"5": 100}}, "not_run"),
        (entry("x", 0.0, ("x", 0.0), (" ", -9999.0), (" ", -9999.0)), {}, "pass"),
        (entry("x", -0.7, ("x", -0.7), ("x", -0.7)), {}, "fail"),
    ],
    ids=["grammar", "bias", "floor", "doubled"],
)
def test_logprobs_top_consistent(one, more, said):
    assert verdict("logprobs.top.consistent", scored(one, top_logprobs=3, **more)) == said


def test_logprobs_top_enough():
    asked = {"top_logprobs": 5, "response_format": {"type": "json_object"}}
    assert verdict("logprobs.top.enough", scored(entry("{", 0.0, ("{", 0.0)), **asked)) == "not_run"


@pytest.mark.parametrize(("value", "said"), [(0.0, "inconclusive"), (-1.0, "fail")], ids=["certain", "constant"])
def test_logprobs_vary(value, said):
    assert verdict("logprobs.vary", scored(*(entry(one, value) for one in "1, 2, 3"))) == said


def test_logprobs_token():
    assert verdict("logprobs.token", scored(entry("Hi", -0.1), entry("<|end|>", -0.1, bytes=[]))) == "pass"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "pass"), (2**-15, "pass"), (0.01, "fail"), (4.2, "fail")],
    ids=["certain", "rounded", "above", "logit"],
)
def test_logprobs_negative(value, said):
    assert verdict("logprobs.negative", scored(entry("Hi", value))) == said
    text = {"index": 0, "text": "Hi", "finish_reason": "stop"}
    scores = {"tokens": ["Hi"], "token_logprobs": [value], "top_logprobs": None, "text_offset": [0]}
    body = {"id": "cmpl-1", "object": "text_completion", "created": 1770000000, "model": "m"}
    asked, answer = {"model": "m", "prompt": "x", "logprobs": 0}, {**body, "choices": [{**text, "logprobs": scores}]}
    answered = exchange(asked, answer, "text_completion", path="/completions")
    assert verdict("completions.logprobs.negative", answered) == said
