"""Tokens by the word of the answers: one reader for the budget, the summary and the timing, and sums that add up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exchanges import exchange

from conformance.api.usage import Usage, count_tokens, sum_usage, usage_of
from conformance.model import Exchange

CHAT = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
RESPONSE = {"input_tokens": 30, "output_tokens": 20, "total_tokens": 50}


def responded(usage: dict[str, Any], *, stream: bool = False) -> Exchange:
    """An answer of the Responses API."""
    if not stream:
        return exchange({"input": "x"}, {"object": "response", "usage": usage}, "response", path="/responses")
    last = {"type": "response.completed", "response": {"object": "response", "usage": usage}}
    body = f"event: response.completed\ndata: {json.dumps(last)}\n\n".encode()
    return exchange({"input": "x"}, body, "response_stream", path="/responses")


def chatted(usage: Any) -> Exchange:
    """A chat answer."""
    return exchange({"messages": []}, {"choices": [], "usage": usage})


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_responses_count_by_their_own_names(*, stream: bool) -> None:
    answers = [chatted(CHAT), responded(RESPONSE, stream=stream)]
    assert sum_usage(answers) == {"prompt": 33, "completion": 22, "total": 55}
    assert sum(map(count_tokens, answers)) == 55


@pytest.mark.parametrize(
    ("stated", "usage"),
    [
        pytest.param(CHAT, Usage(3, 2, 5), id="all three"),
        pytest.param({"prompt_tokens": 3, "completion_tokens": 2}, Usage(3, 2, 5), id="no total"),
        pytest.param({"prompt_tokens": 3, "total_tokens": 5}, Usage(3, 2, 5), id="prompt and total"),
        pytest.param({"completion_tokens": 2, "total_tokens": 5}, Usage(3, 2, 5), id="completion and total"),
        pytest.param({"prompt_tokens": 3}, Usage(3, 0, 3), id="prompt alone"),
        pytest.param({"completion_tokens": 2}, Usage(0, 2, 2), id="completion alone"),
        pytest.param({**CHAT, "total_tokens": 9}, Usage(3, 6, 9), id="thoughts counted apart"),
        pytest.param({**CHAT, "total_tokens": 4}, Usage(3, 2, 5), id="a total below its parts"),
        pytest.param({"total_tokens": 5}, Usage(None, None, 5), id="total alone"),
        pytest.param({**CHAT, "prompt_tokens": 10**13}, Usage(3, 2, 5), id="an absurd part"),
        pytest.param({"prompt_tokens": True, "completion_tokens": -1}, None, id="no counts"),
        pytest.param({}, None, id="nothing"),
        pytest.param([], None, id="an array"),
        pytest.param(None, None, id="null"),
    ],
)
def test_total_is_what_the_parts_come_to(stated: Any, usage: Usage | None) -> None:
    assert usage_of(chatted(stated)) == usage


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_the_last_word_of_a_stream_counts(end: str) -> None:
    lines = ['data: {"usage": null}', 'data:{"usage" : {"total_tokens": 3}}', f'data: {{"usage": {json.dumps(CHAT)}}}']
    body = "".join(line + end + end for line in [*lines, 'data: {"usage": null}', "data: [DONE]"]).encode()
    assert usage_of(exchange({"stream": True}, body, "stream")) == Usage(3, 2, 5)
