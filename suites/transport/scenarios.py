"""Requests in spellings that YAML cannot hold: reordered and escaped JSON, compressed bodies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario

FOREIGN = "é漢😀"
"""Text of two, three and four bytes a character, and of one and two UTF-16 units."""

SDK_HEADERS = {
    "Accept-Encoding": "gzip, deflate",
    "HTTP-Referer": "https://app.example",
    "User-Agent": "OpenAI/Python 2.8.0",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Async": "false",
    "X-Stainless-Lang": "python",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Package-Version": "2.8.0",
    "X-Stainless-Read-Timeout": "600",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.13.1",
    "X-Title": "Example",
}
CHARSET = {"Content-Type": "application/json; charset=utf-8"}


def _body(context: Context) -> dict[str, Any]:
    asked = {"role": "user", "content": f"Repeat exactly this and nothing else: {FOREIGN}"}
    return {"model": context.model, "messages": [asked], "$limit": 32}


def _respelled(request: Request) -> Request:
    """The same JSON with members reversed, indented, and everything outside ASCII escaped."""
    members = dict(reversed(request.json.items()))
    return replace(request, body=json.dumps(members, indent=4, ensure_ascii=True).encode() + b"\n")


@scenario(
    "transport.spellings",
    purpose="A chat request with a charset, an SDK's headers and oddly spelled JSON; if refused, each oddity alone.",
    scope="endpoint",
    requests=(1, 4),
    tokens=80,
)
def spellings(context: Context) -> Generator[Request, Exchange, None]:
    def ask(headers: dict[str, str]) -> Request:
        return context.request(json=_body(context), headers=headers, refusable=True)

    exchange = yield _respelled(ask({**CHARSET, **SDK_HEADERS}))
    if not exchange.ok and exchange.status not in {429, 503}:
        yield ask(CHARSET)
        yield ask(SDK_HEADERS)
        yield _respelled(ask({}))


@scenario("transport.gzip", purpose="A chat request that is compressed.", scope="endpoint", tokens=40)
def compressed(context: Context) -> Generator[Request, Exchange, None]:
    request = context.request(
        json={"model": context.model, "messages": [{"role": "user", "content": "Say hi there."}], "$limit": 16},
        headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        refusable=True,
        invalid="the body is compressed",
    )
    yield replace(request, body=gzip.compress(request.body or b"", mtime=0))
