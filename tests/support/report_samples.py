"""Runs to make reports of: a small one, a hostile one, a large one."""

from __future__ import annotations

import json
from collections.abc import Sequence

from conformance.gate.gate import Gate
from conformance.model import (
    Advertised,
    Basis,
    CapabilityResult,
    Cause,
    CheckResult,
    Exchange,
    Finding,
    Footer,
    Header,
    Level,
    Location,
    Observed,
    Read,
    Recording,
    Redaction,
    Request,
    Requirement,
    Results,
    Scope,
    Source,
    Unjudged,
    Verdict,
)
from conformance.report.evidence.collect import Evidence, collect, marks_of, wanted_ids
from conformance.report.results.build import build

SPEC = Source("OpenAI API reference", "https://platform.openai.com/docs/api-reference/chat")
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`|*_[x](javascript:alert(3))"
    "\x1b[31mred\x1b]0;title\x07\u202egnp.exe\u2066\x00\ud800\x85\ufffe ]]> --> {{ 7*7 }} https://evil.example/"
)


def requirement(
    identity: str, level: Level = Level.MUST, basis: Basis = Basis.OPENAI_SPEC, area: str = "", **more: object
) -> Requirement:
    """One row with a statement made from its id."""
    fields: dict = {
        "statement": f"The endpoint does what {identity} says.",
        "source": SPEC,
        "area": area or identity.partition(".")[0],
        "profile": "openai" if basis is Basis.PROVIDER_DOC else None,
    }
    return Requirement(identity, level, basis, **{**fields, **more})


def stream_body() -> bytes:
    """A stream whose usage comes, and whose end does not."""
    chunks = [
        {"id": "c-1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"role": "assistant"}}]},
        {"id": "c-1", "choices": [{"index": 0, "delta": {"content": "1, 2, 3"}}]},
        {"id": "c-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "c-1", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}},
    ]
    return b": keep-alive\n\n" + b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks)


def exchange(identity: str, body: bytes, *, stream: bool = False, **more: object) -> Exchange:
    """A chat request and its answer; a stream's body comes in one read per 80 bytes."""
    asked = {"model": "m-1", "messages": [{"role": "user", "content": "Count to 3"}], "stream": stream}
    step = 80 if stream else max(1, len(body))
    parts = [body[at : at + step] for at in range(0, len(body), step)]
    fields: dict = {
        "request": Request(body=json.dumps(asked).encode(), expects="stream" if stream else "completion"),
        "url": "https://api.example/v1/chat/completions",
        "scenario": "chat.stream" if stream else "chat.basic",
        "model": "m-1",
        "sent_headers": (("Authorization", "Bearer *******"), ("Content-Type", "application/json")),
        "status": 200,
        "reason": "OK",
        "http_version": "HTTP/1.1",
        "response_headers": (("Content-Type", "text/event-stream" if stream else "application/json"),),
        "raw": tuple(Read(0.12 + 0.03 * number, part) for number, part in enumerate(parts)),
        "headers_at": 0.1,
        "ended_at": 0.12 + 0.03 * len(parts),
        "redactions": (Redaction("authorization", 7, 7),),
        "source": f"recording.jsonl#{identity}",
    }
    return Exchange(identity, **{**fields, **more})


def recording(exchanges: Sequence[Exchange], *, complete: bool = True, **more: object) -> Recording:
    """A recording of one model at one endpoint."""
    fields: dict = {
        "profile": "openai",
        "models": ("m-1",),
        "harness": "0.1.0",
        "suites": "0123456789abcdef0123",
        "created": 1_790_000_000.0,
    }
    header = Header("sample", "https://api.example/v1", **{**fields, **more})
    footer = Footer("complete", len(exchanges), 2.5) if complete else None
    return Recording(header, tuple(exchanges), footer, "recording.jsonl")


def catalogue() -> dict[str, Requirement]:
    """Eight rows of every level and basis."""
    rows = [
        requirement("chat.id", scope=Scope.MODEL),
        requirement(
            "stream.done.last",
            breaks=("openai-python", "langchain"),
            why="Clients wait for ever without it.",
            mend="Write it after the last event.",
        ),
        requirement("stream.usage", Level.SHOULD),
        requirement("errors.allow", Level.SHOULD, Basis.HTTP_STANDARD, scope=Scope.ENDPOINT),
        requirement("tools.call"),
        requirement("tools.roundtrip"),
        requirement("chat.extra", Level.MAY, Basis.CLIENT_OBSERVED),
        requirement("promises.balance", Level.MUST, Basis.PROVIDER_DOC),
    ]
    return {row.id: row for row in rows}


def missing_done(exchange: str = "2") -> Finding:
    """The finding of a stream that ends without [DONE]."""
    return Finding(
        "data: [DONE]", "the end of the stream", Location.event(3, (250, 300)), exchange, "Nothing came after usage."
    )


def verdicts() -> list[CheckResult]:
    """What the checks of the catalogue said: a failure, a crash, an undecided and a blocked row among passes."""
    return [
        CheckResult("chat.id", "m-1", Verdict.PASS, 2, exchanges=("1", "2")),
        CheckResult("stream.done.last", "m-1", Verdict.FAIL, 1, findings=(missing_done(),), exchanges=("2",)),
        CheckResult("stream.usage", "m-1", Verdict.INCONCLUSIVE, reason="429 for ever"),
        CheckResult(
            "errors.allow",
            "",
            Verdict.FAIL,
            1,
            findings=(Finding("Allow: POST", "no Allow", Location.header("allow"), "1"),),
        ),
        CheckResult("tools.call", "m-1", Verdict.NOT_APPLICABLE, reason="the endpoint does not offer tools"),
        CheckResult(
            "tools.roundtrip",
            "m-1",
            Verdict.NOT_RUN,
            reason="the stream is not whole",
            unjudged=Unjudged(Cause.BLOCKED, "stream.done.last", "2"),
        ),
        CheckResult("promises.balance", "m-1", Verdict.PASS, 1, exchanges=("1",)),
    ]


def cells() -> list[CapabilityResult]:
    """Three cells of the matrix."""
    return [
        CapabilityResult("tools", "Tool calls", "m-1", Advertised.YES, Observed.IGNORED, ("1",), "no tool call came"),
        CapabilityResult("json_schema", "JSON schema", "m-1", Advertised.SILENT, Observed.WORKS, ("1",)),
        CapabilityResult("n", "n > 1", "m-1", Advertised.NO, Observed.WORKS),
    ]


def sample_recording() -> Recording:
    """Two exchanges: a completion and a stream without its end."""
    whole = b'{"id":"c-0","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}'
    return recording([exchange("1", whole), exchange("2", stream_body(), stream=True)])


def sample(gate: Gate | None = None) -> Results:
    """The small run."""
    return build([sample_recording()], verdicts(), catalogue(), cells(), gate=gate or Gate())


def evidence_for(results: Results, recorded: Recording) -> dict[str, Evidence]:
    """What a report of these results shows of this recording."""
    return collect([recorded], wanted_ids(results), marks_of(results))


def hostile(text: str = HOSTILE) -> tuple[Results, dict[str, Evidence]]:
    """A run in which every field that an endpoint (or a profile) controls holds hostile text."""
    raw = text.encode("utf-8", "surrogatepass") + b"\xff\xfe"
    nasty = exchange(
        "x\u202e1", b'data: {"a":"' + raw + b'"}\n\ndata: \xff\n\n' + raw, stream=True, model=text,
        scenario=text, reason=text,
        response_headers=((text, text), ("x", text)), sent_headers=(("x", text), (text, "y")), detail=text, source=text,
        url=f"https://h/{text}", request=Request(body=raw, expects="stream", method=text),
    )  # fmt: skip
    recorded = recording([nasty], models=(text,), label=text, harness=text, suites=text)
    rows = {
        row.id: row
        for row in (
            requirement(
                "a.fails",
                statement=text,
                why=text,
                mend=text,
                breaks=(text,),
                source=Source(text, f"javascript:{text}"),
                area=text,
            ),
            requirement("a.crashes", area=text, source=Source(text, f"https://h/{text}")),
            requirement("a.skips", area=text),
        )
    }
    finding = Finding(text, text, Location.event(1, (3, 40)).down(text), nasty.id, text)
    results = [
        CheckResult("a.fails", text, Verdict.FAIL, 1, text, (finding,) * 3, (nasty.id,), endpoint=text),
        CheckResult("a.crashes", text, Verdict.ERROR, 0, text, crash=text, exchanges=(nasty.id,)),
        CheckResult("a.skips", text, Verdict.NOT_RUN, reason=text, unjudged=Unjudged(Cause.BLOCKED, exchange=nasty.id)),
    ]
    offers = [CapabilityResult(text, text, text, Advertised.YES, Observed.BROKEN, (nasty.id,), text, text)]
    made = build([recorded], results, rows, offers, gate=Gate(), endpoint={"name": text, "base_url": text})
    return made, evidence_for(made, recorded)


def large() -> tuple[Results, dict[str, Evidence]]:
    """300 requirements, 4 models, 150 exchanges of 200 KB; a third of the rows fails with long findings."""
    body = b'{"id":"' + b"x" * 200_000 + b'"}'
    models = ("m-1", "m-2", "m-3", "m-4")
    exchanges = [exchange(str(number), body, model=models[number % 4]) for number in range(150)]
    rows = {f"area{n % 12}.row{n}": requirement(f"area{n % 12}.row{n}", list(Level)[n % 3]) for n in range(300)}
    results = []
    for number, identity in enumerate(rows):
        for model in models:
            found = tuple(
                Finding("e" * 3000, "a" * 3000, Location.at("/id"), str((number + k) % 150)) for k in range(20)
            )
            verdict = Verdict.PASS if number % 3 else Verdict.FAIL
            cited = (str(number % 150),)
            results.append(CheckResult(identity, model, verdict, 5, "", () if number % 3 else found, cited))
    offers = [
        CapabilityResult(f"c{n}", f"Capability {n}", model, Advertised.YES, Observed.WORKS, (str(n),))
        for n in range(20)
        for model in models
    ]
    recorded = recording(exchanges, models=models)
    made = build([recorded], results, rows, offers, gate=Gate())
    return made, evidence_for(made, recorded)
