"""Keys that another recorder left in: found by the one list of names, masked in headers, bodies and addresses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.model import Exchange
from conformance.recording import read_recordings
from conformance.report.evidence.collect import collect
from conformance.secrets.known import learn_secrets, nothing_known

KEY = "Zq7wT3xKp9LmB2vR"
URL = "https://h.example/v1/chat/completions"


def read(tmp_path: Path, request: dict[str, Any], response: dict[str, Any], body: str, url: str = URL) -> Exchange:
    """The exchange of a HAR file."""
    entry = {
        "startedDateTime": "2025-01-01T00:00:00Z",
        "time": 1,
        "request": {"method": "POST", "url": url, "headers": pairs(request), "postData": {"text": "{}"}},
        "response": {"status": 200, "headers": pairs(response), "content": {"text": body, "size": len(body)}},
    }
    (tmp_path / "a.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}))
    (recording,) = read_recordings([tmp_path / "a.har"])
    assert KEY not in collect([recording], ["1"])["1"].curl
    return recording.exchanges[0]


def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def test_a_stranger_header_is_masked_where_the_user_names_it(tmp_path: Path) -> None:
    with nothing_known():
        assert KEY in repr(read(tmp_path, {}, {"X-Tenant": KEY}, "{}"))
        learn_secrets(headers=["X-Tenant"])
        assert KEY not in repr(read(tmp_path, {"x-tenant": KEY}, {"X-Tenant": KEY}, json.dumps({"echo": KEY})))


@pytest.mark.parametrize(
    "name",
    ["x-auth-token", "apikey", "x-goog-api-key", "Authorization", "X-Session-Token", "anthropic-api-key", "x-auth"],
)
@pytest.mark.parametrize("side", ["request", "response"])
def test_a_credential_header_is_masked_and_its_echoes_too(name: str, side: str, tmp_path: Path) -> None:
    headers = {name: KEY, "x-echo": f"you sent {KEY}"}
    sent, got = (headers, {}) if side == "request" else ({}, headers)
    found = read(tmp_path, sent, got, json.dumps({"echo": KEY, "spread": [KEY[:5], KEY[5:]]}))
    assert KEY not in repr(found)
    assert found.content.count(b"*") == 2 * len(KEY)


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_cookie_is_masked_and_its_echoes_too(side: str, tmp_path: Path) -> None:
    headers = {"Cookie" if side == "request" else "Set-Cookie": f"sid={KEY}"}
    sent, got = (headers, {}) if side == "request" else ({}, headers)
    found = read(tmp_path, sent, got, json.dumps({"session": KEY}))
    assert KEY not in repr(found)


def test_a_cookie_of_words_masks_no_words_of_the_body(tmp_path: Path) -> None:
    cookies = {"Cookie": "model=gpt-4o-mini-2024-07-18; theme=dark"}
    found = read(tmp_path, cookies, {}, '{"model":"gpt-4o-mini-2024-07-18"}')
    assert found.content == b'{"model":"gpt-4o-mini-2024-07-18"}'
    assert "gpt" not in dict(found.sent_headers)["Cookie"]


@pytest.mark.parametrize("name", ["x-ratelimit-key", "x-deployment-key", "x-model-token"])
def test_a_header_that_names_the_model_masks_no_model(name: str, tmp_path: Path) -> None:
    found = read(tmp_path, {}, {name: "gpt-5-nano-2025-08-07"}, '{"model":"gpt-5-nano-2025-08-07"}')
    assert found.content == b'{"model":"gpt-5-nano-2025-08-07"}'


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "sig", "subscription-key"])
def test_a_key_in_the_address_is_masked_and_its_echoes_too(name: str, tmp_path: Path) -> None:
    found = read(tmp_path, {}, {}, json.dumps({"echo": KEY}), f"{URL}?{name}={KEY}&x=1")
    assert KEY not in repr(found)
    assert found.url.endswith("&x=1")
