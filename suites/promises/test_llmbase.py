"""What LLMBase's documents promise beyond the yardstick."""

from __future__ import annotations

from conformance.judging import Blocked, broken, check
from conformance.wire.stream import ChatStream


@check("llmbase.stream.usage")
def test_the_final_chunk_carries_usage(stream: ChatStream) -> None:
    if not stream.whole:
        raise Blocked(f"the stream ended with {stream.ending.value}")
    last = stream.chunks[-1]
    if not isinstance(last.value.get("usage"), dict):
        raise broken("usage in the final chunk", "none", last.place)
