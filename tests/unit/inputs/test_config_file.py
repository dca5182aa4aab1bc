from __future__ import annotations

from pathlib import Path

import pytest

from conformance.api.registry import operations
from conformance.errors import ExitCode, UserError
from conformance.inputs.config_file import load_config
from conformance.inputs.endpoint import Endpoint, Limits, Timeouts, api_key, endpoint_from_url

SECRET = "sk-proj-Abc123Def456Ghi789"


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "conformance.yaml"
    file.write_text(text)
    return file


def test_a_whole_configuration(tmp_path: Path) -> None:
    text = """
endpoints:
  - name: prod
    url: https://Host.example/v1/
    api_key_env: MY_KEY
    models: [a, b]
    profile: llmbase
    headers: {X-Team: blue}
    concurrency: 2
    timeouts: {connect: 1, total: 9.5}
    limits: {requests: 5}
    verify_tls: false
    label: version=1.2
  - url: http://127.0.0.1:8000/v1
out: here
"""
    loaded = load_config(config(tmp_path, text))
    first, second = loaded.endpoints
    assert first == Endpoint(
        "prod",
        "https://host.example/v1",
        "MY_KEY",
        ("a", "b"),
        "llmbase",
        (("X-Team", "blue"),),
        2,
        Timeouts(connect=1, total=9.5),
        Limits(requests=5),
        verify_tls=False,
        label="version=1.2",
    )
    assert (second.name, second.api_key_env, second.concurrency) == ("127.0.0.1-8000", None, 8)
    assert loaded.out == "here"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "url: https://h/v1\n    modles: [a]", ":3:5: unknown key `modles`; did you mean `models`?", id="unknown key"
        ),
        pytest.param("name: prod", "`url` is missing", id="no url"),
        pytest.param(
            "url: h.example/v1", ":2:10: the URL has no scheme; did you mean `https://h.example/v1`?", id="no scheme"
        ),
        pytest.param("url: https://h/v1\n    name: Prod/1", ":3:11: `name` must be a name of a-z", id="unsafe name"),
        pytest.param("url: https://h/v1\n    name: ..", ":3:11: `name` must be a name of a-z", id="parent folder"),
        pytest.param("url: https://h/v1\n    concurrency: 0", "`concurrency` must be at least 1", id="no concurrency"),
        pytest.param(
            "url: https://h/v1\n  - url: https://h/v1", ":3:5: endpoint `h` exists already, at ", id="same host twice"
        ),
        pytest.param(
            "url: https://h/v1\n    name: a\n  - url: https://i/v1\n    name: a",
            ":5:11: endpoint `a` exists already, at ",
            id="same name twice",
        ),
        pytest.param(
            "url: https://h/v1\n    headers: {X-Flag: off}",
            "`X-Flag` must be text, not true or false",
            id="boolean header",
        ),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        load_config(config(tmp_path, f"endpoints:\n  - {text}\n"))
    assert message in raised.value.message


