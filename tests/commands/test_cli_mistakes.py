"""What people are told of their mistakes and of endpoints that are not there: a sentence, a hint, an exit code."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import KEY, MODEL, NOWHERE, SECRET, invoke, told
from plugin_samples import CountingServer

from conformance.commands.app import cli


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: CountingServer) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFERENCE_KEY", server.api_key)
    monkeypatch.setenv("WRONG_KEY", SECRET)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


# --- mistakes, and who is not there -----------------------------------------------------------------------------------


class Page(http.server.BaseHTTPRequestHandler):
    """Answers everything with a web page."""

    def do_GET(self) -> None:
        page = b"<!doctype html><html><body>Welcome</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_POST = do_GET  # noqa: N815 - the name that the base class looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives
        """Say nothing."""


class Quiet(http.server.ThreadingHTTPServer):
    """A server that does not complain of clients that hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def website() -> Iterator[str]:
    with Quiet(("127.0.0.1", 0), Page) as website:
        threading.Thread(target=website.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{website.server_port}"
        website.shutdown()


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    make = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost"
    subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with Quiet(("127.0.0.1", 0), Page) as website:
        website.socket = context.wrap_socket(website.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=website.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{website.server_port}"
        website.shutdown()


@pytest.mark.parametrize(
    ("url", "options", "code", "error", "hint"),
    [
        pytest.param(
            "http://no-such-host.invalid/v1",
            (*MODEL, *KEY),
            4,
            "There is no host named no-such-host.invalid",
            "typo",
            id="no-host",
        ),
        pytest.param(NOWHERE, MODEL, 4, "127.0.0.1:9 refused the connection", "Is the server running", id="refused"),
        pytest.param("{api}", MODEL, 4, "asks for a key (401), and none was sent", "--api-key-env", id="no-key"),
        pytest.param(
            "{api}",
            (*MODEL, "--api-key-env", "WRONG_KEY"),
            4,
            "refused the key in WRONG_KEY (401)",
            "valid",
            id="wrong-key",
        ),
        pytest.param(
            "{api}",
            ("--model", "reference-chatt", *KEY),
            2,
            "no model named reference-chatt",
            "reference-chat",
            id="model",
        ),
        pytest.param("{website}/v1", MODEL, 4, "is a web page, not an API", "path", id="web-page"),
        pytest.param("{website}", (), 4, "is a web page, not an API", "{website}/v1", id="web-page-no-model"),
        pytest.param("{root}", (*MODEL, *KEY), 4, "is answered 404", "try {root}/v1", id="no-v1"),
        pytest.param("{tls}/v1", MODEL, 4, "TLS with", "--insecure", id="self-signed"),
        pytest.param("{api}", ("--profile", "lmbase"), 2, "did you mean `llmbase`", "Profiles: ", id="profile"),
        pytest.param("{api}", ("--select", "strem.done"), 2, "did you mean `stream.done`", "list checks", id="select"),
        pytest.param("{api}", ("--select", "stream.done and"), 2, "has no term before its end", "Write", id="grammar"),
        pytest.param("{api}", ("--api-key-env", "UNSET"), 2, "UNSET is not set", "export UNSET=", id="unset-variable"),
        pytest.param("https://api.example.com/v1", (), 2, "OPENAI_API_KEY is not set", "export", id="unset-default"),
        pytest.param("{api}", ("--suites", "gone"), 2, "gone: there is no such folder", "--suites", id="no-suites"),
        pytest.param("{api}", ("--config", "c.yaml"), 2, "both a URL and --config", "one of them", id="url-and-config"),
        pytest.param("{api}", ("--known-failures", "gone.yaml"), 2, "gone.yaml cannot be read", "path", id="no-list"),
        pytest.param(
            "{api}", ("--baseline", "gone.json"), 2, "gone.json: there is no such", "--baseline", id="no-baseline"
        ),
        pytest.param(
            "api.example.com/v1", (), 2, "did you mean `https://api.example.com/v1`", "in full", id="no-scheme"
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_a_hint(  # noqa: PLR0917 - a row of the table
    url: str, options: tuple[str, ...], code: int, error: str, hint: str, request: pytest.FixtureRequest
) -> None:
    api = request.getfixturevalue("server").base_url
    known = {"api": api, "root": api.removesuffix("/v1"), "website": request.getfixturevalue("website")}
    if "{tls}" in url:
        known["tls"] = request.getfixturevalue("self_signed")
    done = invoke("run", url.format(**known), *options, "--out", "out")
    what, then = told(done)
    assert done.exit_code == code, done.stderr
    assert error in what
    assert hint.format(**known) in then
    assert not Path("out").exists()


def test_insecure_trusts_any_certificate(self_signed: str) -> None:
    done = invoke("run", f"{self_signed}/v1", *MODEL, "--insecure", "--out", "out")
    assert "is a web page" in told(done)[0]


@pytest.mark.parametrize("end", ["/", "/chat/completions"])
def test_a_base_url_may_end_in_a_slash_or_an_operation(end: str, server: CountingServer) -> None:
    options = (*MODEL, *KEY, "--select", "chat.object", "--out", "out")
    done = invoke("run", server.base_url + end, *options)
    assert done.exit_code == 0, done.output
    assert json.loads(Path("out", "results.json").read_text())["endpoint"]["url"] == server.base_url


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        pytest.param(
            "endpoints:\n  - name: a\n    url: http://h/v1\n    modles: [a]\n",
            "c.yaml:4:5: unknown key `modles`; did you mean `models`?",
            "models",
            id="key",
        ),
        pytest.param("endpoints:\n  - name: a\n   url: x\n", "c.yaml:3:4: not YAML", "indentation", id="indentation"),
        pytest.param("endpoints: []\n", "c.yaml:1:12", "", id="empty"),
        pytest.param(
            f"endpoints:\n  - url: http://h/v1\n    api_key_env: {SECRET}\n",
            "c.yaml:3:18",
            "api_key_env: MY_KEY",
            id="key-given",
        ),
    ],
)
def test_a_mistake_in_the_config_is_told_with_its_line(text: str, error: str, hint: str) -> None:
    Path("c.yaml").write_text(text)
    done = invoke("run", "--config", "c.yaml")
    assert done.exit_code == 2
    assert error in done.stderr
    assert hint in done.stderr
    assert SECRET not in done.output


def test_a_key_in_place_of_its_variable_is_never_echoed(server: CountingServer) -> None:
    done = invoke("run", server.base_url, "--api-key-env", SECRET)
    assert (done.exit_code, told(done)[0].startswith("--api-key-env holds what looks like a key")) == (2, True)
    assert SECRET not in done.output


def test_no_key_reaches_what_is_said_or_written(server: CountingServer) -> None:
    done = invoke("run", server.base_url, *MODEL, *KEY, "--quick", "--out", "out")
    written = b"".join(path.read_bytes() for path in Path("out").iterdir())
    assert done.exit_code == 0
    assert server.api_key not in done.output
    assert server.api_key.encode() not in written


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param(["serve", "--fault", "stream-done-mising-eof"], "stream-done-missing-eof", id="fault"),
        pytest.param(["serve", "--dialect", "opnai"], "openai", id="dialect"),
        pytest.param(["report", "gone"], "gone/results.json cannot be read", id="report"),
        pytest.param(["judge", "gone.jsonl"], "gone.jsonl cannot be read", id="no-recording"),
        pytest.param(["judge", "words.jsonl"], "words.jsonl is no recording", id="not-a-recording"),
        pytest.param(["judge", "empty.jsonl"], "empty.jsonl is no recording: it is empty", id="empty-recording"),
        pytest.param(["judge", "."], "holds no recording", id="folder-without-recording"),
        pytest.param(["run", NOWHERE, "--out", "words.jsonl"], "words.jsonl is a file", id="out-is-a-file"),
        pytest.param(["list", "chekcs"], "'chekcs' is not one of", id="unknown-list"),
        pytest.param(["judge"], "Missing argument", id="nothing-to-judge"),
        pytest.param(["run", "--modle", "m"], "No such option", id="unknown-option"),
        pytest.param(["rnu"], "No such command", id="unknown-command"),
    ],
)
def test_bad_usage_ends_with_2(words: list[str], error: str) -> None:
    Path("words.jsonl").write_text("not a recording\n")
    Path("empty.jsonl").write_text("")
    done = invoke(*words)
    assert done.exit_code == 2
    assert error in done.stderr


def test_a_taken_port_is_told(server: CountingServer) -> None:
    port = server.base_url.split(":")[2].removesuffix("/v1")
    done = invoke("serve", "--port", port)
    assert done.exit_code == 2
    assert f"Cannot listen on 127.0.0.1:{port}" in told(done)[0]


@pytest.mark.parametrize("command", [["run"], ["plan"], ["capture"], ["try", "chat.basic"]], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("url", "what"),
    [([], "no endpoint was named"), ([""], "the URL is empty"), ([" \t"], "the URL is empty")],
    ids=["missing", "empty", "blank"],
)
def test_who_names_no_endpoint_gets_no_verdict(command: list[str], url: list[str], what: str) -> None:
    done = invoke(*command, *url)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told(done)[0] == what
    assert "`conformance demo`" in told(done)[1]
    assert not Path("reports").exists()


def test_demo_takes_no_url() -> None:
    done = invoke("demo", NOWHERE)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"takes no URL: {NOWHERE}" in told(done)[0]
    assert "conformance run URL" in told(done)[1]


def test_demo_takes_the_options_of_run_that_name_no_other_endpoint() -> None:
    run, demo = ({one.name for one in cli.commands[name].params} for name in ("run", "demo"))
    assert run - demo == {"url", "config", "api_key_env", "secret_headers", "insecure"}
    assert demo <= run


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_timeout_is_a_positive_number(seconds: str) -> None:
    assert invoke("run", NOWHERE, "--timeout", seconds).exit_code == 2


def test_an_exchange_takes_no_longer_than_the_timeout(tmp_path: Path) -> None:
    with CountingServer(delay=2) as slow:
        done = invoke("try", "stream.basic", slow.base_url, *MODEL, *KEY, "--timeout", "0.4")
        assert re.search(r"after (3[5-9]|[4-9]\d)\d ms", done.stdout), done.output
