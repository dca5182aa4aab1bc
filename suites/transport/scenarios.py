"""Requests in spellings that YAML cannot hold: reordered and escaped JSON, compressed bodies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import LIMIT_STATUSES, Exchange, Request

FOREIGN = "Zoë wants 漢字 and 😀 today"
"""Text with characters of two, three and four bytes, and of one and two UTF-16 units."""

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
LOWER_CASE = {"Authorization": "bearer $key"}


def _body(context: Context) -> dict[str, Any]:
    asked = {"role": "user", "content": f"Repeat exactly this and nothing else: {FOREIGN}"}
    return {"model": context.model, "messages": [asked], "$limit": 32}


def _respelled(request: Request) -> Request:
    """The same JSON with members reversed, indented, and everything outside ASCII escaped."""
    members = dict(reversed(request.json.items()))
    return replace(request, body=json.dumps(members, indent=4, ensure_ascii=True).encode() + b"\n")


def _compressed(request: Request) -> Request:
    headers = (*request.headers, ("Content-Encoding", "gzip"))
    body = gzip.compress(request.body or b"", mtime=0)
    return replace(request, headers=headers, body=body, invalid="the body is compressed")


@scenario(
    "transport.spellings",
    purpose="Chat requests with a charset, an SDK's headers, bearer in lower case, oddly spelled JSON, all at "
    "once; and one compressed.",
    scope="endpoint",
    requests=(2, 6),
    tokens=144,
)
def spellings(context: Context) -> Generator[Request, Exchange, None]:
    """All oddities at once, then compression; if the first is refused, each of its oddities alone."""

    def ask(headers: dict[str, str]) -> Request:
        return context.request(json=_body(context), headers=headers, refusable=True)

    exchange = yield _respelled(ask({**CHARSET, **SDK_HEADERS, **LOWER_CASE}))
    yield _compressed(ask({}))
    if not exchange.ok and exchange.status not in LIMIT_STATUSES:
        yield ask(CHARSET)
        yield ask(SDK_HEADERS)
        yield _respelled(ask({}))
        yield ask(LOWER_CASE)
