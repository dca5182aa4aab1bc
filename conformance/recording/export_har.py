"""A recording as HAR 1.2, which browsers' network panels open. Keys are masked already, as they are in the recording.

Source of the format: HTTP Archive 1.2. What it has no place for goes into members that begin with an underscore: the
scenario, how the exchange ended, and the arrival of each read in milliseconds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance import __version__
from conformance.model import Exchange, Headers


def to_har(exchanges: Iterable[Exchange]) -> str:
    """The exchanges as the text of a HAR file."""
    log = {
        "version": "1.2",
        "creator": {"name": "conformance", "version": __version__},
        "pages": [],
        "entries": [_entry(exchange) for exchange in exchanges],
    }
    return json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n"


def _entry(exchange: Exchange) -> dict[str, Any]:
    milliseconds = exchange.ended_at * 1000
    waited = min(exchange.headers_at * 1000, milliseconds)
    return {
        "startedDateTime": _moment(exchange.started_at),
        "time": milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": waited, "receive": milliseconds - waited},
        "comment": f"{exchange.scenario} {exchange.model}".strip(),
        "_scenario": exchange.scenario,
        "_outcome": exchange.outcome.value,
        "_lost": sorted(facet.value for facet in exchange.lost),
        "_reads": [round(read.at * 1000, 3) for read in exchange.raw],
    }


def _moment(seconds: float) -> str:
    """A point in time; HAR requires one, so what was not recorded stands at the epoch (and `_lost` says so)."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC).isoformat()


def _pairs(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _request(exchange: Exchange) -> dict[str, Any]:
    request = exchange.request
    body = request.body or b""
    made: dict[str, Any] = {
        "method": request.method,
        "url": exchange.url,
        "httpVersion": exchange.http_version or "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.sent_headers or request.headers),
        "queryString": [
            {"name": k, "value": v} for k, v in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        kind = _content_type(exchange.sent_headers or request.headers) or "application/json"
        text = _content(body)
        text.pop("size")
        made["postData"] = {"mimeType": kind, **text}
    return made


def _content_type(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _response(exchange: Exchange) -> dict[str, Any]:
    return {
        "status": exchange.status or 0,
        "statusText": exchange.reason,
        "httpVersion": exchange.http_version or "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange.response_headers),
        "content": {"mimeType": _content_type(exchange.response_headers), **_content(exchange.content)},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": sum(len(read.data) for read in exchange.raw),
    }


def _content(body: bytes) -> dict[str, Any]:
    try:
        return {"size": len(body), "text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"size": len(body), "text": base64.b64encode(body).decode("ascii"), "encoding": "base64"}
