"""Secret headers: their values come from the environment, and are known to the run as the key is."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import UserError
from conformance.inputs.config_file import load_config
from conformance.inputs.credentials import read_credentials
from conformance.inputs.endpoint import endpoint_from_url
from conformance.inputs.options import BudgetOptions, TargetOptions
from conformance.inputs.targets import resolve_targets, split_header
from conformance.secrets.known import all_known, known_secrets, nothing_known

SECRET = "sk-proj-Abc123Def456Ghi789"


def test_a_config_names_the_variables_of_headers(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "endpoints:\n  - url: https://h/v1\n    headers: {x-portkey-custom-host: http://127.0.0.1:8080/v1}\n"
        "    headers_env: {X-Tenant: TENANT_KEY}\n"
    )
    (endpoint,) = load_config(tmp_path / "c.yaml").endpoints
    assert endpoint.headers == (("x-portkey-custom-host", "http://127.0.0.1:8080/v1"),)
    assert endpoint.headers_env == (("X-Tenant", "TENANT_KEY"),)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"headers_env: {{X-Tenant: {SECRET}}}", "`headers_env` holds what looks like a key"),
        ("headers_env: {X-Tenant: my-name}", "`headers_env` is not the name of an environment variable"),
        ("headers_env: {'X Tenant': MY_KEY}", "names of headers to names of variables"),
        ("headers: {x-host: 'https://me:secret@h/v1'}", "the header `x-host` holds a key"),
    ],
)
def test_a_config_with_a_value_in_its_place_is_refused(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(f"endpoints:\n  - url: https://h/v1\n    {line}\n")
    with pytest.raises(UserError) as raised:
        load_config(tmp_path / "c.yaml")
    assert words in raised.value.message
    assert SECRET not in raised.value.message + raised.value.hint


def test_the_option_names_them_too() -> None:
    target = TargetOptions(url="https://h/v1", secret_headers=("X-Tenant=TENANT", "X-Team=TEAM"))
    ((endpoint,), _) = resolve_targets(target, BudgetOptions())
    assert endpoint.headers_env == (("X-Tenant", "TENANT"), ("X-Team", "TEAM"))


@pytest.mark.parametrize("words", ["X-Tenant", f"X-Tenant={SECRET}", "=MY_KEY", "X Tenant=MY_KEY", "X: a=MY_KEY", ""])
def test_an_option_that_is_not_name_and_variable_is_refused(words: str) -> None:
    with pytest.raises(UserError, match="--header") as raised:
        split_header(words)
    assert SECRET not in raised.value.message + raised.value.hint


def test_a_header_that_carries_the_key_needs_no_other() -> None:
    assert endpoint_from_url("https://h/v1", headers_env={"X-Api-Key": "MY_KEY"}).api_key_env is None
    assert endpoint_from_url("https://h/v1", headers_env={"X-Tenant": "MY_KEY"}).api_key_env == "OPENAI_API_KEY"


def test_what_is_read_is_known_to_the_run() -> None:
    endpoint = endpoint_from_url("https://h/v1", headers_env={"X-Tenant": "TENANT", "X-Auth": "AUTH"})
    environ = {"OPENAI_API_KEY": SECRET, "TENANT": "blue-tenant", "AUTH": "Token of-the-gateway"}
    with nothing_known():
        found = read_credentials(endpoint, environ)
        assert (found.key, found.headers) == (
            SECRET,
            (("X-Tenant", "blue-tenant"), ("X-Auth", "Token of-the-gateway")),
        )
        told = known_secrets().mask_text(f"{SECRET} blue-tenant of-the-gateway")
        assert set(told) == {"*", " "}
        assert all_known().variables == {"OPENAI_API_KEY", "TENANT", "AUTH"}
        assert SECRET not in repr(found) + repr(all_known())
        assert "blue-tenant" not in repr(found) + repr(all_known())
    assert known_secrets().mask_text("blue-tenant") == "blue-tenant"


@pytest.mark.parametrize(
    ("environ", "words"),
    [({}, "TENANT is not set"), ({"TENANT": " "}, "TENANT is not set"), ({"TENANT": "a\nb"}, "no HTTP header")],
)
def test_a_header_without_its_value_is_a_sentence(environ: dict[str, str], words: str) -> None:
    endpoint = endpoint_from_url("http://127.0.0.1:1/v1", headers_env={"X-Tenant": "TENANT"})
    with pytest.raises(UserError, match=words):
        read_credentials(endpoint, environ)
