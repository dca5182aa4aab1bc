"""Keys: who is let in, and where the key turns up."""

from __future__ import annotations

from conformance.judging import broken, check, conclusive
from conformance.wire.answer import Answer
from conformance.wire.errors import ErrorResponse

_PLACES = {"body", "reason"}
"""Places of an answer, besides its headers, where a key can be found."""


@check("auth.wrong_key", scenario="auth.wrong_key", unusable=True)
def test_a_wrong_key_is_refused(error: ErrorResponse) -> None:
    conclusive(error.status not in {429, 503}, f"HTTP {error.status}")
    if error.status != 401:
        raise broken("HTTP 401", f"HTTP {error.status}" if error.status else "no answer", "status")


@check("auth.no_key_echo")
def test_no_answer_repeats_the_key(answer: Answer) -> None:
    echoed = [one for one in answer.exchange.redactions if one.where in _PLACES or one.where.startswith("response ")]
    if echoed:
        raise broken("an answer without the key", f"the key, in {echoed[0].where}", echoed[0].where)
