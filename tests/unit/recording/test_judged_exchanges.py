"""Of what another tool recorded: which exchanges are judged, as whose, and what its recorder replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from foreign_samples import ASKED, URL, go_vcr, models, one

from conformance.model import Exchange
from conformance.recording.foreign.exchange import ForeignAnswer, Sent, foreign_exchange
from conformance.recording.foreign.form import is_judged
from conformance.recording.foreign.placement import host_of, host_of_server, server_of

# --- what was asked of whom ---------------------------------------------------------------------------------------


def placed(  # noqa: PLR0917
    method: str, url: str, body: Any = None, headers: Any = (), status: int = 200, answer: bytes = b""
) -> Exchange:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return foreign_exchange(1, Sent(method, url, headers, data), ForeignAnswer(status, "", (), answer), frozenset())


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("<OLLAMA_API_BASE>/chat/completions", "OLLAMA_API_BASE", "/chat/completions"),
        ("https://x.<AWS_REGION>.api.aws/v1/chat/completions", "x.<aws_region>.api.aws", "/chat/completions"),
        ("https://[REDACTED]/v1/chat/completions", "redacted", "/chat/completions"),
        ("**REDACTED**/v1/chat/completions", "REDACTED", "/chat/completions"),
        ("{{base_url}}/v1/chat/completions", "base_url", "/chat/completions"),
        ("https://user:secret@h:8080/v1/chat/completions#stream", "h", "/chat/completions"),
        ("http://[::1]:8080/v1/chat/completions", "::1", "/chat/completions"),
    ],
)
def test_what_is_left_of_a_scrubbed_url_counts(url: str, host: str, path: str) -> None:
    exchange = placed("POST", url, {"model": "m", "messages": []})
    assert (host_of(exchange.url), exchange.request.path, exchange.request.expects) == (host, path, "completion")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://localhost:8000/v1/models", "localhost:8000"),
        ("http://localhost:08000/v1/models", "localhost:8000"),
        ("http://localhost/v1/models", "localhost"),
        ("http://localhost:/v1/models", "localhost"),
        ("http://localhost:80/v1/models", "localhost"),
        ("https://api.openai.com:443/v1/models", "api.openai.com"),
        ("https://API.openai.com:8443/v1/models", "api.openai.com:8443"),
        ("http://[::1]:8080/v1/models", "[::1]:8080"),
        ("http://[::1]/v1/models", "::1"),
        ("<OLLAMA_API_BASE>/models", "OLLAMA_API_BASE"),
        ("no url", ""),
    ],
)
def test_a_server_is_a_host_and_a_port_that_is_not_its_schemes_own(url: str, server: str) -> None:
    assert server_of(url) == server
    assert host_of_server(server) == host_of(url)


@pytest.mark.parametrize(
    ("body", "answer", "expects"),
    [
        ({"messages": []}, b'{"object": "chat.completion"}', "completion"),
        ({"messages": [], "stream": True}, b'data: {"object":"chat.completion.chunk"}', "stream"),
        ({"input": "x"}, b'{"object":"response"}', "response"),
        ({"input": "x"}, b'{"object":"list"}', "embeddings"),
        ({"messages": []}, b'{"type": "message"}', "other"),
        ({"messages": []}, b'{"error": {}}', "other"),
    ],
)
def test_a_url_that_is_gone_leaves_the_forms(body: Any, answer: bytes, expects: str) -> None:
    assert placed("POST", "**REDACTED**", body, answer=answer).request.expects == expects


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "https://h/favicon.ico", None),
        ("POST", "https://h/v1/images/edits", b"--boundary"),
        ("POST", "https://h/v1/messages", {"model": "m", "messages": []}),
        ("POST", "https://h/v1/responses/compact", {"model": "m"}),
        ("POST", "https://forms.example/api/responses", {"answers": [1]}),
        ("POST", "https://h/v1/completions", {"query": "x"}),
        ("POST", "https://h/v1/chat/completions", b"prompt=x&model=y"),
        ("GET", "https://h/v1/chat/completions", None),
    ],
)
@pytest.mark.parametrize("status", [200, 404])
def test_other_apis_are_not_judged(method: str, url: str, body: Any, status: int) -> None:
    assert not is_judged(placed(method, url, body, status=status))


@pytest.mark.parametrize("body", [None, b"", {}, {"model": "m"}, {"input": "x"}, b'{"model": "m", broken'])
def test_a_request_that_may_be_ours_is(body: Any) -> None:
    assert is_judged(placed("POST", "https://h/v1/responses", body, status=400))


LIST = {"object": "list", "data": [{"id": "m", "object": "model"}]}
PAGE = {"data": [{"type": "model", "id": "c", "display_name": "C"}], "has_more": False, "first_id": "c", "last_id": "c"}


@pytest.mark.parametrize(
    ("rows", "judged"),
    [
        pytest.param([models(LIST)], [True], id="its form says so"),
        pytest.param([models({"data": LIST["data"]})], [True], id="without object"),
        pytest.param([models(PAGE)], [False], id="a page of another API"),
        pytest.param([models({"models": [{"name": "m"}]})], [False], id="a list of another API"),
        pytest.param([models({"models": []}, agent="OpenAI/Python 1.2")], [True], id="a client of this API asked"),
        pytest.param([models({"models": []}), go_vcr()], [True, True], id="the host has this API"),
        pytest.param([models({"detail": "no"}, status=404)], [False], id="an error of whatever"),
        pytest.param([models({"error": {"message": "no"}}, status=401)], [True], id="an error of this API"),
        pytest.param([models({"type": "error", "error": {}}, status=401)], [False], id="an error of another API"),
    ],
)
def test_a_list_of_models_needs_a_sign_that_it_is_ours(tmp_path: Path, rows: list[Any], judged: list[bool]) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"interactions": rows}))
    assert [is_judged(exchange) for exchange in one(tmp_path / "c.yaml").exchanges] == judged


def test_a_header_that_another_api_asks_for_tells(tmp_path: Path) -> None:
    assert not is_judged(placed("GET", "https://h/v1/models", headers=(("anthropic-version", "2023-06-01"),)))


# --- what a recorder replaced -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["<X_REQUEST_ID>", "REDACTED", "[REDACTED]", "**REDACTED**", "redacted-request-id", "SCRUBBED_ACCOUNT_ID",
     "FILTERED", "XXXXXXXX", "****", "<Filtered Header>"],
)  # fmt: skip
def test_a_header_that_the_recorder_replaced_is_lost(value: str) -> None:
    headers = (("x-request-id", value), ("date", "Thu, 13 Aug 2026 10:09:45 GMT"))
    answer = ForeignAnswer(200, "", headers, b"{}")
    exchange = foreign_exchange(1, Sent("POST", URL, (), ASKED.encode()), answer, frozenset())
    assert exchange.response_headers == headers[1:]


@pytest.mark.parametrize(
    "value", ["req_0123", "filtered", "max-age=0", "<https://h/next>; rel=next", "masked", "x", "*", "removed", "xxx"]
)
def test_a_header_of_the_endpoint_stays(value: str) -> None:
    answer = ForeignAnswer(200, "", (("x-thing", value),), b"{}")
    exchange = foreign_exchange(1, Sent("POST", URL, (), ASKED.encode()), answer, frozenset())
    assert exchange.response_headers == (("x-thing", value),)


COOKIE = "__cf_bm=aB3dE5fG7hJ9kL1mN3pQ5rS7-1785711779; HttpOnly; Path=/"
KEY = "sk-0123456789abcdefXYZ"


@pytest.mark.parametrize(
    ("cookie", "where"),
    [
        pytest.param(COOKIE, "response-credential set-cookie", id="its own"),
        pytest.param(f"key={KEY}; Path=/", "response set-cookie", id="the key that was sent"),
    ],
)
def test_a_cookie_that_the_endpoint_gives_is_no_echo_of_a_key(cookie: str, where: str) -> None:
    sent = Sent("POST", URL, (("authorization", f"Bearer {KEY}"),), ASKED.encode())
    exchange = foreign_exchange(1, sent, ForeignAnswer(200, "", (("Set-Cookie", cookie),), b"{}"), frozenset())
    assert {spot.where for spot in exchange.redactions if spot.where.startswith("response")} == {where}
    assert "***" in exchange.response_headers[0][1]
