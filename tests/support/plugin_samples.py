"""What the plugin's tests judge: a recording made by hand, a suite with every way to end, a server that counts."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.model import Exchange, Footer, Header, Read, Request
from conformance.recording import RecordingWriter, Secrets
from conformance.reference.server.serving import ReferenceServer
from conformance.resources import suites_dir

SUITES = suites_dir()
URL = "https://sample.example/v1"
TEXTS = {"m-1": ("one", "two", "three"), "m-2": ("one",)}
"""What each model of the sample recording answers, an exchange each."""

LEVELS = {
    "zoo.pass": "MUST",
    "zoo.finding": "MUST",
    "zoo.assert": "MUST",
    "zoo.should": "SHOULD",
    "zoo.inconclusive": "MUST",
    "zoo.inapplicable": "MUST",
    "zoo.unrecorded": "MUST",
    "zoo.blocked": "MUST",
    "zoo.crash": "MUST",
    "zoo.crash-beside": "MUST",
    "zoo.endpoint": "MUST",
    "zoo.offers": "MUST",
}
CHECKS = '''
"""A check for every way to end."""

from conformance.checks.outcomes import Blocked, Inconclusive, NotApplicable
from conformance.checks.check import check
from conformance.checks.expectations import expect
from conformance.model import Facet, Location, Unrecorded


@check("zoo.pass")
def test_pass(completion):
    assert completion.status == 200


@check("zoo.finding")
def test_finding(completion):
    expect(completion.choices[0].content, at=Location.at("/choices/0/message/content")).equals("one")


@check("zoo.assert")
def test_assert(completion):
    assert completion.choices[0].content == "one"


@check("zoo.should")
def test_should(completion):
    expect(completion.choices[0].content).equals("one")


@check("zoo.inconclusive")
def test_inconclusive(completion):
    raise Inconclusive("the model did not play along")


@check("zoo.inapplicable")
def test_inapplicable(completion):
    raise NotApplicable("nothing here is about it")


@check("zoo.unrecorded")
def test_unrecorded(completion):
    raise Unrecorded(Facet.READS)


@check("zoo.blocked")
def test_blocked(completion):
    raise Blocked("the stream broke off")


@check("zoo.crash")
def test_crash(completion):
    {}["a member that is not there"]


@check("zoo.crash-beside")
def test_crash_beside(completion):
    expect({"one": "fine", "two": "wrong"}[completion.choices[0].content]).equals("fine")


@check("zoo.endpoint")
def test_endpoint(run):
    expect(len(run.answers)).equals(4)


@check("zoo.offers")
def test_offers(offers, profile):
    expect(profile.name).equals("openai")
    assert offers["tools"].observed == "not_tried"
'''


def write_suite(folder: Path) -> Path:
    """A folder of suites with the one area `zoo`."""
    area = folder / "zoo"
    area.mkdir(parents=True)
    rows = [
        {
            "id": identity,
            "level": level,
            "basis": "client-observed",
            "statement": f"It does what {identity} says.",
            "source": {"title": "The zoo"},
            "scope": "endpoint" if identity == "zoo.endpoint" else "model",
        }
        for identity, level in LEVELS.items()
    ]
    (area / "requirements.yaml").write_text(yaml.safe_dump(rows))
    (area / "test_zoo.py").write_text(CHECKS)
    return folder


def completion(identity: str, text: str, model: str, **more: Any) -> Exchange:
    """A chat request and a plain answer to it."""
    asked = {"model": model, "messages": [{"role": "user", "content": "Count."}]}
    message = {"role": "assistant", "content": text, "refusal": None}
    body = {
        "id": f"chatcmpl-{identity}",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
    }
    fields: dict[str, Any] = {
        "request": Request(body=json.dumps(asked).encode()),
        "url": f"{URL}/chat/completions",
        "scenario": f"sample.{identity}",
        "model": model,
        "status": 200,
        "response_headers": (("Content-Type", "application/json"),),
        "raw": (Read(0.1, json.dumps(body).encode()),),
        "ended_at": 0.1,
    }
    return Exchange(identity, **{**fields, **more})


def exchanges() -> list[Exchange]:
    """Every exchange of the sample recording."""
    pairs = [(model, text) for model, texts in TEXTS.items() for text in texts]
    return [completion(str(number), text, model) for number, (model, text) in enumerate(pairs, 1)]


def write_recording(path: Path, *, footer: bool = True) -> Path:
    """The sample recording as a file."""
    header = Header("sample", URL, models=tuple(TEXTS), created=1_790_000_000.0)
    with RecordingWriter(path, header, Secrets(())) as writer:
        for exchange in exchanges():
            writer.append(exchange)
        if footer:
            writer.finish(Footer("complete", seconds=1.0))
    return path


def cassette(path: Path, pairs: Mapping[str, tuple[str, ...]], *, stream: bool = False) -> Path:
    """A cassette of another tool: for each host chat requests of these models."""
    answered = [_interaction(host, model, stream=stream) for host, models in pairs.items() for model in models]
    path.write_text(yaml.safe_dump({"interactions": answered, "version": 1}))
    return path


def _interaction(host: str, model: str, *, stream: bool) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": "Count."}], "stream": stream}
    answer = completion("1", "one", model).content.decode()
    kind = "text/event-stream" if stream else "application/json"
    uri = f"https://{host}/v1/chat/completions"
    return {
        "request": {"method": "POST", "uri": uri, "headers": {}, "body": json.dumps(body)},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-type": [kind]},
            "body": {"string": "data: [DONE]\n\n" if stream else answer},
        },
    }


class CountingServer(ReferenceServer):
    """The reference provider, which counts the requests that reach it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.requests = 0
        inner = self.app

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            self.requests += scope["type"] == "http"
            await inner(scope, receive, send)

        self.app = counted

    def settle(self) -> None:
        """Return once all that a killed client had sent is counted: some turns of the loop take it off its sockets."""

        async def turns() -> None:
            for _ in range(20):
                await asyncio.sleep(0.005)

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(turns(), self._loop).result(60)


@dataclass(frozen=True)
class Ran:
    """A process that has ended."""

    code: int
    out: str
    err: str


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what pytest or the harness would take from it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "OPENAI_"))}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "200", **more}


def run_python(*arguments: object, cwd: Path, **environment: str) -> Ran:
    """Run this Python with arguments in a folder."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=cwd, env=clean_environment(**environment), capture_output=True, text=True, timeout=120, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def bare_pytest(*arguments: object, cwd: Path, **environment: str) -> Ran:
    """Run pytest as a user without the command line would."""
    quick = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    return run_python("-m", "pytest", *arguments, *quick, cwd=cwd, **environment)
