"""Tool calls, and what follows them."""

from __future__ import annotations

from conformance.judging import Blocked, broken, check, conclusive
from conformance.wire.answer import Trouble
from conformance.wire.views import Transcript


@check("tools.roundtrip", scenario="tools.roundtrip", unusable=True)
def test_a_result_is_answered(transcript: Transcript) -> None:
    if len(transcript.answers) < 2:
        raise Blocked("no tool call came to be answered")
    answer = transcript.answers[-1]
    if answer.trouble is not None:
        kind, words = answer.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken("HTTP 200 with an answer to the tool's result", words, "status")
