"""Requests that must be refused: with which status."""

from __future__ import annotations

from conformance.judging import broken, check, conclusive
from conformance.wire.errors import ErrorResponse


def refused(error: ErrorResponse, statuses: range | tuple[int, ...] = range(400, 500)) -> None:
    """The request was refused with one of the statuses; rate limits and outages leave it open."""
    status = error.status
    conclusive(status not in {429, 503}, f"HTTP {status}")
    if status not in statuses:
        wanted = "a 4xx status" if isinstance(statuses, range) else " or ".join(map(str, statuses))
        got = f"HTTP {status}" if status else f"no answer ({error.exchange.outcome.value.replace('_', ' ')})"
        raise broken(f"HTTP {wanted}" if not isinstance(statuses, range) else wanted, got, "status")


@check("error.bad_json", scenario="error.bad_json", unusable=True)
def test_bad_json_is_refused(error: ErrorResponse) -> None:
    refused(error)


@check("error.missing_model", scenario="error.missing_model", unusable=True)
def test_a_missing_model_is_refused(error: ErrorResponse) -> None:
    refused(error)


@check("error.unknown_model", scenario="error.unknown_model", unusable=True)
def test_an_unknown_model_is_refused(error: ErrorResponse) -> None:
    refused(error, (404, 400))
