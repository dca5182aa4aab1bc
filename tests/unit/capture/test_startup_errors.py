"""Captures that cannot begin: one sentence of what happened, one of what to do."""

from __future__ import annotations

import socket
import time
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest
from capture_samples import CHAT, HTML, KEY, Reply, error, fails, models, normal, run, serving

from conformance.errors import ExitCode, UserError
from conformance.inputs.endpoint import Timeouts

SLASHED = "sk-conf/0123456789+abcdef"


def test_a_refused_key_names_the_variable_and_never_the_key() -> None:
    refused = fails(lambda *_: error(401, f"Incorrect API key provided: {KEY}."), "m")
    stars = "*" * len(KEY)
    assert refused.message == f"The endpoint refused the key in MY_KEY (401): Incorrect API key provided: {stars}."
    assert refused.exit_code is ExitCode.UNREACHABLE


def test_a_missing_key_is_asked_for() -> None:
    refused = fails(lambda *_: error(403, "Who are you?"), key=None)
    assert refused.message == "The endpoint asks for a key (403), and none was sent: Who are you?"
    assert "--api-key-env" in refused.hint


def test_a_key_that_may_not_list_models_may_chat() -> None:
    with serving(lambda path, _: error(403, "no") if path == "/v1/models" else (200, CHAT)) as url:
        assert run(f"{url}/v1", "m").models == ("m",)


@pytest.mark.parametrize("status", [400, 404], ids=str)
def test_an_unknown_model_lists_near_matches(status: int) -> None:
    def script(path: str, body: Any) -> Reply:
        if path == "/v1/models":
            return models("gpt-nano", "llama-70b")
        return error(status, "The model `gpt-nan` does not exist", code="model_not_found")

    unknown = fails(script, "gpt-nan")
    assert unknown.message == f"The endpoint knows no model named gpt-nan ({status})."
    assert unknown.hint == "Did you mean: gpt-nano?"
    assert unknown.exit_code is ExitCode.USAGE


def test_one_unknown_model_among_known_ones_is_named() -> None:
    def script(path: str, body: Any) -> Reply:
        if path == "/v1/models":
            return models("good")
        return (200, CHAT) if body["model"] == "good" else error(404, "model bad not found")

    assert "no model named bad" in fails(script, "good", "bad").message


@pytest.mark.parametrize("named", [(), ("m",)], ids=["unnamed", "named"])
@pytest.mark.parametrize(("status", "reply"), [(200, HTML), (404, HTML)], ids=["200", "404"])
def test_a_web_page_is_called_one(named: tuple[str, ...], status: int, reply: bytes) -> None:
    page = fails(lambda *_: (status, reply), *named, path="")
    assert "is a web page, not an API." in page.message
    assert page.hint.endswith("/v1?")


def test_404_on_everything_suggests_v1() -> None:
    nowhere = fails(lambda *_: (404, {"detail": "Not Found"}), "m", path="/api")
    assert "is answered 404." in nowhere.message
    assert nowhere.hint.endswith("/api/v1?")
    assert nowhere.exit_code is ExitCode.UNREACHABLE


def test_the_endpoints_own_hint_is_shown() -> None:
    assert (
        fails(lambda *_: (404, {}), "m", path="", hint="Did you mean https://x/v1?").hint
        == "Did you mean https://x/v1?"
    )


def test_a_redirect_is_named() -> None:
    assert "redirects to https://elsewhere.example/v1" in fails(lambda *_: (307, {}), "m").message


@pytest.mark.parametrize("named", [(), ("m",)], ids=["unnamed", "named"])
def test_5xx_on_everything_is_unreachable(named: tuple[str, ...]) -> None:
    down = fails(lambda *_: error(503, "overloaded"), *named)
    assert down.message == "The endpoint answers every request with an error of its own (503): overloaded."
    assert down.exit_code is ExitCode.UNREACHABLE


@pytest.mark.parametrize("reply", [models(), (200, [1, {"id": 7}]), (200, b"\xff")], ids=["empty", "odd", "bytes"])
def test_no_model_named_and_none_listed(reply: Reply) -> None:
    nobody = fails(lambda *_: reply)
    assert nobody.message == "No model was named, and /models lists none (answered 200)."
    assert nobody.exit_code is ExitCode.USAGE


def test_no_model_named_and_none_that_chats() -> None:
    nobody = fails(lambda path, _: models("a", "b") if path == "/v1/models" else error(400, "no chat"))
    assert nobody.message == "No model was named, and none of a, b answered a chat request."


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/v1", "127.0.0.1:1 refused the connection."),
        ("http://no-such-host.invalid/v1", "There is no host named no-such-host.invalid."),
    ],
    ids=["refused", "no-host"],
)
def test_nobody_there(url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _resolve)
    with pytest.raises(UserError) as caught:
        run(url)
    assert caught.value.message == message
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def _resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
    if host in {"127.0.0.1", b"127.0.0.1"}:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_tls_that_fails_says_so() -> None:
    with serving(normal) as url, pytest.raises(UserError, match=r"^TLS with 127\.0\.0\.1:\d+ failed: ") as caught:
        run(f"{url.replace('http:', 'https:')}/v1")
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_silence_says_so() -> None:
    def script(path: str, body: Any) -> Reply:
        time.sleep(1)
        return models("m")

    silent = fails(script, timeouts=Timeouts(first_byte=0.2))
    assert "did not answer in time." in silent.message
    assert "timeouts.first_byte" in silent.hint


@pytest.mark.parametrize("key", ["sk-1234\n", "“sk-12345”", "sk 12345"], ids=["newline", "quotes", "blank"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(UserError, match="The key in MY_KEY holds characters") as caught:
        run("http://127.0.0.1:1/v1", key=key)
    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "spelt",
    [
        quote(SLASHED, safe=""),
        b64encode(SLASHED.encode()).decode(),
        "".join(f"&#{ord(char)};" for char in SLASHED),
        SLASHED.encode().hex(),
        SLASHED[::-1],
        SLASHED.upper(),
    ],
    ids=["url", "base64", "html", "hex", "backwards", "capitals"],
)
def test_a_key_that_an_error_spells_otherwise_is_masked(spelt: str) -> None:
    raised = fails(lambda *_: error(401, f"bad key {spelt}"), key=SLASHED)
    assert "bad key " in raised.message
    assert spelt[:-4] not in raised.message


def test_a_short_key_is_masked_in_our_own_words() -> None:
    raised = fails(lambda *_: error(401, "bad key hunter2, says the hunter22"), key="hunter2")
    assert raised.message.endswith("bad key *******, says the hunter22.")


def test_a_url_with_a_password_is_refused() -> None:
    with pytest.raises(UserError, match="user name or password"):
        run("http://me:secret@127.0.0.1:1/v1")
