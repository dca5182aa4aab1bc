"""One request as the server sees it, and the reply that is going to be sent: what faults may look at and change."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from conformance.reference.api.problems import ApiError
from conformance.reference.model_list import ModelCard

Json = dict[str, Any]


class ServedEnding(StrEnum):
    """How the server leaves the connection."""

    CLEAN = "clean"
    ABORT = "abort"  # closed inside the body, without the end that HTTP framing demands
    RESET = "reset"  # the same, with a TCP reset
    STALL = "stall"  # left open, with nothing more to come
    SILENT = "silent"  # closed before a status line


@dataclass
class Call:
    """One request on its way through the server."""

    method: str
    path: str  # below the base, `/chat/completions`
    headers: Mapping[str, str]  # names in lower case
    query: Mapping[str, str]
    raw: bytes = b""
    body: Json = field(default_factory=dict)
    surface: str = ""  # chat, completions, embeddings, responses, models, model, metadata, balance
    stream: bool = False
    error: ApiError | None = None  # set when the request is refused
    card: ModelCard | None = None
    shown_model: str = ""  # the model name in the answer
    hex: str = field(default_factory=lambda: secrets.token_hex(14))
    created: int = field(default_factory=lambda: int(time.time()))
    prompt_tokens: int = 0

    @property
    def key(self) -> str:
        """The bearer key as sent, `""` without one."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else ""

    @property
    def sent(self) -> Json:
        """The request body as the client sent it, before any fault changed it."""
        import json

        try:
            value = json.loads(self.raw)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def calls_tools(self) -> bool:
        """Whether the request brings tools along."""
        return bool(self.sent.get("tools"))


@dataclass
class ServedReply:
    """What is going to be sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""
    frames: list[bytes] | None = None  # pieces of a stream, sent one by one
    gap: float = 0.0  # seconds between two frames
    ending: ServedEnding = ServedEnding.CLEAN
    leftover: bytes = b""  # written on the connection after the end of the reply

    def header(self, name: str) -> str | None:
        """The value of the first header of that name, in lower case."""
        return next((value for each, value in self.headers if each == name), None)

    def set_header(self, name: str, value: str | None) -> None:
        """Replaces a header (name in lower case); `None` removes it."""
        self.headers[:] = [pair for pair in self.headers if pair[0] != name]
        if value is not None:
            self.headers.append((name, value))

    def become(self, body: bytes, content_type: str | None = "application/json") -> ServedReply:
        """Turns the reply into one with a whole body."""
        self.frames, self.body = None, body
        self.set_header("content-type", content_type)
        self.set_header("content-length", str(len(body)))
        return self
