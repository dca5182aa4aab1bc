"""What is a key and what only looks long: addresses, paths, names and words stand in headers too."""

from __future__ import annotations

import pytest

from conformance.secrets.headers import holds_credential, is_secret_parameter
from conformance.secrets.recognition import is_variable, literal_keys, looks_like_key, variable_problem


@pytest.mark.parametrize(
    "value",
    [
        "sk-proj-0123456789abcdefghij",
        "sk-abcdefghijklmnop",
        'sk-Plant/ed+0123"4567=89abcdef',
        "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "dXNlcjpwYXNzd29yZDEyMzQ1Ng==",
        "0123456789abcdef0123456789abcdef",
        "9tSrke72PouQMnMX",
        "Bearer x",
        "https://user:password@host/v1",
        "https://user@host/v1",
        "https://host/v1?api_key=abc",
        "https://host/v1/sk-abcdefghijklmnop",
    ],
)
def test_a_key_is_known(value: str) -> None:
    assert looks_like_key(value)


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1:8080/v1",
        "https://my-resource-1234567.openai.azure.com/openai/deployments/gpt-4o-2024-08-06",
        "https://host/v1?api-version=2024-08-01-preview",
        "internationalization-v2-2024-11-05",
        "api-gateway-production-2024-08-01",
        "pneumonoultramicroscopicsilicovolcanoconiosis",
        "550e8400-e29b-41d4-a716-446655440000",
        "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "claude-3-5-sonnet-20241022",
        "Mixtral-8x22B-Instruct-v0.1-AWQ-4bit-gs128",
        "/v1/projects/my-project-12345/locations/us-central1/endpoints/openapi",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "application/vnd.openai.v1+json",
        "SGVsbG8gV29ybGQ=",
        "YXBwbGljYXRpb24vanNvbg==",
        "org-AbCdEfGh12345678IjKlMnOp",
        "a sentence of more than twenty letters with 3 4 5",
        "MY_COMPANY_GATEWAY_API_KEY_2024_08",
    ],
)
def test_a_long_word_is_no_key(value: str) -> None:
    assert not looks_like_key(value)


def test_a_plain_header_may_hold_an_address() -> None:
    assert list(literal_keys({"headers": {"x-portkey-custom-host": "http://127.0.0.1:8080/v1"}})) == []
    assert [place for place, _ in literal_keys({"headers": {"x-host": "http://me:secret@h/v1"}})] == ["/headers/x-host"]


@pytest.mark.parametrize(
    "name",
    ["Authorization", "X-API-Key", "apikey", "x-goog-api-key", "Cookie", "x-litellm-api-key", "X-Session-Token",
     "anthropic-api-key", "x-portkey-virtual-key", "client-secret", "X-Auth", "token", "helicone-auth"],
)  # fmt: skip
def test_the_one_list_knows_the_names_of_credentials(name: str) -> None:
    assert holds_credential(name)


@pytest.mark.parametrize(
    "name",
    ["Idempotency-Key", "content-type", "x-ratelimit-remaining-tokens", "x-request-id", "monkey", "x-author",
     "openai-organization", "Sec-WebSocket-Key", "Access-Control-Allow-Credentials", "x-ratelimit-key",
     "x-time-per-token"],
)  # fmt: skip
def test_other_headers_are_none(name: str) -> None:
    assert not holds_credential(name)


def test_query_parameters_follow_the_same_list() -> None:
    assert all(map(is_secret_parameter, ["key", "api_key", "access_token", "sig", "X-Amz-Signature", "client_secret"]))
    assert not any(map(is_secret_parameter, ["api-version", "monkey", "limit"]))


@pytest.mark.parametrize("name", ["KEY; rm -rf ~", "$(id)", "A-B", "1A", "", "A B", "A\nB", "É"])
def test_what_a_shell_would_run_is_no_variable(name: str) -> None:
    assert not is_variable(name)
    assert variable_problem(name)
