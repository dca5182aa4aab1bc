"""Proxies: which one the environment names, that this machine is asked directly, that no password is told."""

from __future__ import annotations

import pytest

from conformance.errors import ExitCode, UserError
from conformance.inputs.proxies import is_loopback, proxy_for

PLACE = "http://proxy.corp:3128"


@pytest.mark.parametrize(
    ("url", "environ", "variable"),
    [
        ("https://h/v1", {"HTTPS_PROXY": PLACE}, "HTTPS_PROXY"),
        ("https://h/v1", {"https_proxy": PLACE, "HTTPS_PROXY": "http://other"}, "https_proxy"),
        ("https://h/v1", {"ALL_PROXY": PLACE}, "ALL_PROXY"),
        ("https://h/v1", {"HTTPS_PROXY": "", "ALL_PROXY": PLACE}, "ALL_PROXY"),
        ("http://h/v1", {"http_proxy": "proxy.corp:3128"}, "http_proxy"),
    ],
)
def test_the_environment_names_the_proxy(url: str, environ: dict[str, str], variable: str) -> None:
    proxy = proxy_for(url, environ)
    assert proxy is not None
    assert (proxy.variable, proxy.place, proxy.url) == (variable, "proxy.corp:3128", PLACE)


@pytest.mark.parametrize(
    ("url", "environ"),
    [
        ("https://h/v1", {}),
        ("https://h/v1", {"HTTP_PROXY": PLACE}),
        ("https://h/v1", {"HTTPS_PROXY": PLACE, "NO_PROXY": "*"}),
        ("https://h/v1", {"HTTPS_PROXY": PLACE, "NO_PROXY": "x, h"}),
        ("https://a.corp/v1", {"HTTPS_PROXY": PLACE, "no_proxy": ".corp"}),
        ("https://a.corp/v1", {"HTTPS_PROXY": PLACE, "NO_PROXY": "corp"}),
        ("https://a.corp:8443/v1", {"HTTPS_PROXY": PLACE, "NO_PROXY": "a.corp:8443"}),
        ("https://10.1.2.3/v1", {"HTTPS_PROXY": PLACE, "NO_PROXY": "10.0.0.0/8"}),
    ],
)
def test_no_proxy_is_asked(url: str, environ: dict[str, str]) -> None:
    assert proxy_for(url, environ) is None


@pytest.mark.parametrize(
    "entry", ["acorp", "b.a.corp", "a.corp:1", "10.0.0.0/8", "corp.example", ".", " ", "a.corp.evil"]
)
def test_no_proxy_of_others_changes_nothing(entry: str) -> None:
    assert proxy_for("https://a.corp/v1", {"HTTPS_PROXY": PLACE, "NO_PROXY": entry})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "a.localhost", "localhost.", "127.0.0.1", "127.9.9.9", "127.1", "[::1]",
     "[::ffff:127.0.0.1]"],
)  # fmt: skip
def test_this_machine_is_asked_directly(host: str) -> None:
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"), PLACE)
    assert proxy_for(f"http://{host}:8000/v1", proxies) is None
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1.example.com", "localhost.example.com", "128.0.0.1", "::2", "10.0.0.1"])
def test_other_machines_are_not_this_one(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("socks5://me:hunter2@h:1080", "names a SOCKS proxy (h:1080), which is not supported"),
        ("socks5h://h", "names a SOCKS proxy (h)"),
        ("ftp://me:hunter2@h", "neither http nor https"),
        ("http://me:hunter2@h:port", "malformed"),
        ("http://me:hunter2@[h", "malformed"),
        ("http://me:hunter2@", "it has no host"),
        ("http://me:hunter2@h h:1", "it has no host"),
        ("http://me:hunter2é@h:1", "characters that no URL can carry"),
    ],
)
def test_a_proxy_that_cannot_be_is_a_sentence_without_its_password(value: str, words: str) -> None:
    with pytest.raises(UserError) as raised:
        proxy_for("https://h.example/v1", {"ALL_PROXY": value})
    told = raised.value.message + raised.value.hint
    assert words in raised.value.message
    assert raised.value.message.startswith("ALL_PROXY ")
    assert raised.value.exit_code is ExitCode.USAGE
    assert "hunter2" not in told
    assert "ter2" not in told


def test_a_proxy_keeps_its_password_to_itself() -> None:
    proxy = proxy_for("https://h/v1", {"HTTPS_PROXY": "http://me:p%40ss@proxy.corp"})
    assert proxy is not None
    assert proxy.url == "http://me:p%40ss@proxy.corp:80"
    assert "ss" not in repr(proxy)
    assert {"p%40ss", "p@ss", "me:p@ss"} == set(proxy.secrets)
