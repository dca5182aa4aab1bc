"""Lists that must be looked into before the next request."""

from __future__ import annotations

import re
from collections.abc import Generator

from conformance.api.models import Metadata, ModelList, window_of
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

_NO_CHAT = re.compile(
    r"embed|rerank|whisper|tts|transcri|speech|audio|dall|image|sora|video|moderation|ocr|clip|bge|e5-|realtime"
    r"|davinci|babbage|instruct|computer-use|deep-research",
    re.IGNORECASE,
)
SMALL_WINDOW = 2048
"""Tokens of a window that is small enough to be overrun for the price of a few chats."""


@scenario(
    "models.served",
    purpose="The list once more, and a tiny chat with another model of it.",
    requests=(1, 2),
    tokens=20,
    scope="endpoint",
)
def served(context: Context) -> Generator[Request, Exchange, None]:
    """What the other model answers is nobody's chat answer: only whether it is known counts."""
    listing = ModelList((yield context.request(method="GET", path="/models", expects="models")))
    others = [id_ for id_ in listing.ids if id_ != context.model and not _NO_CHAT.search(id_)]
    if others:
        body = {"model": others[-1], "messages": [{"role": "user", "content": "Say hi."}], "$limit": 16}
        yield context.request(json=body, expects="other", refusable=True)


@scenario(
    "models.metadata",
    purpose="The list with metadata where there is any; then a prompt beyond the context window, if that is tiny.",
    requests=(1, 2),
    tokens=SMALL_WINDOW + 300,
)
def metadata(context: Context) -> Generator[Request, Exchange, None]:
    """Where metadata is unknown the parameter must not hurt."""
    asked = context.request(method="GET", path="/models", query={"metadata": "true"}, expects="metadata")
    entry = Metadata((yield asked)).entry(context.model)
    window = window_of(entry or {})
    if window is not None and window <= SMALL_WINDOW:
        body = {"model": context.model, "messages": [{"role": "user", "content": "hi " * (window + 256)}], "$limit": 16}
        yield context.request(json=body, refusable=True)
