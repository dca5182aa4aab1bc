"""Answers that break nothing, though they look as some fault does: one test for each requirement."""

from __future__ import annotations

import pytest
from exchanges import ask, chunk, exchange, sse, verdict

ASSISTANT = {"role": "assistant"}


@pytest.mark.parametrize(
    "texts",
    [("No. ", "No. ", "No."), ("Row, row, row your boat. ", "Row, row, row your boat, gently down the stream.")],
    ids=["refrain", "two-pieces"],
)
def test_stream_text_repeated(texts):
    deltas = [chunk({**ASSISTANT, "content": text}) for text in texts]
    assert verdict("stream.text.repeated", exchange(ask(), sse(*deltas, chunk({}, "stop")), "stream")) != "fail"


@pytest.mark.parametrize(
    "error",
    [{"code": 429, "message": "Slow down."}, {"code": "content_filter"}, {"code": "data_inspection_failed"}],
    ids=["limit", "filter", "inspection"],
)
def test_stream_failed(error):
    stream = sse(chunk({**ASSISTANT, "content": "Hi"}), {"error": error})
    assert verdict("stream.failed", exchange(ask(), stream, "stream")) == "inconclusive"


WRONG = {"auth": "wrong", "invalid": "the key is wrong"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Invalid token"}}, "inconclusive"),
        (b"<!doctype html><title>App</title>", "inconclusive"),
        ({"output": [], "error": None}, "fail"),
    ],
    ids=["error", "page", "answer"],
)
def test_responses_wrong_key(body, said):
    at = {"path": "/responses", "request": WRONG, "scenario": "responses.wrong_key"}
    chat = exchange(ask(), {"error": {}}, "error", request=WRONG, scenario="auth.wrong_key", status=401)
    assert verdict("responses.wrong_key", chat, exchange({"input": "Say hi."}, body, "error", **at)) == said
