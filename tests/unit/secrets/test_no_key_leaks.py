"""A key is planted, an endpoint echoes it in every spelling, and nothing that any command writes may hold it."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import hostile_servers as bad
import pytest
from hostile_servers import Asked, Hostile
from plugin_samples import clean_environment

KEY = 'sk-Plant/ed+0123"4567=89abcdef'
"""It has characters that every escaping changes."""
SELECT = "chat.object, chat.answered, stream.done, stream.complete, error.bad_json, auth.*, models.*, limit.*"


def spellings(key: str) -> dict[str, bytes]:
    """Every way of writing a key that an endpoint may choose."""
    plain = key.encode()
    found = {
        "plain": plain,
        "json": json.dumps(key)[1:-1].encode(),
        "json-slash": json.dumps(key)[1:-1].replace("/", "\\/").encode(),
        "json-unicode": "".join(f"\\u{ord(char):04x}" for char in key).encode(),
        "url": urllib.parse.quote(key, safe="").encode(),
        "url-path": urllib.parse.quote(key).encode(),
        "html": "".join(f"&#{ord(char)};" for char in key).encode(),
        "html-entity": key.replace('"', "&quot;").encode(),
        "twice-json": json.dumps(json.dumps(key))[3:-3].encode(),
    }
    for shift in range(3):  # what base64 holds whatever stands around the key
        for name, encode in (("base64", b64encode), ("base64url", urlsafe_b64encode)):
            text = encode(bytes(shift) + plain)
            found[f"{name}-{shift}"] = text[-(-8 * shift // 6) : 8 * (shift + len(plain)) // 6]
    return found


def echo(connection: socket.socket, asked: Asked) -> None:
    """Answer as one should, and tell all that was sent in every spelling: in headers, bodies, events and errors."""
    told = asked.headers.get("authorization", "")
    key = told.removeprefix("Bearer ")
    every = {name: spelt.decode() for name, spelt in spellings(key).items()} if key else {}
    more = ',"echo":' + json.dumps({**every, "headers": asked.headers, "all": b64encode(asked.raw_head).decode()})
    raw = ',"raw":["' + '","'.join(spelt for name, spelt in every.items() if "json" in name) + '"]'
    headers = [f"X-Echo: {told}", f"X-Request-Id: {every.get('url', '')}", f"Set-Cookie: k={every.get('base64-0', '')}"]
    if asked.path.startswith("/v1/models"):
        connection.sendall(bad.answer(200, bad.MODELS[:-1] + (more + raw).encode() + b"}", *headers))
    elif not asked.json.get("messages") or "Bearer" not in told:
        connection.sendall(bad.error(400, f"What is {told}, or {every}?", *headers, code=json.dumps(key)))
    elif asked.stream:
        _stream(connection, key, headers)
    else:
        content = json.dumps(f"You sent {told}.")
        connection.sendall(bad.answer(200, bad.completion(content, more + raw), *headers))


def _stream(connection: socket.socket, key: str, headers: list[str]) -> None:
    """Events that hold the key, the bytes cut in the middle of it."""
    connection.sendall(bad.head(*headers, "Connection: close", kind=bad.SSE))
    events = bad.FIRST + b": " + key.encode() + b"\n\n" + bad.chunk(json.dumps({"content": f"It is {key}."}))
    events += b"event: " + urllib.parse.quote(key).encode() + b"\ndata: {}\n\n" + bad.chunk("{}", '"stop"')
    for start in range(0, len(events), 40):
        connection.sendall(events[start : start + 40])
        time.sleep(0.001)
    connection.sendall(b"data: [DONE]\n\n")
    connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    with Hostile(echo) as server:
        yield server


@pytest.fixture(scope="module")
def workplace(server: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command was run; what each said lies in said/<number>."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "said").mkdir()
    config = f"endpoints:\n  - {{name: one, url: '{server.url}', api_key_env: PLANTED, models: [m]}}\n"
    config += f"  - {{name: two, url: '{server.url}', api_key_env: PLANTED, models: [m]}}\nout: fleet\n"
    (folder / "c.yaml").write_text(config)
    for number, words in enumerate(commands(server.url)):
        code = spied(folder, number, words)
        if code == 2 and "c.yaml" in words:  # seen once and not explained yet: what it told is kept
            (folder / "said" / f"{number}.err").rename(folder / "said" / f"{number}.first")
            spied(folder, number, [*words, "--overwrite"])
    return folder


def commands(url: str) -> list[list[str]]:
    target = [url, "-m", "m", "--api-key-env", "PLANTED"]
    choice = ["--select", SELECT]
    return [
        ["plan", *target, "--probe"],
        ["run", *target, *choice, "--out", "run", "--confirm", "2"],
        ["run", *target, *choice, "--out", "as-json", "--json", "--jobs", "2"],
        ["run", url, "--api-key-env", "PLANTED", *choice, "--out", "unnamed"],
        ["run", "--config", "c.yaml", *choice],
        ["capture", *target, *choice, "--out", "captured"],
        ["capture", *target, *choice, "--out", "captured", "--resume"],
        ["judge", "captured/recording.jsonl", "--out", "judged", "--select", SELECT],
        ["report", "run"],
        ["try", "chat.basic", *target],
        ["try", "stream.basic", *target],
        ["har", "run/recording.jsonl", "--out", "run.har"],
        ["judge", "run.har", "--out", "from-har"],
        ["compare", "run", "judged", "--out", "compared.html"],
        ["known-failures", "update", "run", "--file", "known.yaml"],
        ["explain", "chat.object"],
        ["list", "checks"],
        ["run", *target, "--out", "run"],
        ["run", url.replace("/v1", "/nowhere"), *target[1:], "--out", "nowhere"],
    ]


def spied(folder: Path, number: int, words: list[str]) -> int:
    """Run a command and keep what it says, and the arguments of its processes while it runs."""
    out, err = folder / "said" / f"{number}.out", folder / "said" / f"{number}.err"
    environment = clean_environment(PLANTED=KEY)
    with out.open("wb") as to, err.open("wb") as complaints:
        command = [sys.executable, "-m", "conformance", *words]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=to, stderr=complaints)
        seen: set[bytes] = set()
        watch = threading.Thread(target=_arguments, args=(process, seen))
        watch.start()
        code = process.wait(120)
        watch.join()
    (folder / "said" / f"{number}.args").write_bytes(b"\n".join(seen))
    (folder / "said" / f"{number}.code").write_text(str(code))
    return code


def _arguments(process: subprocess.Popen[bytes], seen: set[bytes]) -> None:
    while process.poll() is None:
        for pid in _family(process.pid):
            try:
                seen.add(Path(f"/proc/{pid}/cmdline").read_bytes())
            except OSError:
                continue
        time.sleep(0.05)


def _family(pid: int) -> list[int]:
    """A process and its children, where the system tells."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        below = []
    return [pid, *(one for child in below for one in _family(int(child)))]


