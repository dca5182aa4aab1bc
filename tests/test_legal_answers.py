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
