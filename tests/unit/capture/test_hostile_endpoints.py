"""The command line against endpoints that misbehave: it ends, stays small, judges rightly and says what happened."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hostile_servers as bad
import pytest
from hostile_servers import Hostile, Script
from plugin_samples import clean_environment

from conformance.model import Cause, Outcome, Recording
from conformance.recording import read_recording

KEY = "sk-hostile-0123456789abcdef"
PATIENCE = 60
"""Seconds after which a run counts as hung; most take three."""
MEMORY = 300_000
"""Kilobytes that a run may hold at its peak."""

MEASURED = """
import atexit, os
from pathlib import Path
atexit.register(lambda: Path(os.environ["PEAK"]).write_text(Path("/proc/self/status").read_text()))
from conformance.commands.app import main
main()
"""
CONFIG = """
endpoints:
  - name: it
    url: {url}
    models: [m]
    api_key_env: HOSTILE_KEY
    concurrency: 4
    timeouts: {{connect: 3, first_byte: 1.5, idle: 1, total: 2.5}}
    limits: {{{limits}}}
out: bundles
"""


@dataclass
class Ended:
    """A run that has ended."""

    code: int
    out: str
    err: str
    peak: int
    folder: Path

    @property
    def recording(self) -> Recording | None:
        """What was recorded, None where the endpoint gave nothing to record."""
        path = self.folder / "recording.jsonl"
        return read_recording(path) if path.exists() else None

    @property
    def results(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "results.json").read_text())
        return loaded

    @property
    def unpassed(self) -> dict[str, str]:
        """The verdicts of the rows that did not pass."""
        rows = self.results["requirements"]
        return {row["id"]: row["verdict"] for row in rows if row["verdict"] != "pass"}

    @property
    def outcomes(self) -> set[Outcome]:
        """How the exchanges ended, those of the probe aside."""
        assert self.recording is not None
        return {one.outcome for one in self.recording.exchanges if not one.scenario.startswith("probe.")}


def run(url: str, folder: Path, *words: str, limits: str = "", **environment: str) -> Ended:
    """Run the command line in a process of its own."""
    (folder / "c.yaml").write_text(CONFIG.format(url=url, limits=limits))
    environment = clean_environment(HOSTILE_KEY=KEY, PEAK=str(folder / "peak"), **environment)
    command = [sys.executable, "-c", MEASURED, "run", "--config", "c.yaml", *words]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=PATIENCE, check=False, encoding="utf-8"
    )
    peak = next(line for line in (folder / "peak").read_text().splitlines() if line.startswith("VmHWM"))
    ended = Ended(done.returncode, done.stdout, done.stderr, int(peak.split()[1]), folder / "bundles" / "it")
    assert "Traceback" not in ended.out + ended.err
    assert ended.peak < MEMORY
    assert KEY not in ended.out + ended.err
    return ended


# --- while scenarios are sent -----------------------------------------------------------------------------------------

CHAT = "chat.answered, chat.object, transport.whole, json.duplicate, json.surrogate"
STREAM = "stream.done, stream.complete, stream.stalled, stream.content_type"


@dataclass(frozen=True)
class Case:
    """A way to misbehave once the probe is over, and what a run has to make of it.

    `verdicts` holds the rows that did not pass, `said` stands in the results (a finding's value, or a reason).
    """

    id: str
    script: Script
    select: str
    outcome: Outcome
    verdicts: dict[str, str]
    said: str = ""
    code: int = 1


def chat(id_: str, script: Script, outcome: Outcome, said: str = "", code: int = 1, **verdicts: str) -> Case:
    named = {name.replace("_", "."): verdict for name, verdict in verdicts.items()}
    return Case(id_, script, CHAT, outcome, named or {"chat.answered": "fail"}, said, code)


def stream(id_: str, script: Script, outcome: Outcome, said: str = "", code: int = 4, **verdicts: str) -> Case:
    named = {name.replace("_", "."): verdict for name, verdict in verdicts.items()}
    return Case(id_, script, STREAM, outcome, named, said, code)


def body(data: bytes) -> Script:
    return bad.sends(bad.answer(200, data))


TOO_LONG: dict[str, Any] = {
    "stream_done": "not_run",
    "stream_complete": "inconclusive",
    "stream_stalled": "inconclusive",
}
BROKEN_OFF: dict[str, Any] = {"stream_done": "not_run", "stream_complete": "fail", "code": 1}
EVENTS = bad.head(kind=bad.SSE)
CHUNKED = bad.head("Transfer-Encoding: chunked", kind=bad.SSE) + b"%x\r\n%b\r\n" % (len(bad.FIRST), bad.FIRST)
WORD = bad.chunk('{"content":"x"}')
NESTED = b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
MODEL = b'"model":"m"'

CASES = [
    chat("silent", bad.silent, Outcome.FIRST_BYTE_TIMEOUT, "no answer (first byte timeout)"),
    chat("byte-by-byte", bad.byte_by_byte(0.2), Outcome.FIRST_BYTE_TIMEOUT),
    chat("slow-body", bad.byte_by_byte(0.2, at_once=200), Outcome.TOTAL_TIMEOUT, "not whole (total timeout)"),
    chat("headers-for-ever", bad.pours(b"HTTP/1.1 200 X\r\n", b"X-A: bbbbbbbb\r\n" * 99), Outcome.PROTOCOL_ERROR),
    chat("slow-headers", bad.pours(b"HTTP/1.1 200 X\r\n", b"X-A: b\r\n", gap=0.1), Outcome.FIRST_BYTE_TIMEOUT),
    chat("huge-body", bad.pours(bad.head(f"Content-Length: {1 << 30}"), bytes(bad.MIB), 1024), Outcome.BYTE_LIMIT,
         "not whole (byte limit)"),
    chat("gzip-bomb", bad.gzip_bomb(1 << 30), Outcome.BYTE_LIMIT, "not whole (byte limit)"),
    chat("nested-deep", body(NESTED), Outcome.COMPLETE, "nested more than 200 levels deep"),
    chat("million-digits", body(bad.completion(more=',"x":' + "9" * 10**6)), Outcome.COMPLETE, "4300 digits"),
    chat("million-decimals", body(bad.completion(more=',"x":0.' + "9" * 10**6)), Outcome.COMPLETE, code=0,
         json_none=""),
    chat("million-values", body(bad.completion(more=',"x":[' + "{}," * 10**6 + "{}]")), Outcome.COMPLETE,
         "more than 250,000 values"),
    chat("duplicate-keys", body(bad.completion(more=',"object":"no"')), Outcome.COMPLETE, "stands twice in one object",
         chat_object="fail", json_duplicate="fail"),
    chat("lone-surrogates", body(bad.completion(r'"\ud83d"', r',"\udc00":1').replace(MODEL, rb'"model":"\ud83d"')),
         Outcome.COMPLETE, "half of a surrogate pair", code=0, json_surrogate="fail"),
    chat("length-too-long", bad.sends(bad.head("Content-Length: 9999") + bad.completion(), close=True),
         Outcome.CUT_SHORT, "not whole (cut short)", chat_answered="fail", transport_whole="fail"),
    chat("length-too-short", bad.sends(bad.head("Content-Length: 50") + bad.completion()), Outcome.COMPLETE,
         "the body is not JSON"),
    chat("429-for-ever", bad.sends(bad.error(429, "Slow down.")), Outcome.COMPLETE, "HTTP 429: Slow down.", code=0,
         chat_answered="inconclusive"),
    chat("429-for-an-age", bad.sends(bad.error(429, "Slow down.", f"Retry-After: {10**20}")), Outcome.COMPLETE, code=0,
         chat_answered="inconclusive"),
    stream("endless-events", bad.pours(EVENTS, WORD * 99), Outcome.EVENT_LIMIT, "event limit", **TOO_LONG),
    stream("endless-trickle", bad.pours(EVENTS, WORD, gap=0.1), Outcome.TOTAL_TIMEOUT, "total timeout", **TOO_LONG),
    stream("endless-line", bad.pours(EVENTS, b"data: xxx " * 9999), Outcome.BYTE_LIMIT, "byte limit", **TOO_LONG),
    stream("endless-comments", bad.pours(EVENTS, b": x\n\n" * 999), Outcome.EVENT_LIMIT, **TOO_LONG),
    stream("huge-event", bad.pours(EVENTS + b'data: {"a":"', b"x" * bad.MIB, 50), Outcome.BYTE_LIMIT, **TOO_LONG),
    stream("empty-events", bad.pours(EVENTS, b"data:\n\n" * 10**4, 1000), Outcome.EVENT_LIMIT, **TOO_LONG),
    stream("chunked-cut-short", bad.sends(CHUNKED, close=True), Outcome.CUT_SHORT, "in mid-stream", **BROKEN_OFF),
    stream("reset", bad.reset(EVENTS + bad.FIRST + WORD[:40]), Outcome.CUT_SHORT, "in mid-stream", **BROKEN_OFF),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_run_is_not_led_astray(case: Case, tmp_path: Path) -> None:
    with Hostile(bad.after_probe(case.script)) as server:
        ended = run(server.url, tmp_path, "--select", case.select)
    expected = {name: verdict for name, verdict in case.verdicts.items() if verdict}
    assert (ended.code, ended.unpassed) == (case.code, expected), ended.out + ended.err
    assert ended.outcomes == {case.outcome}
    assert ended.recording is not None
    assert ended.recording.footer is not None
    assert (ended.recording.footer.reason, ended.recording.notes) == ("complete", ())
    assert case.said in json.dumps(ended.results["requirements"])


def test_http_1_0_is_no_fault(tmp_path: Path) -> None:
    with Hostile(bad.http_1_0) as server:
        ended = run(server.url, tmp_path, "--select", f"{CHAT}, {STREAM}")
    assert (ended.code, ended.unpassed) == (0, {}), ended.out + ended.err


def test_503_in_bursts_is_waited_out(tmp_path: Path) -> None:
    with Hostile(bad.in_bursts) as server:
        ended = run(server.url, tmp_path, "--select", f"{CHAT}, {STREAM}")
    assert (ended.code, ended.unpassed) == (0, {}), ended.out + ended.err
    assert ended.recording is not None
    assert {one.status for one in ended.recording.exchanges} == {200, 503}


def test_a_redirect_to_another_host_is_not_followed_with_a_key(tmp_path: Path) -> None:
    with Hostile(bad.sane) as other:
        there = other.url.replace("127.0.0.1", "localhost")
        moved = bad.error(307, "Moved.", f"Location: {there}/chat/completions")
        with Hostile(bad.after_probe(bad.sends(moved))) as server:
            ended = run(server.url, tmp_path, "--select", CHAT)
        assert other.asked == []
    assert (ended.code, ended.unpassed["chat.answered"]) == (1, "fail")


def test_an_endpoint_that_dies_is_unreachable_and_no_failure(tmp_path: Path) -> None:
    server = Hostile(bad.dies_at(lambda: server, 30))
    with server:
        ended = run(server.url, tmp_path, "--select", "errors, sampling, transport")
    assert ended.recording is not None
    assert ended.recording.footer is not None
    assert ended.recording.footer.reason == "endpoint died"
    gone = [row for row in ended.recording.footer.skipped if row.cause is not Cause.NOT_OFFERED]
    assert {row.reason for row in gone} == {"unreachable"}
    assert len(server.asked) >= 30
    blamed = {finding["exchange"] for row in ended.results["requirements"] for finding in row["findings"]}
    casualties = {one.id for one in ended.recording.casualties}
    assert casualties
    assert not blamed & casualties
    assert ended.results["run"]["complete"] is False


# --- from the first request on ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(bad.silent, "did not answer in time", id="silent"),
        pytest.param(bad.pours(b"HTTP/1.1 200 X\r\n", b"X-A: b\r\n" * 999), "is not HTTP", id="headers-for-ever"),
        pytest.param(bad.sends(b"SSH-2.0-x\r\n\r\n", close=True), "is not HTTP", id="another-protocol"),
        pytest.param(bad.reset(b""), "closed the connection without an answer", id="reset"),
        pytest.param(bad.echoes_key(401), "refused the key in HOSTILE_KEY (401)", id="401-with-the-key"),
        pytest.param(bad.sends(bad.error(302, "", "Location: https://x.test/")), "redirects to https://x.test/",
                     id="redirect"),
        pytest.param(bad.sends(bad.error(500, "Oh.")), "an error of its own (500)", id="500"),
    ],
)  # fmt: skip
def test_an_endpoint_that_cannot_be_used_is_unreachable(script: Script, said: str, tmp_path: Path) -> None:
    with Hostile(script) as server:
        ended = run(server.url, tmp_path, "--select", CHAT)
    assert (ended.code, said in ended.err) == (4, True), ended.err
    assert (ended.recording, ended.folder.exists()) == (None, False)


def test_429_from_the_first_request_on_decides_nothing(tmp_path: Path) -> None:
    with Hostile(bad.sends(bad.error(429, "Slow down.", "Retry-After: 999999"))) as server:
        ended = run(server.url, tmp_path, "--select", "chat.answered")
    assert (ended.code, ended.unpassed) == (4, {"chat.answered": "inconclusive"})
    assert "UNDETERMINED" in ended.out


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")
    try:
        bad.make_certificates(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"openssl cannot make these certificates: {error.stderr.decode()[-100:]}")
    return folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("expired", "expired", id="expired"),
        pytest.param("self-signed", "self.signed", id="self-signed"),
        pytest.param("elsewhere", "not valid for|mismatch|doesn't match", id="wrong-host"),
    ],
)
def test_a_bad_certificate_is_told_and_trusted_only_on_demand(
    name: str, said: str, certificates: Path, tmp_path: Path
) -> None:
    trusted = str(certificates / "authority.pem")
    with Hostile(bad.sane, bad.server_context(certificates, name)) as server:
        ended = run(server.url, tmp_path, "--select", "chat.answered", SSL_CERT_FILE=trusted)
        assert server.asked == []
    assert (ended.code, "TLS with" in ended.err) == (4, True)
    assert re.search(said, ended.err)


def test_a_certificate_of_a_trusted_authority_is_accepted(certificates: Path, tmp_path: Path) -> None:
    trusted = str(certificates / "authority.pem")
    with Hostile(bad.sane, bad.server_context(certificates, "good")) as server:
        ended = run(server.url, tmp_path, "--select", "chat.answered", SSL_CERT_FILE=trusted)
    assert ended.code == 0, ended.err
