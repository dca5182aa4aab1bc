"""Keys and passwords, by the commands that people type: not joined, not repeated, in no child's environment."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import hostile_servers as bad
import pytest
from click.testing import CliRunner
from hostile_servers import Asked, Hostile
from places import ROOT
from plugin_samples import clean_environment

from conformance.commands.app import cli

KEY = "sk-Spread-0123456789abcdef"

ROWS = """
- {id: zoo.told, level: MUST, basis: openai-spec, statement: The text is short., source: {title: x}}
- {id: zoo.bare, level: MUST, basis: openai-spec, statement: No key is at hand., source: {title: x}}
"""
CHECKS = """
import os
from conformance.checks.check import check
from conformance.checks.expectations import expect

@check("zoo.told")
def test_told(stream):
    texts = [event.data for event in stream.events]
    joined = "".join(one.split('"content":"')[1].split('"')[0] for one in texts if '"content":"' in one)
    expect(joined).equals("nothing")

@check("zoo.bare")
def test_bare(stream):
    expect([name for name in os.environ if name.endswith("_proxy") or "PLANTED" in name]).equals([])
"""


def spread(connection: socket.socket, asked: Asked) -> None:
    """Answer as one should, and stream the key that was sent, a letter at a time."""
    key = asked.headers.get("authorization", "").removeprefix("Bearer ")
    if asked.path.startswith("/v1/models"):
        connection.sendall(bad.answer(200, bad.MODELS))
    elif not asked.stream:
        connection.sendall(bad.answer(200, bad.completion('"hi"', "")))
    else:
        connection.sendall(bad.head("Connection: close", kind=bad.SSE))
        deltas = [bad.chunk(json.dumps({"content": letter}, separators=(",", ":"))) for letter in key]
        connection.sendall(b"".join([bad.FIRST, *deltas, bad.chunk("{}", '"stop"'), b"data: [DONE]\n\n"]))
        connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "own" / "zoo"
    folder.mkdir(parents=True)
    (folder / "requirements.yaml").write_text(ROWS)
    (folder / "test_zoo.py").write_text(CHECKS)
    return folder.parent


def rows(out: Path) -> dict[str, dict[str, object]]:
    return {row["id"]: row for row in json.loads((out / "results.json").read_text())["requirements"]}


def test_a_key_spread_over_deltas_is_joined_by_nobody(
    suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED", KEY)
    select = ["--suites", str(suite), "--select", "zoo.told"]
    with Hostile(spread) as server:
        words = ["run", server.url, "-m", "m", "--api-key-env", "PLANTED", *select, "--out", str(tmp_path / "run")]
        done = CliRunner().invoke(cli, words)
        assert any(KEY in asked.headers.get("authorization", "") for asked in server.asked)
    monkeypatch.delenv("PLANTED")
    again = ["judge", str(tmp_path / "run" / "recording.jsonl"), *select, "--out", str(tmp_path / "judged")]
    once_more = CliRunner().invoke(cli, again)
    for out, said in ((tmp_path / "run", done), (tmp_path / "judged", once_more)):
        assert rows(out)["zoo.told"]["verdict"] == "fail", said.output
        assert "*" * len(KEY) in (out / "results.json").read_text()
        written = [path for path in out.rglob("*") if path.is_file()]
        assert len(written) > 6
        assert [path.name for path in written if "Spread" in path.read_text()] == []
        assert "Spread" not in said.output


def test_a_fleet_judges_without_keys_and_runs_no_file_of_the_folder(suite: Path, tmp_path: Path) -> None:
    """The failure is confirmed too: what fires again has the key, and what judges again has none."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("multiprocessing", "execnet", "xdist", "concurrent", "json", "signal"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n")
    start = tmp_path / "bin" / "start.py"
    start.parent.mkdir()
    start.write_text("from conformance.commands.app import main\nif __name__ == '__main__':\n    main()\n")
    with Hostile(spread) as server:
        one = {"url": server.url, "api_key_env": "PLANTED", "models": ["m"]}
        (folder / "c.yaml").write_text(json.dumps({"endpoints": [{**one, "name": "a"}, {**one, "name": "b"}]}))
        command = [sys.executable, str(start), "run", "--config", "c.yaml", "--suites", str(suite), "--select", "zoo"]
        proxied = {"https_proxy": "http://me:hunter2hunter2@127.0.0.1:9", "PYTHONPATH": str(ROOT), "PLANTED": KEY}
        done = subprocess.run(
            [*command, "--out", "out", "--confirm", "2"], cwd=folder, env=clean_environment(**proxied),
            capture_output=True, text=True, check=False, timeout=500,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    for name in ("a", "b"):
        out = folder / "out" / name
        found = rows(out)
        assert (found["zoo.bare"]["verdict"], found["zoo.told"]["verdict"]) == ("pass", "fail")
        assert (out / "confirm-2.repeat").is_file(), done.stderr
        assert [path.name for path in out.rglob("*") if "Spread" in path.read_text()] == []
    assert "Spread" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALL_PROXY", "socks5://me:hunter2@h.example:1080", "names a SOCKS proxy (h.example:1080)"),
        ("HTTPS_PROXY", "http://me:hunter2@h.example:port", "does not hold the URL of a proxy"),
    ],
)
def test_a_proxy_that_cannot_be_is_bad_usage(
    name: str, value: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("MY_KEY", KEY)
    for command in (["run", "--out", str(tmp_path / "out")], ["plan", "--probe"], ["try", "chat.basic"]):
        done = CliRunner().invoke(cli, [*command, "https://h.example/v1", "-m", "m", "--api-key-env", "MY_KEY"])
        assert done.exit_code == 2, done.output
        assert words in done.stderr
        assert "hunter2" not in done.output
        assert "Traceback" not in done.output


@pytest.mark.parametrize("key", ["sk-proj-0123456789abcdefghij", "sk-abcdefghijklmnopqrst", "AIzaSyD9tSrke72PouQMnMX"])
def test_a_key_pasted_as_the_url_is_not_repeated(key: str) -> None:
    done = CliRunner().invoke(cli, ["run", key])
    assert done.exit_code == 2
    assert "looks like a key" in done.stderr
    assert key not in done.output
    assert key.lower() not in done.output


@pytest.mark.parametrize("words", [["try"], ["explain"], ["run", "http://127.0.0.1:9/v1", "--profile"]])
def test_a_key_in_the_place_of_a_name_is_not_repeated(words: list[str]) -> None:
    key = "sk-proj-0123456789abcdefghij"
    done = CliRunner().invoke(cli, [*words, key, *(["http://127.0.0.1:9/v1"] if words == ["try"] else [])])
    assert done.exit_code == 2, done.output
    assert key not in done.output


def test_a_folder_of_suites_says_that_it_runs_code() -> None:
    told = " ".join(CliRunner().invoke(cli, ["run", "--help"]).output.split())
    assert "its Python code runs" in told


def test_a_secret_header_is_sent_and_written_nowhere(
    suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANT", "blue")
    monkeypatch.setenv("GATEWAY", f"Bearer {KEY}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # this machine is asked directly

    def echo(connection: socket.socket, asked: Asked) -> None:
        told = [f"X-Echo: {asked.headers.get('x-tenant')}, {asked.headers.get('x-gateway')}"]
        if asked.path.startswith("/v1/models"):
            connection.sendall(bad.answer(200, bad.MODELS, *told))
        else:
            connection.sendall(bad.answer(200, bad.completion(json.dumps(asked.headers.get("x-gateway"))), *told))

    headers = ["--header", "X-Tenant=TENANT", "--header", "X-Gateway=GATEWAY"]
    with Hostile(echo) as server:
        words = ["run", server.url, "-m", "m", *headers, "--select", "chat.object", "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(cli, words)
        sent = [asked.headers for asked in server.asked]
    assert done.exit_code in {0, 1}, done.output
    assert {one["x-tenant"] for one in sent} == {"blue"}
    assert {one["x-gateway"] for one in sent} == {f"Bearer {KEY}"}
    written = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert [name for name, text in written.items() if "blue" in text or KEY in text] == []
    assert "$X_TENANT" in written["index.html"]


def test_a_proxy_on_the_way_is_named_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is a server that answers as the endpoint would."""
    with Hostile(bad.sane) as proxy:
        place = proxy.url.removeprefix("http://").removesuffix("/v1")
        monkeypatch.setenv("http_proxy", f"http://me:hunter2hunter2@{place}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("MY_KEY", KEY)
        target = ["http://h.example/v1", "-m", "m", "--api-key-env", "MY_KEY", "--select", "chat.object"]
        done = CliRunner().invoke(cli, ["run", *target, "--out", str(tmp_path / "out")])
    assert done.exit_code in {0, 1}, done.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["endpoint"]["proxy"] == place
    for name in ("index.html", "summary.md", "recording.jsonl"):
        assert place in (tmp_path / "out" / name).read_text(), name
    assert [path.name for path in (tmp_path / "out").iterdir() if "hunter2" in path.read_text()] == []
    assert f"through the proxy {place}" in " ".join(done.stdout.split())


def test_a_proxy_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:hunter2@127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("MY_KEY", KEY)
    target = ["https://h.example/v1", "-m", "m", "--api-key-env", "MY_KEY"]
    done = CliRunner().invoke(cli, ["run", *target, "--out", str(tmp_path / "out")])
    assert done.exit_code == 4
    assert "through the proxy 127.0.0.1:9: it refused the connection" in done.stderr
    assert "hunter2" not in done.output
