"""The command line: every command, every exit code, and what people are told of their mistakes."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from plugin_samples import CountingServer, clean_environment, write_recording, write_suite

from conformance.cli import cli
from conformance.recording import read_recordings

MODEL = ("--model", "reference-chat")
KEY = ("--api-key-env", "REFERENCE_KEY")
BUNDLE = {"recording.jsonl", "results.json", "index.html", "tests.html", "junit.xml", "summary.md", "badge.json"}
SECRET = "sk-proj-0123456789abcdefghij"
NOWHERE = "http://127.0.0.1:9/v1"


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


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("suites"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recorded") / "recording.jsonl")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run on the embedded reference provider."""
    out = tmp_path_factory.mktemp("run") / "out"
    done = CliRunner().invoke(cli, ["run", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


def invoke(*words: object) -> Result:
    """Run a command in this process; a traceback fails the test."""
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert "Traceback" not in done.output
    return done


def told(done: Result) -> tuple[str, str]:
    """What went wrong and what to do: the last two lines on standard error."""
    found = re.search(r"^error: (.+)\n hint: (.+)\Z", done.stderr.strip(), re.MULTILINE | re.DOTALL)
    assert found, done.stderr
    return found[1], found[2]


# --- commands ---------------------------------------------------------------------------------------------------------


def test_run_writes_the_whole_bundle(bundle: Path) -> None:
    results = json.loads((bundle / "results.json").read_text())
    assert {path.name for path in bundle.iterdir()} >= BUNDLE
    assert results["endpoint"]["name"] == "reference"
    assert results["models"] == ["reference-chat"]


def test_run_ends_by_saying_where_the_report_is(server: CountingServer, tmp_path: Path) -> None:
    done = invoke("run", server.base_url, *MODEL, *KEY, "--select", "error.bad_json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "CONFORMANT" in done.stdout
    assert "out/index.html" in done.stdout.replace("\n", "")


def test_run_without_out_makes_a_folder_of_its_own(server: CountingServer, tmp_path: Path) -> None:
    done = invoke("run", server.base_url, *MODEL, *KEY, "--select", "error.bad_json")
    assert done.exit_code == 0, done.output
    (made,) = (tmp_path / "reports").iterdir()
    assert (made / "index.html").is_file()


def test_plan_prints_scenarios_and_price_and_sends_nothing(server: CountingServer) -> None:
    before = server.requests
    done = invoke("plan", server.base_url, *MODEL)
    assert done.exit_code == 0
    assert "chat.basic" in done.stdout
    assert re.search(r"requests: \d+ to \d+; tokens: about \d+ to \d+", done.stdout)
    assert server.requests == before


def test_plan_with_probe_asks_for_the_models_only(server: CountingServer) -> None:
    before = server.requests
    done = invoke("plan", server.base_url, *KEY, "--probe")
    assert done.exit_code == 0, done.output
    assert "reference-" in done.stdout
    assert 1 <= server.requests - before <= 4


def test_a_selection_sends_only_what_it_needs(server: CountingServer, tmp_path: Path) -> None:
    done = invoke("capture", server.base_url, *MODEL, *KEY, "--select", "error.bad_json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    (kept,) = read_recordings([tmp_path / "out" / "recording.jsonl"])
    assert {one.scenario for one in kept.exchanges if not one.scenario.startswith("probe.")} == {"error.bad_json"}


def test_capture_then_judge_is_the_same_as_run(server: CountingServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert invoke("capture", server.base_url, *MODEL, *KEY, "--quick", "--out", out).exit_code == 0
    assert [path.name for path in out.iterdir()] == ["recording.jsonl"]
    assert invoke("judge", out / "recording.jsonl", "--out", out).exit_code == 0
    assert {path.name for path in out.iterdir()} >= BUNDLE


def test_judge_gives_the_verdicts_of_the_run_again(bundle: Path, tmp_path: Path) -> None:
    assert invoke("judge", bundle / "recording.jsonl", "--out", tmp_path / "again").exit_code == 0
    first, again = (json.loads((folder / "results.json").read_text()) for folder in (bundle, tmp_path / "again"))
    assert first["requirements"] == again["requirements"]


def test_judge_spreads_over_processes(recording: Path, zoo: Path, tmp_path: Path) -> None:
    done = invoke("judge", recording, "--suites", zoo, "--select", "zoo.pass", "--out", tmp_path / "out", "-j", 2)
    assert done.exit_code == 0, done.output


def test_report_writes_the_pages_again(bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    pages = [path for path in copy.iterdir() if path.name in BUNDLE - {"recording.jsonl", "results.json", "tests.html"}]
    before = {path.name: path.read_text() for path in pages}
    for path in pages:
        path.unlink()
    assert invoke("report", copy).exit_code == 0
    assert {path.name: path.read_text() for path in pages} == before


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("checks", r"^stream\.done +MUST +check +"),
        ("scenarios", r"^chat\.basic +\w+"),
        ("profiles", r"^llmbase +LLMBase"),
        ("capabilities", r"^tools +.*tried by offer\.tools"),
        ("faults", r"^stream-done-missing-eof +\w+"),
        ("dialects", r"^openai$"),
    ],
)
def test_list(what: str, line: str) -> None:
    done = invoke("list", what)
    assert done.exit_code == 0
    assert re.search(line, done.stdout, re.MULTILINE), done.stdout


def test_list_shows_the_users_own_suites(zoo: Path) -> None:
    assert "zoo.crash" in invoke("list", "checks", "--suites", zoo).stdout


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["capture"], ["judge"], ["report"], ["serve"], ["list"]])
def test_every_command_has_help(command: list[str]) -> None:
    done = invoke(*command, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "terminated"])
def test_serve_prints_its_url_at_once_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with command("serve", "--fault", "stream-done-missing-eof", cwd=tmp_path) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        request = urllib.request.Request(
            f"{url}/models", headers={"Authorization": f"Bearer {CountingServer().api_key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(["--select", "zoo.pass"], 0, id="conformant"),
        pytest.param(["--select", "zoo.pass, zoo.should"], 0, id="ungated-failure"),
        pytest.param(["--select", "zoo.finding", "--fail-on", "never"], 0, id="nothing-gated"),
        pytest.param(["--select", "zoo.finding"], 1, id="failed"),
        pytest.param(["--select", "zoo.pass, zoo.should", "--fail-on", "should"], 1, id="should-gated"),
        pytest.param(["--select", "zoo.pass, zoo.inconclusive", "--strict-inconclusive"], 1, id="strict"),
        pytest.param(["--select", "zoo.pass", "--known-failures", "known.yaml"], 1, id="stale"),
        pytest.param(["--select", "zoo.fail"], 2, id="usage"),
        pytest.param(["--select", "zoo.crash"], 3, id="crash"),
        pytest.param(["--select", "zoo.crash-beside"], 3, id="crash-beside-findings"),
        pytest.param(["--select", "zoo.should"], 4, id="no-must-judged"),
        pytest.param(["--select", "zoo.pass, zoo.blocked"], 4, id="must-blocked"),
    ],
)
def test_exit_codes(options: list[str], code: int, recording: Path, zoo: Path, tmp_path: Path) -> None:
    Path("known.yaml").write_text("- {requirement: zoo.pass, reason: was broken, since: '1'}\n")
    done = invoke("judge", recording, "--suites", zoo, *options, "--out", tmp_path / "out")
    assert done.exit_code == code, done.output


def test_a_known_failure_meets_the_gate(recording: Path, zoo: Path, tmp_path: Path) -> None:
    Path("known.yaml").write_text("- {requirement: zoo.finding, model: m-1, reason: we know, since: '1'}\n")
    options = ("--suites", zoo, "--select", "zoo.finding, zoo.pass", "--known-failures", "known.yaml")
    assert invoke("judge", recording, *options, "--out", tmp_path / "out").exit_code == 0


def test_a_baseline_gates_regressions_only(recording: Path, zoo: Path, tmp_path: Path) -> None:
    options = ("--suites", zoo, "--select", "zoo.finding, zoo.pass")
    assert invoke("judge", recording, *options, "--out", tmp_path / "first").exit_code == 1
    again = invoke("judge", recording, *options, "--out", tmp_path / "again", "--baseline", tmp_path / "first")
    assert again.exit_code == 0, again.output


def test_our_own_fault_is_no_failure_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("conformance.jobs.list_things", broken)
    done = CliRunner().invoke(cli, ["list", "checks"])
    assert done.exit_code == 3
    assert "the harness itself failed: ValueError" in done.stderr


# --- several endpoints ------------------------------------------------------------------------------------------------


def config(*endpoints: str) -> Path:
    path = Path("conformance.yaml")
    path.write_text("endpoints:\n" + "".join(endpoints) + "out: bundles\n")
    return path


def entry(name: str, url: str) -> str:
    return f"  - {{name: {name}, url: '{url}', api_key_env: REFERENCE_KEY, models: [reference-chat]}}\n"


def test_each_endpoint_of_a_config_gets_its_bundle(server: CountingServer) -> None:
    with CountingServer(faults=["stream-done-missing"]) as faulty:
        path = config(entry("good", server.base_url), entry("bad", faulty.base_url))
        done = invoke("run", "--config", path, "--select", "stream.done")
    assert done.exit_code == 1, done.output
    verdicts = {}
    for name in ("good", "bad"):
        results = json.loads(Path("bundles", name, "results.json").read_text())
        assert results["endpoint"]["name"] == name
        assert {path.name for path in Path("bundles", name).iterdir()} >= BUNDLE
        verdicts[name] = [row["verdict"] for row in results["requirements"] if row["id"] == "stream.done"]
    assert verdicts == {"good": ["pass"], "bad": ["fail"]}


@pytest.mark.parametrize("command", ["run", "capture"])
def test_one_endpoint_that_is_gone_does_not_stop_the_others(command: str, server: CountingServer) -> None:
    path = config(entry("gone", NOWHERE), entry("good", server.base_url))
    done = invoke(command, "--config", path, "--select", "error.bad_json")
    assert done.exit_code == 4, done.output
    assert "refused the connection" in done.stderr
    assert Path("bundles", "good", "recording.jsonl").is_file()
    assert not Path("bundles", "gone").exists()


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
        pytest.param("{api}", ("--known-failures", "gone.yaml"), 2, "gone.yaml: cannot be read", "path", id="no-list"),
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
    options = (*MODEL, *KEY, "--select", "error.bad_json", "--out", "out")
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
        pytest.param(["run", "--out", "words.jsonl"], "words.jsonl is a file", id="out-is-a-file"),
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


# --- nothing is lost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["run"], ["capture"], ["judge", "recording.jsonl"]], ids=lambda words: words[0])
def test_an_earlier_bundle_is_not_touched(words: list[str], recording: Path) -> None:
    shutil.copy(recording, "recording.jsonl")
    Path("out").mkdir()
    Path("out", "recording.jsonl").write_text("earlier")
    done = invoke(*words, "--out", "out")
    assert done.exit_code == 2
    assert told(done) == ("out holds an earlier bundle", "Give another --out, or --overwrite to replace it.")
    assert Path("out", "recording.jsonl").read_text() == "earlier"


def test_overwrite_replaces_an_earlier_bundle(server: CountingServer) -> None:
    Path("out").mkdir()
    for name in ("recording.jsonl", "badge.json", "notes.txt"):
        Path("out", name).write_text("earlier")
    options = (*MODEL, *KEY, "--select", "error.bad_json", "--out", "out", "--overwrite")
    assert invoke("run", server.base_url, *options).exit_code == 0
    left = [path.name for path in Path("out").iterdir() if path.read_bytes() == b"earlier"]
    assert left == ["notes.txt"]


def test_overwrite_keeps_the_earlier_bundle_where_nobody_answers() -> None:
    Path("out").mkdir()
    Path("out", "results.json").write_text("earlier")
    assert invoke("run", NOWHERE, *MODEL, "--out", "out", "--overwrite").exit_code == 4
    assert Path("out", "results.json").read_text() == "earlier"


def test_judge_never_deletes_what_it_judges(recording: Path, zoo: Path) -> None:
    Path("out").mkdir()
    shutil.copy(recording, Path("out", "recording.jsonl"))
    options = ("--suites", zoo, "--select", "zoo.pass", "--out", "out", "--overwrite")
    assert invoke("judge", "out", *options).exit_code == 0
    assert invoke("judge", "out/recording.jsonl", recording, *options).exit_code == 0
    assert Path("out", "recording.jsonl").read_bytes() == recording.read_bytes()


def test_a_recording_cut_in_the_middle_is_judged_only_on_demand(recording: Path, zoo: Path) -> None:
    whole = recording.read_bytes()
    Path("cut.jsonl").write_bytes(whole[: len(whole) * 2 // 3])
    options = ("--suites", zoo, "--select", "zoo.pass", "--out", "out")
    done = invoke("judge", "cut.jsonl", *options)
    assert done.exit_code == 4
    assert "cut.jsonl: the recording is incomplete" in told(done)[0]
    assert "--partial" in told(done)[1]
    done = invoke("judge", "cut.jsonl", *options, "--partial")
    assert done.exit_code == 4
    assert "INCOMPLETE" in done.stdout
    assert "was cut in the middle" in done.stdout
    assert json.loads(Path("out", "results.json").read_text())["run"]["complete"] is False


def command(*words: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", *map(str, words)],
        cwd=cwd,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_lines(path: Path, count: int) -> None:
    """Wait until a file holds so many lines."""
    deadline = time.monotonic() + 30
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, f"{path} does not grow"
        time.sleep(0.02)


@pytest.mark.parametrize("verb", ["capture", "run"])
def test_an_interrupted_capture_keeps_what_was_fetched(verb: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / "recording.jsonl"
    with (
        CountingServer(delay=0.3) as slow,
        command(verb, slow.base_url, *MODEL, *KEY, "--out", "out", cwd=tmp_path, REFERENCE_KEY=slow.api_key) as process,
    ):
        wait_for_lines(path, 4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 4, err
    assert "error: Interrupted: the recording is incomplete." in err
    assert "conformance judge out/recording.jsonl --partial" in err
    assert "Traceback" not in out + err
    (kept,) = read_recordings([path])
    assert (kept.complete, len(kept.exchanges) >= 3) == (False, True)
    assert invoke("judge", path, "--out", "judged").exit_code == 4
    judged = invoke("judge", path, "--out", "judged", "--partial")
    assert (judged.exit_code, "INCOMPLETE" in judged.stdout) == (4, True)


def test_ctrl_c_elsewhere_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.jobs.list_things", interrupted)
    done = invoke("list", "checks")
    assert (done.exit_code, told(done)[0]) == (4, "Interrupted.")


def test_a_reader_that_goes_away_is_no_success(tmp_path: Path) -> None:
    with command("list", "checks", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (3, "")


def test_the_version_is_told() -> None:
    assert re.match(r"conformance, version \d+\.\d+", invoke("--version").stdout)


def test_every_command_is_listed() -> None:
    assert isinstance(cli, click.Group)
    assert set(cli.commands) >= {"run", "plan", "capture", "judge", "report", "serve", "list"}