def test_the_endpoint_really_echoes(server: Hostile, workplace: Path) -> None:
    assert any(KEY in asked.headers.get("authorization", "") for asked in server.asked)
    assert (workplace / "run" / "recording.jsonl").stat().st_size > 10_000
    assert b'"redactions"' in (workplace / "run" / "recording.jsonl").read_bytes()


def test_every_command_ran(workplace: Path) -> None:
    codes = {number: (workplace / "said" / f"{number}.code").read_text() for number in range(len(commands("")))}
    complaints = {number: (workplace / "said" / f"{number}.err").read_text() for number in codes}
    assert not [number for number, words in complaints.items() if "Traceback" in words], complaints
    assert set(codes.values()) <= {"0", "1", "2", "4"}, codes
    refused = [number for number, code in codes.items() if code == "2"]
    assert refused == [17], complaints  # the folder holds a bundle already


@pytest.mark.parametrize("spelling", spellings(KEY))
def test_nothing_written_holds_the_key(spelling: str, workplace: Path) -> None:
    spelt = spellings(KEY)[spelling]
    written = [path for path in workplace.rglob("*") if path.is_file()]
    assert len(written) > 60
    assert [str(path.relative_to(workplace)) for path in written if spelt in path.read_bytes()] == []


def test_no_file_name_holds_the_key(workplace: Path) -> None:
    assert not [path for path in workplace.rglob("*") if "Plant" in path.name]


def test_everything_is_private(workplace: Path) -> None:
    loose = {
        str(path.relative_to(workplace)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in workplace.rglob("*")
        if "said" not in path.parts and path.name not in {"c.yaml", "known.yaml"} and path.stat().st_mode & 0o077
    }
    assert loose == {}
    assert list(workplace.glob("run/confirm-*"))
    assert os.path.exists(workplace / "fleet" / "compare.html")  # noqa: PTH110


@pytest.mark.parametrize(
    "line",
    [
        "api_key: {key}",
        "key: {key}",
        "token: {key}",
        "api_key_env: {key}",
        "headers: {{Authorization: Bearer {key}}}",
        "headers: {{X-Whatever: {key}}}",
        "headers: {{Cookie: session={key}}}",
    ],
    ids=lambda line: line.split("{")[0].strip(": ") + line.split("{")[-2][:3].strip(": "),
)
def test_a_config_with_a_key_is_refused_unseen(line: str, tmp_path: Path) -> None:
    key = "sk-proj-0123456789abcdefghij"
    text = f"endpoints:\n  - url: http://127.0.0.1:9/v1\n    {line.format(key=key)}\n"
    (tmp_path / "c.yaml").write_text(text)
    command = [sys.executable, "-m", "conformance", "run", "--config", "c.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert b"key" in done.stderr
    assert key.encode() not in done.stdout + done.stderr