@pytest.mark.parametrize("text", ["", "[]", "out: x", "endpoints: {}", "endpoints: []", "endpoints: [1]"])
def test_a_file_of_another_shape(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"conformance\.yaml:1:"):
        load_config(config(tmp_path, text))


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        pytest.param([f"api_key: {SECRET}"], ":3:14: endpoints[0]: `api_key` holds a key", id="api_key"),
        pytest.param(
            [f"api_key_env: {SECRET}"], ":3:18: endpoints[0]: `api_key_env` holds what looks", id="in place of a name"
        ),
        pytest.param(
            [f"api_key_env: {SECRET.replace('-', '_')}"], "`api_key_env` holds what looks like a key", id="a valid name"
        ),
        pytest.param(["api_key_env: my-SECRET"], "`api_key_env` is not the name", id="no name"),
        pytest.param(
            ["headers:", f"  Authorization: Bearer {SECRET}"],
            ":4:22: endpoints[0]: the header `Authorization`",
            id="authorization",
        ),
        pytest.param(["headers:", "  x-api-key: SECRET"], "the header `x-api-key` holds a key", id="x-api-key"),
        pytest.param(["headers:", f"  X-Mine: {SECRET}"], "the header `X-Mine` holds a key", id="own header"),
        pytest.param([f"models: {SECRET}"], "`models` must be a list, not text", id="key where a list belongs"),
    ],
)
def test_literal_keys_are_refused_and_never_repeated(tmp_path: Path, lines: list[str], place: str) -> None:
    body = "\n".join(f"    {line}" for line in lines)
    with pytest.raises(UserError) as raised:
        load_config(config(tmp_path, f"endpoints:\n  - url: https://h/v1\n{body}\n"))
    words = raised.value.message + raised.value.hint
    assert place in raised.value.message
    assert SECRET not in words
    assert "Abc123" not in words
    assert "SECRET" not in words
    assert raised.value.exit_code == ExitCode.USAGE
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "base", "note"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1", ""),
        ("https://api.example.com/v1/", "https://api.example.com/v1", ""),
        (" HTTPS://API.example.com:8443/V1// ", "https://api.example.com:8443/V1", ""),
        ("https://h/v1/chat/completions", "https://h/v1", "Dropped /chat/completions"),
        ("https://h/v1/models/", "https://h/v1", "Dropped /models"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1", ""),
    ],
)
def test_urls_are_put_in_order(url: str, base: str, note: str) -> None:
    endpoint = endpoint_from_url(url, operations=operations())
    assert endpoint.base_url == base
    assert endpoint.note.startswith(note)
    assert bool(endpoint.note) == bool(note)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("api.example.com/v1", "did you mean `https://api.example.com/v1`?"),
        ("localhost:8000/v1", "did you mean `http://localhost:8000/v1`?"),
        ("api.example.com/v1?key=SECRET", "did you mean `https://api.example.com/v1`?"),
        ("htps://h/v1", "scheme `htps` is not http or https; did you mean `https`?"),
        ("ftp://h/v1", "scheme `ftp` is not http or https"),
        ("https://", "has no host"),
        ("https://h h/v1", "holds a space"),
        ("https://h:port/v1", "malformed"),
        ("https://me:SECRET@h/v1", "the URL of h carries credentials"),
        ("https://h/v1?key=SECRET", "has a query or a fragment"),
        ("prod", "did you mean `https://prod`?"),
        ("what is this", "is not a URL"),
        ("", "is not a URL"),
    ],
)
def test_urls_that_cannot_be(url: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        endpoint_from_url(url)
    assert message in raised.value.message
    assert raised.value.hint
    assert "SECRET" not in raised.value.message + raised.value.hint


def test_a_url_without_a_path_carries_a_hint() -> None:
    assert "https://h/v1" in endpoint_from_url("https://h/").hint
    assert endpoint_from_url("https://h/v1").hint == ""


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("https://api.example.com/v1", "OPENAI_API_KEY"),
        ("http://localhost:1/v1", None),
        ("http://127.0.0.2/v1", None),
        ("http://[::1]/v1", None),
        ("http://127.0.0.1.example.com/v1", "OPENAI_API_KEY"),
    ],
)
def test_the_default_variable(url: str, variable: str | None) -> None:
    assert endpoint_from_url(url).api_key_env == variable


def test_a_key_as_option_is_refused_and_not_repeated() -> None:
    with pytest.raises(UserError, match="--api-key-env holds what looks like a key") as raised:
        endpoint_from_url("https://h/v1", api_key_env=SECRET)
    assert SECRET not in raised.value.message + raised.value.hint


def test_keys_come_from_the_environment() -> None:
    assert api_key(endpoint_from_url("https://h/v1"), {"OPENAI_API_KEY": "abc\n"}) == "abc"
    assert api_key(endpoint_from_url("http://localhost/v1"), {"OPENAI_API_KEY": "abc"}) is None


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({}, "MY_KEY is not set", id="unset"),
        pytest.param({"MY_KEY": "  "}, "MY_KEY is not set", id="blank"),
        pytest.param({"MY_KEY": "SEC\nRET"}, "no HTTP header can carry", id="line break"),
        pytest.param({"MY_KEY": "SEC RET"}, "no HTTP header can carry", id="blank inside"),
        pytest.param({"MY_KEY": "“SECRET”"}, "no HTTP header can carry", id="typographic quotes"),
    ],
)
def test_keys_that_are_not_there(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        api_key(endpoint_from_url("https://h/v1", api_key_env="MY_KEY"), environ)
    assert raised.value.exit_code == ExitCode.USAGE
    assert "RET" not in raised.value.message


def test_a_readable_variable_name_is_no_key() -> None:
    assert endpoint_from_url("https://h/v1", api_key_env="MY_COMPANY_GATEWAY_API_KEY_2").api_key_env
