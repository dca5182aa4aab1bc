"""Curl lines are pasted into shells, and what they are made of may be a stranger's."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from conformance.model import Exchange, Header, Recording, Redaction, Request
from conformance.report.evidence.collect import collect
from conformance.report.evidence.curl import curl_line, key_variable_for, origin_of

URL = "https://h.example/v1/chat/completions"
SET = {"K": "the-key", "OPENAI_API_KEY": "the-key", "API_KEY": "the-key", "HOME": "/nowhere", "PATH": "/usr/bin:/bin"}


def line_of(url: str = URL, variable: str = "K", **fields: object) -> str:
    return curl_line(Exchange("1", fields.pop("request", Request()), url, **fields), variable)  # type: ignore[arg-type]


def words(line: str) -> list[str]:
    """What a shell hands to curl."""
    printed = line.replace("curl ", "printf '%s\\0' ", 1)
    said = subprocess.run(["bash", "-c", printed], capture_output=True, check=True, env=SET, timeout=20)
    return said.stdout.decode("utf-8", "replace").split("\0")[:-1]


@pytest.mark.parametrize("name", ["K; touch x", "$(id)", "`id`", "K\nid", '"; id; "', "A B", "-K", "É"])
def test_a_variable_that_is_none_never_stands_in_the_line(name: str) -> None:
    assert name not in line_of(variable=name)
    assert "Authorization: Bearer ***" in words(line_of(variable=name))
    assert key_variable_for(name, URL) == "API_KEY"


@pytest.mark.parametrize(
    "url", ["-K/etc/passwd", "file:///etc/passwd", "gopher://h/x", "@/etc/passwd", "", "https://", "https://h:port/"]
)
def test_a_url_that_is_no_address_is_repeated_nowhere(url: str) -> None:
    line = line_of(url)
    assert line.startswith("# ")
    assert "passwd" not in line


@pytest.mark.parametrize("url", ["https://h/$(id)", "https://h/;id", "https://h/a'b", "https://h/{a,b}[1-9]?x=`id`&y"])
def test_an_address_is_one_word_after_its_own_option(url: str) -> None:
    said = words(line_of(url))
    assert said[said.index("--url") + 1] == url
    assert "--globoff" in said


@pytest.mark.parametrize("method", ["GET /x", "-K/etc/passwd x", "$(id)\n", "G\rT", ""])
def test_a_method_that_is_none_makes_no_line(method: str) -> None:
    assert line_of(request=Request(method=method)).startswith("# ")


@pytest.mark.parametrize("name", ["@/etc/passwd", "x\r\ny", 'x"$(id)', "a b", ""])
def test_a_header_that_is_none_is_left_out(name: str) -> None:
    assert "passwd" not in line_of(sent_headers=((name, "v"),))
    assert "-H" not in words(line_of(sent_headers=((name, "v"),), request=Request(auth="none")))


@pytest.mark.parametrize("name", ["x`id`-token", "x$K-secret", "x!1-key"])
def test_a_secret_header_of_a_strange_name_shows_no_variable(name: str) -> None:
    said = words(line_of(sent_headers=((name, "abc"),)))
    assert f"{name}: ***" in said


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x-api-key", "x-api-key: $K"),
        ("X-Api-Key", "X-Api-Key: $K"),
        ("Cookie", "Cookie: $COOKIE"),
        ("x-session-token", "x-session-token: $X_SESSION_TOKEN"),
    ],
)
def test_a_secret_header_is_shown_as_a_variable(name: str, shown: str) -> None:
    assert f'-H "{shown}"' in line_of(sent_headers=((name, "abc"),))


def test_a_header_that_the_user_named_is_shown_as_a_variable() -> None:
    line = line_of(sent_headers=(("X-Tenant", "***"),), redactions=(Redaction("sent x-tenant", 0, 3),))
    assert '-H "X-Tenant: $X_TENANT"' in line


def evidence(base_url: str, url: str, variable: str = "") -> list[str]:
    sent = (("x-api-key", "abc"),)
    recording = Recording(Header("h", base_url), (Exchange("1", Request(), url, sent_headers=sent),))
    return shlex.split(collect([recording], ["1"], key_variable=variable)["1"].curl)


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.openai.com/v1", "https://evil.example/v1/chat/completions"),
        ("https://api.openai.com/v1", "http://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1", "https://api.openai.com:8443/v1/chat/completions"),
        ("https://api.openai.com/v1", "https://api.openai.com@evil.example/v1"),
        ("nothing", "https://evil.example/v1"),
    ],
)
@pytest.mark.parametrize("variable", ["", "MY_KEY"])
def test_a_key_goes_to_the_origin_of_its_endpoint_alone(base_url: str, url: str, variable: str) -> None:
    said = evidence(base_url, url, variable)
    assert not [word for word in said if "$" in word]
    assert {"Authorization: Bearer ***", "x-api-key: ***"} <= set(said)


@pytest.mark.parametrize(
    ("base_url", "variable", "shown"),
    [
        ("https://api.openai.com/v1", "", "$OPENAI_API_KEY"),
        ("https://API.openai.com:443/v1", "", "$OPENAI_API_KEY"),
        ("https://evil.example/v1", "", "$API_KEY"),
        ("https://api.openai.com.evil.example/v1", "", "$API_KEY"),
        ("https://h.example/v1", "MY_KEY", "$MY_KEY"),
    ],
)
def test_only_openai_is_sent_openais_key_unless_the_run_says_so(base_url: str, variable: str, shown: str) -> None:
    assert f"Authorization: Bearer {shown}" in evidence(base_url, f"{base_url}/chat/completions", variable)


def test_origins() -> None:
    assert origin_of("https://H/v1") == origin_of("https://h:443/x") != origin_of("http://h/v1")
    assert origin_of("ftp://h/") is origin_of("https://[/") is None
