"""Recordings of other tools, written by hand: what was asked and answered, in the forms in which tools keep it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.model import Recording
from conformance.recording import read_recordings

URL = "https://h.example/v1/chat/completions"
ASKED = '{"model":"m","messages":[{"role":"user","content":"Hi"}]}'
BODY = '{"id":"chatcmpl-1","object":"chat.completion","choices":[],"content":"é"}'


def one(path: Path) -> Recording:
    """The only recording at a path."""
    (recording,) = read_recordings([path])
    return recording


def go_vcr(**response: Any) -> dict[str, Any]:
    """An interaction as go-vcr keeps it; `response` replaces members of the answer."""
    request = {"body": ASKED, "form": {}, "headers": {"Accept": ["*/*"]}, "url": URL, "method": "POST"}
    answer = {"body": BODY, "headers": {"Content-Type": ["application/json"]}, "status": "200 OK", "code": 200}
    return {"request": request, "response": answer | {"duration": "1.5s"} | response}


def models(answer: Any, *, agent: str = "curl/8", status: int = 200) -> dict[str, Any]:
    """An interaction that asks the same host for its list of models."""
    request = {"method": "GET", "uri": "https://h.example/v1/models", "headers": {"User-Agent": [agent]}, "body": None}
    status_line = {"code": status, "message": ""}
    return {
        "request": request,
        "response": {"status": status_line, "headers": {}, "body": {"string": json.dumps(answer)}},
    }
