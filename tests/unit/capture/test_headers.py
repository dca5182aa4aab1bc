"""What a request is sent with: the endpoint's key goes along where the request asks for it, and nowhere else."""

from __future__ import annotations

import pytest

from conformance.capture.headers import WRONG_KEY, request_headers
from conformance.model import Request

KEY = "sk-of-the-endpoint-0123456789"
EXTRA = (("X-Api-Key", KEY), ("x-goog-api-key", KEY), ("api-key", KEY), ("X-Auth-Token", KEY), ("X-Team", "blue"))


@pytest.mark.parametrize("auth", ["none", "wrong"])
def test_a_request_without_the_key_carries_it_in_no_header(auth: str) -> None:
    sent = request_headers(Request(auth=auth), KEY, EXTRA)  # type: ignore[arg-type]
    assert KEY not in "".join(value for _, value in sent)
    assert ("X-Team", "blue") in sent
    assert (WRONG_KEY in "".join(value for _, value in sent)) is (auth == "wrong")


def test_a_request_with_the_key_keeps_what_the_endpoint_adds() -> None:
    sent = request_headers(Request(), KEY, EXTRA)
    assert ("Authorization", f"Bearer {KEY}") in sent
    assert set(EXTRA) <= set(sent)


def test_a_requests_own_headers_replace_all_others() -> None:
    sent = request_headers(Request(headers=(("accept", "text/event-stream"), ("X-Key", "$key"))), KEY, EXTRA)
    assert [value for name, value in sent if name.lower() == "accept"] == ["text/event-stream"]
    assert ("X-Key", KEY) in sent
    assert "X-Key" not in dict(request_headers(Request(headers=(("X-Key", "$key"),)), None))
