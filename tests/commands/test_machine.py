"""What the machine, its environment or a stranger's file does wrong is told in a sentence, with the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_samples import clean_environment

CERTAIN = "https://127.0.0.1:9/v1"
ASKED = {"path": "/chat/completions", "body": '{"model":"m"}', "expects": "completion"}


def _run(
    *words: object, stdout: int | None = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"conformance", *(os.fsencode(str(word)) for word in words)],
        env=clean_environment(**environment),
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=120,
    )


def _recording(folder: Path, *, profile: str = "openai", answer: str = "“Hi” → 漢字") -> Path:
    header = {"type": "header", "format": 1, "endpoint": "e", "base_url": "http://e/v1", "profile": profile}
    exchange = {
        "type": "exchange",
        "id": "1",
        "scenario": "chat.basic",
        "model": "m",
        "url": "http://e/v1/chat/completions",
        "request": ASKED,
        "status": 400,
        "raw": [[0.1, json.dumps({"error": {"message": answer}})]],
        "started_at": 1.75e9,
        "ended_at": 0.2,
    }
    lines = ({**header, "models": ["m"]}, exchange, {"type": "footer", "exchanges": 1})
    path = folder / "recording.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    said = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in said, said
    return said


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_an_output_of_few_characters_is_enough(encoding: str, tmp_path: Path) -> None:
    done = _run("judge", _recording(tmp_path), "--out", tmp_path / "out", PYTHONIOENCODING=encoding)
    _told(done)
    assert done.returncode == 1
    assert b"report:" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
@pytest.mark.parametrize("words", [("judge",), ("list", "profiles"), ("explain", "stream.done")], ids=" ".join)
def test_an_output_that_is_full_is_neither_bad_usage_nor_our_fault(words: tuple[str, ...], tmp_path: Path) -> None:
    given = ("judge", _recording(tmp_path), "--out", tmp_path / "out") if words == ("judge",) else words
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = _run(*given, stdout=full)
    finally:
        os.close(full)
    assert "no space left on device" in _told(done)
    assert done.returncode == 4


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", "2> >(head -c 1 >/dev/null)", "1>&-"])
def test_nobody_who_listens_ends_no_run(closed: str, tmp_path: Path) -> None:
    command = f'"$0" -m conformance demo --select error.message --out "$1" {closed}'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, str(tmp_path / "out")],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0
    assert (tmp_path / "out" / "results.json").exists()


def test_an_unknown_profile_is_the_recordings(tmp_path: Path) -> None:
    done = _run("judge", _recording(tmp_path, profile="nobody"), "--out", tmp_path / "out")
    said = _told(done)
    assert done.returncode == 2
    assert "recording.jsonl: unknown profile `nobody`" in said
    assert "--suites" in said


def test_a_time_that_cannot_be_loses_its_exchange_alone(tmp_path: Path) -> None:
    path = _recording(tmp_path)
    header, exchange, footer = path.read_text().splitlines()
    bad = exchange.replace('"id": "1"', '"id": "2"').replace('"ended_at": 0.2', '"ended_at": -1')
    path.write_text(f"{header}\n{exchange}\n{bad}\n{footer}" + "\n")
    done = _run("judge", path, "--out", tmp_path / "out")
    _told(done)
    assert done.returncode == 1
    assert b"note: recording.jsonl line 3 is left out" in done.stdout


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("SSL_CERT_FILE", "/nowhere.pem", "TLS cannot be set up: No such file"),
        ("SSL_CERT_FILE", "/dev/null", "TLS cannot be set up"),
        ("SSLKEYLOGFILE", "/nowhere/keys", "TLS cannot be set up: No such file"),
        ("ALL_PROXY", "socks5://user:secretword@host:1", "proxy"),
        ("HTTPS_PROXY", "gopher://user:secretword@host", "proxy"),
    ],
)
def test_a_variable_that_names_nothing_usable_is_named(variable: str, value: str, words: str, tmp_path: Path) -> None:
    done = _run(
        "run",
        "https://host.invalid/v1",
        "--api-key-env",
        "K",
        "--out",
        tmp_path / "out",
        **{variable: value, "K": "sk-0123456789"},
    )
    said = _told(done)
    assert words in said
    assert variable in said
    assert "secretword" not in said
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9/\udcff", "cannot stand in one"),
        ("http://h\udcff/v1", "cannot stand in one"),
        ("http://127.0.0.1:9/v1\x01", "cannot stand in one"),
        ("http://127.0.0.1:9/v1\u202e", "cannot stand in one"),
        ("http://127.0.0.1:0/v1", "port 0"),
        ("", "the URL is empty"),
        (" ", "the URL is empty"),
    ],
)
def test_a_url_that_is_none_is_bad_usage(url: str, words: str, tmp_path: Path) -> None:
    done = _run("run", url, "--out", tmp_path / "out")
    assert words in _told(done)
    assert done.returncode == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--model", "--label"])
def test_bytes_that_are_no_text_are_refused(option: str, tmp_path: Path) -> None:
    done = _run("run", "http://127.0.0.1:9/v1", option, "\udcff", "--out", tmp_path / "out")
    assert f"{option} holds a byte" in _told(done)
    assert done.returncode == 2
