"""Golden exchanges: what api.openai.com answers, in our own words and its exact shape; see gold/*.yaml.

A file is a list of exchanges. `sse` holds chunks: `chunk` is what all of them share, `chunks` what each adds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from typing import Any

import yaml
from places import TRUTH

from conformance.model import Exchange, Footer, Header, Read, Recording, Request

FOLDER = TRUTH / "gold"
KEY_HEADERS = (("Authorization", "Bearer ********************"),)
_LIMITS = (
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-limit-tokens", "2000000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-remaining-tokens", "1999970"),
    ("x-ratelimit-reset-requests", "6ms"),
    ("x-ratelimit-reset-tokens", "0s"),
)
_STREAMS = {"stream", "text_stream", "response_stream"}


def rows() -> Iterator[Mapping[str, Any]]:
    """Every golden exchange as it is written."""
    for path in sorted(FOLDER.glob("*.yaml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))


def exchanges() -> list[Exchange]:
    """Every golden exchange."""
    return [exchange(row) for row in rows()]


def named(name: str) -> Exchange:
    """The golden exchange of that name."""
    return next(exchange(row) for row in rows() if row["name"] == name)


def recording(*chosen: Exchange, profile: str = "openai") -> Recording:
    """A complete recording of some golden exchanges, or of all."""
    kept = chosen or tuple(exchanges())
    models = tuple(dict.fromkeys(one.model for one in kept if one.model))
    header = Header("gold", "https://api.openai.com/v1", profile, models or ("gpt-gold",))
    return Recording(header, kept, Footer(exchanges=len(kept)))


def exchange(row: Mapping[str, Any]) -> Exchange:
    """One exchange from its row."""
    asked = row["request"]
    body = asked.get("raw", "").encode() or (json.dumps(asked["json"]).encode() if "json" in asked else None)
    request = Request(
        method=asked.get("method", "POST"),
        path=asked.get("path", "/chat/completions"),
        headers=() if body is None else (("Content-Type", "application/json"),),
        body=body,
        expects=row.get("expects", "completion"),
        auth=asked.get("auth", "key"),
        invalid=asked.get("invalid"),
    )
    reads = _reads(row)
    return Exchange(
        id=row["name"],
        request=request,
        url=f"https://api.openai.com/v1{request.path}",
        scenario=row.get("scenario", ""),
        model=row.get("model", "gpt-gold"),
        sent_headers=(*KEY_HEADERS, ("Accept-Encoding", "identity"), *request.headers),
        status=row.get("status", 200),
        reason=row.get("reason", "OK"),
        http_version="HTTP/1.1",
        response_headers=_headers(row, request, sum(len(read.data) for read in reads)),
        raw=reads,
        started_at=_created(row) - 0.25,
        headers_at=0.3,
        ended_at=reads[-1].at if reads else 0.3,
    )


def _reads(row: Mapping[str, Any]) -> tuple[Read, ...]:
    if "sse" not in row:
        text = row["text"] if "text" in row else json.dumps(row["json"], indent=2, ensure_ascii=False) + "\n"
        return (Read(0.4, text.encode()),)
    events = [json.dumps(row["sse"]["chunk"] | one, ensure_ascii=False) for one in row["sse"]["chunks"]]
    return tuple(
        Read(round(0.3 + 0.05 * number, 3), f"data: {event}\n\n".encode())
        for number, event in enumerate([*events, "[DONE]"])
    )


def _created(row: Mapping[str, Any]) -> float:
    """The clock of the server; ours agrees with it."""
    body = row["sse"]["chunk"] if "sse" in row else row.get("json", {})
    return float(body.get("created", 1_760_000_000)) if body.get("object") != "model" else 1_760_000_000.0


def _headers(row: Mapping[str, Any], request: Request, length: int) -> tuple[tuple[str, str], ...]:
    streamed = request.expects in _STREAMS and "sse" in row
    kind = "text/event-stream; charset=utf-8" if streamed else "application/json"
    body = ("Transfer-Encoding", "chunked") if streamed else ("Content-Length", str(length))
    return (
        ("Date", formatdate(_created(row), usegmt=True)),
        ("Content-Type", kind),
        body,
        ("Connection", "keep-alive"),
        ("x-request-id", f"req_{row['name'].replace('.', '_')}"),
        ("openai-version", "2020-10-01"),
        ("openai-processing-ms", "287"),
        *(_LIMITS if request.path == "/chat/completions" else ()),
        *((name, str(value)) for name, value in row.get("headers", {}).items()),
    )
