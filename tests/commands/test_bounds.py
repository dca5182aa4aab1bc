"""300 MB whatever comes: what is hostile is judged, or refused in a sentence, in bounded memory and time."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from plugin_samples import clean_environment

BOUND = 300
"""Megabytes that one process may take at its peak."""
MOST_SECONDS = 240
MIB = 1024 * 1024
MEASURED = """
import os, runpy, sys
sys.argv[0] = "conformance"
code = None
try:
    runpy.run_module("conformance", run_name="__main__")
except SystemExit as ended:
    code = ended.code
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(f"PEAK {int(peak) // 1024}", file=sys.stderr, flush=True)
sys.exit(code)
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peaks are read from /proc")


def _line(**members: object) -> bytes:
    return json.dumps(members, ensure_ascii=False).encode() + b"\n"


HEADER = _line(type="header", format=1, endpoint="e", base_url="http://e/v1", models=["m"])


def _exchange(number: int, body: object, *headers: tuple[str, str], **members: object) -> bytes:
    asked = {"model": "m", "messages": [{"role": "user", "content": "Say hi."}]}
    return _line(
        type="exchange",
        id=str(number),
        scenario="chat.basic",
        model="m",
        url="http://e/v1/chat/completions",
        request={"path": "/chat/completions", "body": json.dumps(asked), "expects": "completion"},
        status=200,
        response_headers=[["content-type", "application/json"], *headers],
        started_at=1.75e9,
        headers_at=0.1,
        raw=[[0.2, body]],
        ended_at=0.3,
        **members,
    )


def _native(*exchanges: bytes) -> bytes:
    return HEADER + b"".join(exchanges) + _line(type="footer", exchanges=len(exchanges))


def _completion(content: str) -> str:
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    made = {"id": "c", "object": "chat.completion", "created": 1750000000, "model": "m", "choices": [choice]}
    return json.dumps({**made, "usage": usage}, ensure_ascii=False)


def _bombs(folder: Path) -> Path:
    bomb = {"b64": base64.b64encode(gzip.compress(b"0" * (64 * MIB), 9)).decode()}
    path = folder / "bombs.jsonl"
    path.write_bytes(_native(*(_exchange(number, bomb, ("content-encoding", "gzip")) for number in range(1, 61))))
    return path


def _bombs_without_a_label(folder: Path) -> Path:
    body = _completion("a" * 15_000_000).encode()
    text = base64.b64encode(gzip.compress(body, 9)).decode()
    content = {"size": 1, "mimeType": "application/json", "text": text, "encoding": "base64"}
    posted = {"mimeType": "application/json", "text": '{"model":"m","messages":[]}'}
    request = {"method": "POST", "url": "http://e/v1/chat/completions", "headers": [], "postData": posted}
    entry = {"request": request, "response": {"status": 200, "headers": [], "content": content}, "time": 1}
    path = folder / "bombs.har"
    path.write_text(json.dumps({"log": {"entries": [entry] * 60}}))
    return path


def _wide_har(count: int) -> Callable[[Path], Path]:
    return lambda folder: _write_wide_har(folder, count)


def _write_wide_har(folder: Path, count: int) -> Path:
    content = {"size": 1, "mimeType": "application/json", "text": _completion("a" * 6_000_000 + "\U0001f600")}
    posted = {"mimeType": "application/json", "text": '{"model":"m","messages":[]}'}
    request = {"method": "POST", "url": "http://e/v1/chat/completions", "headers": [], "postData": posted}
    entry = {"request": request, "response": {"status": 200, "headers": [], "content": content}, "time": 1}
    path = folder / "wide.har"
    path.write_text(json.dumps({"log": {"entries": [entry] * count}}, ensure_ascii=False))
    return path


def _text(content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "large.jsonl"
        path.write_bytes(_native(*(_exchange(number, _completion(content)) for number in (1, 2))))
        return path

    return write


def _file(name: str, data: bytes, size: int = 0) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data)
        if size:
            os.truncate(path, size)  # the rest is a hole
        return path

    return write


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.jsonl")
    return folder / "pipe.jsonl"


def _zero(folder: Path) -> Path:
    (folder / "conformance.yaml").symlink_to("/dev/zero")
    return folder / "conformance.yaml"


BRACKETS = b"[]," * (20 * 1000 * 1000)
CASES: dict[str, tuple[Callable[[Path], Path], int, str]] = {
    "bombs": (_bombs, 1, ""),
    "bombs-without-a-label": (_bombs_without_a_label, 0, ""),
    "one-long-run": (_text("a" * 7_000_000), 0, ""),
    "words": (_text("ab " * 2_500_000), 0, ""),
    "brackets-in-a-text": (_text("[" * 7_900_000), 0, ""),
    "wide-characters": (_text("a" * 7_900_000 + "\U0001f600"), 0, ""),
    "har-of-wide-characters": (_wide_har(2), 0, ""),
    "har-of-more-of-them": (_wide_har(5), 2, "characters that take more room"),
    "har-of-brackets": (_file("a.har", b'{"log":{"entries":[' + BRACKETS + b"[]]}}"), 2, "is larger than"),
    "har-of-fewer": (_file("a.har", b'{"log":{"entries":[' + BRACKETS[: 30 * MIB] + b"[]]}}"), 2, "more than 1000000"),
    "har-of-no-entry": (
        _file("a.har", b'{"log":{"entries":[' + b"[]," * 450_000 + b"[]]}}"),
        4,
        "nothing is left to judge",
    ),
    "cassette-of-brackets": (
        _file("a.yaml", b"interactions: [" + b"[]," * 700_000 + b"[]]"),
        4,
        "nothing is left to judge",
    ),
    "cassette-of-more": (_file("a.yaml", b"interactions: [" + BRACKETS[: 9 * MIB] + b"[]]"), 2, "more than 1000000"),
    "header-then-a-hole": (_file("a.jsonl", HEADER, 2 << 30), 2, "longer than"),
    "json-hole": (_file("a.har", b"{", 2 << 30), 2, "is larger than"),
    "pipe": (_pipe, 2, "it is a pipe, not a regular file"),
    "config-zero": (_zero, 2, "it is a device, not a regular file"),
    "config-hole": (_file("conformance.yaml", b"a: 1\n", 2 << 30), 2, "is larger than"),
}


@pytest.mark.parametrize("case", CASES)
def test_300_mb_are_enough(case: str, tmp_path: Path) -> None:
    write, code, words = CASES[case]
    path = write(tmp_path)
    config = path.name == "conformance.yaml"
    given = ("run", "--config", path) if config else ("judge", path, "--select", "chat.*")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, given), "--out", str(tmp_path / "out")],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert words in done.stderr.replace("\n", " ")
    assert int(done.stderr.rpartition("PEAK ")[2]) < BOUND, done.stderr
    assert done.returncode == code
